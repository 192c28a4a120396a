//! `status`: is everything all right? Exits 1 when something needs a person.

use crate::{
    cli::{
        console::Console,
        exit::{Exit, Failure},
        text,
    },
    control::{self, Need, Site, SocketError, Status},
};
use serde::Serialize;
use std::path::Path;

/// The JSON: the table's words under the decision.
#[derive(Debug, Serialize)]
struct Report<'a> {
    all_is_well: bool,
    needs: &'a [Need],
    #[serde(flatten)]
    status: &'a Status,
}

/// Tells it.
pub async fn status(config: Option<&Path>, console: &Console) -> Result<Exit, Failure> {
    let site = Site::find(config)?;
    let calendar = console.calendar(site.time_zone);
    let store = control::read(&site.storage).await?;
    let mut status = store.status(&site.rules(), calendar.now, calendar.midnight()).await?;
    status.lanes.retain(|lane| site.known.servers.contains_key(&lane.server)); // another one's trouble is over
    for rule in &mut status.rules {
        rule.next_tick = site.next_tick(&rule.rule, calendar.now);
    }
    let mut heartbeat = None;
    let folders = match control::folders(&site.storage).await {
        Ok((troubles, unanswered)) => {
            heartbeat = unanswered;
            Ok(troubles)
        }
        Err(SocketError::Silent(_)) => {
            status.session = status.session.unanswered();
            Ok(Vec::new())
        }
        Err(why @ SocketError::Broken(_)) => Err(why.to_string()),
        Err(why @ SocketError::Unusable { .. }) => {
            tracing::warn!(%why, "whether the folders are well is not known");
            Ok(Vec::new())
        }
    };
    let mut needs = control::needs(&status, folders, &site);
    needs.extend(heartbeat.map(Need::Heartbeat));
    let report = Report { all_is_well: needs.is_empty(), needs: &needs, status: &status };
    console.answer(&report, || text::status::status(&status, &needs, &site, (calendar, console.painter)))?;
    Ok(if needs.is_empty() { Exit::Done } else { Exit::Failed })
}
