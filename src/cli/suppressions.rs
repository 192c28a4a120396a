//! `suppressions`: addresses that no mail is sent to.

use crate::{
    cli::{
        args::{SuppressionVerb, Suppressions},
        console::Console,
        exit::{Exit, Failure, heard, unasked},
        text,
    },
    control::{self, Answer, Command, Site},
};
use std::path::Path;

/// Puts an address on the list, takes one off it, or shows it.
pub async fn suppressions(wanted: &Suppressions, config: Option<&Path>, console: &Console) -> Result<Exit, Failure> {
    let site = Site::find(config)?;
    let Some(verb) = &wanted.verb else { return list(&site, console).await };
    let command = match verb {
        SuppressionVerb::Add(wanted) => Command::Suppress {
            address: wanted.address.clone(),
            said: wanted.why.clone(),
            until: wanted.expires.map(|span| console.calendar(site.time_zone).now.plus(span)),
        },
        SuppressionVerb::Remove { address } => Command::Unsuppress { address: address.clone() },
    };
    let answer = heard(control::act(&site.storage, site.known.clone(), &command).await?)?;
    match (&answer, verb) {
        (Answer::Address { address }, SuppressionVerb::Add(_)) => {
            console.answer(&answer, || format!("no mail is sent to {address}\n"))?;
        }
        (Answer::Address { address }, SuppressionVerb::Remove { .. }) => {
            console.answer(&answer, || format!("mail is sent to {address} again\n"))?;
        }
        (other, _) => return Err(unasked(other)),
    }
    Ok(Exit::Done)
}

async fn list(site: &Site, console: &Console) -> Result<Exit, Failure> {
    let store = control::read(&site.storage).await?;
    let calendar = console.calendar(site.time_zone);
    let lines = store.suppressions(calendar.now).await?;
    console.answer(&lines, || match &lines[..] {
        [] if store.is_stand_in() => text::nothing_yet(&site.storage),
        [] => "Mail is sent to every address.\n".to_owned(),
        lines => text::suppressions::suppressions(lines, calendar, console.fit),
    })?;
    Ok(Exit::Done)
}
