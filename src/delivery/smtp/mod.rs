//! Messages to a relay: one transaction, and an outcome for each recipient.

mod failure;

pub use crate::smtp::client::Facts;

use crate::{
    config::SmtpServer,
    domain::{Delivered, Outcome, Proof, Sha256, Trouble},
    smtp::client::{Failure, Mail, Reply, Session, Step},
};
use std::{cell::LazyCell, ops::Deref, sync::Arc};

/// Connects, makes the connection secure and logs in.
///
/// # Errors
/// What stood in the way: the server's trouble.
pub async fn connect(server: &Arc<SmtpServer>) -> Result<Session, Trouble> {
    Session::connect(server).await.map_err(|error| failure::trouble(&error, Step::Connect))
}

/// Sends one message in one transaction. One outcome for each recipient, in their order.
///
/// `Delivered` says that the relay has accepted the message and answers for it from here on ([`Proof::Accepted`]): nobody has it
/// yet, and a later refusal comes back as a mail. `Unknown` says that all of it was sent and no answer came: sent again, it may be
/// there twice.
///
/// A connection that was used before and turns out dead before the sender is accepted is replaced in place, once: that is no
/// attempt. Afterwards the session may be unusable: ask [`Session::is_usable`] before the next message.
pub async fn send(session: &mut Session, mail: &Mail<'_>) -> Vec<Outcome> {
    let was_used = session.is_used();
    let mut answers = session.send(mail).await;
    if was_used && answers.iter().any(is_stale) {
        tracing::debug!(host = session.server().host, "the connection had been closed meanwhile");
        if let Err(error) = session.reconnect().await {
            let trouble = failure::trouble(&error, Step::Connect);
            return vec![Outcome::Deferred(trouble); answers.len()];
        }
        answers = session.send(mail).await;
    }
    let sha256 = LazyCell::new(|| Sha256::of(mail.message));
    let tls = session.tls();
    answers.into_iter().map(|answer| outcome(answer, mail, &sha256, tls)).collect()
}

/// It fell before anything of this message was accepted.
fn is_stale(answer: &Result<Reply, Failure>) -> bool {
    answer.as_ref().is_err_and(|failure| failure.step == Step::Mail && failure.why.is_break())
}

fn outcome(
    answer: Result<Reply, Failure>,
    mail: &Mail<'_>,
    sha256: &impl Deref<Target = Sha256>,
    tls: Option<&str>,
) -> Outcome {
    let size_bytes = mail.message.len() as u64;
    match answer {
        Ok(reply) => Outcome::Delivered(Delivered {
            remote_path: None,
            size_bytes,
            sha256: **sha256,
            proof: Proof::Accepted,
            reply: reply.to_string(),
            sent_bytes: size_bytes,
            tls: tls.map(str::to_owned),
            litter: None,
        }),
        Err(failure) => failure::outcome(&failure),
    }
}
