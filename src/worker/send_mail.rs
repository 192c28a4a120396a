//! A letter read from the store and handed to a relay, for all its recipients at once.

use crate::{
    delivery::smtp,
    domain::{Outcome, Trouble, TroubleKind},
    smtp::client::{Mail, Recipient, Session},
    store::ClaimedSend,
    worker::route::Route,
};
use std::sync::Arc;

/// Tries to send the letter that all of `sends` carry; an outcome for each.
pub(super) async fn send_mail(route: &Route, session: &mut Session, sends: &[&ClaimedSend]) -> Vec<Outcome> {
    let message = match message(route, sends).await {
        Ok(message) => message,
        Err(outcome) => return vec![outcome; sends.len()],
    };
    let (recipients, sender) = (recipients(sends), sender(route, sends));
    smtp::send(session, &mail(&sender, &recipients, &message)).await
}

/// The letter that all of `sends` carry; `Err` is how the attempt ends for each.
pub(super) async fn message(route: &Route, sends: &[&ClaimedSend]) -> Result<Arc<[u8]>, Outcome> {
    let Some(first) = sends.first() else { return Err(gone()) };
    match route.recorder.store.letter(first).await {
        Ok(Some(message)) => Ok(message),
        Ok(None) => Err(gone()),
        Err(refused) => {
            let said = format!("the message cannot be read: {refused}");
            Err(Outcome::Deferred(Trouble::of_job(TroubleKind::Local, said)))
        }
    }
}

pub(super) fn recipients<'a>(sends: &[&'a ClaimedSend]) -> Vec<Recipient<'a>> {
    let to = |address| Recipient { address, notify: None, original: None };
    sends.iter().map(|send| to(send.recipient.as_str())).collect()
}

/// The envelope's; empty: nobody.
pub(super) fn sender(route: &Route, sends: &[&ClaimedSend]) -> String {
    let Some(first) = sends.first() else { return String::new() };
    match &first.wishes.return_path {
        Some(path) => path.address(&route.bounce_key, first.job, route.clock.now()),
        None => first.wishes.sender.clone(),
    }
}

pub(super) fn mail<'a>(sender: &'a str, recipients: &'a [Recipient<'a>], message: &'a [u8]) -> Mail<'a> {
    let from = Some(sender).filter(|sender| !sender.is_empty());
    Mail { from, recipients, message, envelope_id: None, returning: None }
}

fn gone() -> Outcome {
    Outcome::Failed(Trouble::of_job(TroubleKind::Local, "the message is no longer in the database"))
}
