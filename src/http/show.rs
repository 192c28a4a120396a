//! `GET /v1/messages/ID` and its attempts: what became of a message.

use crate::{
    domain::Ref,
    http::{Desk, answer::Answer, problem::Problem},
    store::{MessageAttempt, StoreError},
};
use hyper::StatusCode;
use serde::Serialize;

#[derive(Serialize)]
struct Attempts {
    id: String,
    attempts: Vec<MessageAttempt>,
}

/// A message with its recipients.
pub(super) async fn message(desk: &Desk, id: Ref) -> Result<Answer, Problem> {
    let found = desk.store.message(id).await.map_err(|why| unread(&why))?;
    found.map(|message| Answer::json(StatusCode::OK, &message)).ok_or_else(none)
}

/// Every try to mail it.
pub(super) async fn attempts(desk: &Desk, id: Ref) -> Result<Answer, Problem> {
    let found = desk.store.message_attempts(id).await.map_err(|why| unread(&why))?;
    let attempts = found.map(|attempts| Attempts { id: id.long(), attempts });
    attempts.map(|attempts| Answer::json(StatusCode::OK, &attempts)).ok_or_else(none)
}

fn none() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no message has this id, as far as `history` goes back")
}

fn unread(why: &StoreError) -> Problem {
    Problem::later(why.to_string(), 5)
}
