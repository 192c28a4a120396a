//! What a webhook is told: one POST of JSON, signed (Standard Webhooks), and an outcome.

mod failure;
mod sign;

use crate::{
    config::Webhook,
    domain::{Delivered, Moment, Outcome, Proof, Sha256, Trouble},
    web::{self, Connection, PostError},
};
use std::{sync::Arc, time::Duration};

const CONNECT_WITHIN: Duration = Duration::from_secs(15);
/// From the first byte of a request to the last of an answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// A connection that stands, for one message; for another, it connects again.
#[derive(Debug)]
pub struct Session {
    webhook: Arc<Webhook>,
    connection: Option<Connection>,
}

/// What is told.
#[derive(Debug)]
pub struct Message<'a> {
    /// The same at every try, so that whoever hears it twice knows.
    pub id: &'a str,
    /// JSON.
    pub body: &'a [u8],
    /// The moment of this try.
    pub now: Moment,
}

/// Connects, over TLS where the address says so. Nothing is asked: what it takes is only known by telling it something.
///
/// # Errors
/// What stood in the way: the webhook's trouble.
pub async fn connect(webhook: &Arc<Webhook>) -> Result<Session, Trouble> {
    let connection = web::connect(&webhook.url, CONNECT_WITHIN).await.map_err(|error| failure::unconnected(&error))?;
    Ok(Session { webhook: webhook.clone(), connection: Some(connection) })
}

/// Tells `message`, once. `Delivered` says that a 2xx was answered ([`Proof::Accepted`]); `Unknown` that it may have been heard and no
/// answer came: told again, it has the same id. A connection that turns out dead before anything has gone out is replaced, once: that
/// is no attempt.
pub async fn post(session: &mut Session, message: &Message<'_>) -> Outcome {
    let had_waited = session.is_usable();
    let mut posted = post_once(session, message).await;
    if had_waited && matches!(posted, Err(Missed::Post(PostError::Unsent(_)))) {
        tracing::debug!(host = session.webhook.url.authority(), "the connection had been closed meanwhile");
        posted = post_once(session, message).await;
    }
    match posted {
        Ok(outcome) => outcome,
        Err(Missed::Connect(trouble)) => Outcome::Deferred(trouble),
        Err(Missed::Post(error)) => failure::unanswered(&error, message.body.len() as u64),
    }
}

impl Session {
    /// Whether another message may follow over it.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.connection.is_some()
    }

    /// `TLSv1.3` and the like; `None` on a plain connection.
    #[must_use]
    pub fn tls(&self) -> Option<&'static str> {
        self.connection.as_ref().and_then(|connection| connection.tls)
    }
}

enum Missed {
    Connect(Trouble),
    Post(PostError),
}

async fn post_once(session: &mut Session, message: &Message<'_>) -> Result<Outcome, Missed> {
    let connection = match session.connection.take() {
        Some(connection) => connection,
        None => {
            let again = connect(&session.webhook).await.map_err(Missed::Connect)?;
            again.connection.ok_or_else(|| Missed::Post(PostError::Unsent("there is no connection".to_owned())))?
        }
    };
    let tls = connection.tls;
    let Webhook { url, key } = &*session.webhook;
    let seconds = message.now.0.div_euclid(1000);
    let headers = [
        ("webhook-id", message.id.to_owned()),
        ("webhook-timestamp", seconds.to_string()),
        ("webhook-signature", sign::signature(key, message.id, seconds, message.body)),
    ];
    let answer = connection.post(url, &headers, message.body.to_vec(), ANSWER_WITHIN).await.map_err(Missed::Post)?;
    let size_bytes = message.body.len() as u64;
    if let Some(outcome) = failure::outcome(&answer, size_bytes, message.now) {
        return Ok(outcome);
    }
    Ok(Outcome::Delivered(Delivered {
        remote_path: None,
        size_bytes,
        sha256: Sha256::of(message.body),
        proof: Proof::Accepted,
        reply: answer.words,
        sent_bytes: size_bytes,
        tls: tls.map(str::to_owned),
        litter: None,
    }))
}
