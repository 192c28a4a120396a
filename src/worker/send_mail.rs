//! A letter read from the store and handed to a relay, for all its recipients at once.

use crate::{
    delivery::smtp,
    domain::{Outcome, Trouble, TroubleKind},
    smtp::client::{Mail, Recipient, Session},
    store::ClaimedSend,
    worker::route::Route,
};

/// Tries to send the letter that all of `sends` carry; an outcome for each.
pub(super) async fn send_mail(route: &Route, session: &mut Session, sends: &[&ClaimedSend]) -> Vec<Outcome> {
    let Some(first) = sends.first() else { return vec![] };
    let message = match route.recorder.store.letter(first).await {
        Ok(Some(message)) => message,
        Ok(None) => return vec![gone(); sends.len()],
        Err(refused) => {
            let trouble = Trouble::of_job(TroubleKind::Local, format!("the message cannot be read: {refused}"));
            return vec![Outcome::Deferred(trouble); sends.len()];
        }
    };
    let to = |address| Recipient { address, notify: None, original: None };
    let recipients: Vec<_> = sends.iter().map(|send| to(send.recipient.as_str())).collect();
    let from = Some(first.wishes.sender.as_str()).filter(|sender| !sender.is_empty());
    let mail = Mail { from, recipients: &recipients, message: &message, envelope_id: None, returning: None };
    smtp::send(session, &mail).await
}

fn gone() -> Outcome {
    Outcome::Failed(Trouble::of_job(TroubleKind::Local, "the message is no longer in the database"))
}
