//! What can go wrong in a conversation, by what it means for the conversation.

use crate::{
    smtp::client::Reply,
    tls::{SettingError, TlsTrouble},
};
use std::{io, sync::Arc, time::Duration};

/// A failure, and with it whether the session can go on: ask [`crate::smtp::client::Session::is_usable`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server answered, but no. The session goes on, unless it was 421.
    #[error("{reply}")]
    Refused {
        /// The command it answered; `the connection` for a greeting, `the message` for what came after the final dot.
        to: &'static str,
        reply: Reply,
    },
    /// There was no connection at all.
    #[error("cannot connect to {address}: {why}")]
    Unreachable { address: String, why: String },
    #[error("{0}")]
    Tls(TlsTrouble),
    /// TLS is asked for and the server has none: it, or somebody on the way, has taken it out.
    #[error("the server does not offer STARTTLS: ask its operator, or use `tls: implicit` where it has that")]
    NoStartTls,
    /// There was more than the answer to what we had said.
    #[error("the server sent bytes in the clear that belong to no answer, before TLS: somebody may be in the middle")]
    Injected,
    /// It offers no way to log in that we may use.
    #[error("the server offers no {wanted}{}", if offered.is_empty() { ", and no other login".to_owned() } else { format!(": it offers {offered}") })]
    NoLogin { wanted: &'static str, offered: String },
    /// `token_command` gave no token.
    #[error("{0}")]
    NoToken(String),
    /// Refused by ourselves, before a byte of it went out.
    #[error("{0}")]
    Unsendable(String),
    /// No answer in time.
    #[error("{doing}: no answer for {} s", after.as_secs_f32())]
    Silent { doing: &'static str, after: Duration },
    /// The connection broke.
    #[error("{doing}: {}", in_words(why))]
    Broken { doing: &'static str, why: io::Error },
    /// What came is not SMTP, or no answer to what was said.
    #[error("{doing}: the server's answer makes no sense ({about})")]
    Nonsense { doing: &'static str, about: String },
    /// An earlier failure or a cancellation has left the session unusable.
    #[error("the session was given up")]
    GivenUp,
    /// Our own settings.
    #[error(transparent)]
    Setting(#[from] SettingError),
}

impl Error {
    /// The reply in it, if the server gave one.
    #[must_use]
    pub fn reply(&self) -> Option<&Reply> {
        match self {
            Self::Refused { reply, .. } => Some(reply),
            _ => None,
        }
    }

    /// Which answer belongs to which question is not known any more.
    #[must_use]
    pub fn is_out_of_step(&self) -> bool {
        matches!(self, Self::Silent { .. } | Self::Nonsense { .. })
    }

    /// The connection is gone or out of step.
    #[must_use]
    pub fn is_break(&self) -> bool {
        matches!(self, Self::Silent { .. } | Self::Broken { .. } | Self::Nonsense { .. } | Self::GivenUp)
            || self.reply().is_some_and(|reply| reply.code == 421)
    }
}

/// Why a recipient was not given the message, and how far it had come.
#[derive(Debug, Clone)]
pub struct Failure {
    pub step: Step,
    pub why: Arc<Error>,
    /// Of the message, in this attempt.
    pub sent_bytes: u64,
}

/// How far a conversation had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Up to and including the login.
    Connect,
    /// The sender is not yet accepted.
    Mail,
    /// Recipients, DATA: nothing of the message has been sent.
    Envelope,
    /// The message is on its way; its end has not been sent.
    Message,
    /// All of it is sent, and the server may have it.
    Answer,
}

/// Not what came is wrong, but how.
pub(super) fn is_of_tls(why: &io::Error) -> bool {
    why.get_ref().is_some_and(|inner| inner.is::<rustls::Error>())
}

/// A line that ended is worth plain words: those of a TLS library are for its users.
fn in_words(why: &io::Error) -> String {
    match why.kind() {
        io::ErrorKind::UnexpectedEof => "the server closed the connection".to_owned(),
        _ => why.to_string(),
    }
}
