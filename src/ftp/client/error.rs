//! What can go wrong in a conversation, by what it means for the conversation.

use crate::{
    ftp::client::Reply,
    tls::{SettingError, TlsTrouble},
};
use std::{io, time::Duration};
use suppaftp::FtpError;

/// A failure, and with it whether the session can go on: ask [`crate::ftp::client::Session::is_usable`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server answered, but no. Nothing is lost; the session goes on.
    #[error("{reply}")]
    Refused {
        /// The command it answered, as on the wire.
        to: &'static str,
        reply: Reply,
    },
    /// There was no control connection at all.
    #[error("cannot connect to {address}: {why}")]
    Unreachable { address: String, why: String },
    /// No data connection came about; the session goes on.
    #[error("no data connection: {0}")]
    NoData(String),
    /// TLS on the control connection.
    #[error("{0}")]
    Tls(TlsTrouble),
    /// TLS on a data connection, with what the server said about it.
    #[error("no secure data connection: {why}{}", said.as_ref().map_or_else(String::new, |said| format!(" ({said})")))]
    DataTls { why: TlsTrouble, said: Option<Reply> },
    /// The server sent bytes after agreeing to TLS and before TLS: somebody is in the middle.
    #[error(
        "the server sent bytes between its answer to AUTH TLS and the TLS handshake: somebody may be in the middle"
    )]
    Injected,
    /// No answer in time.
    #[error("{doing}: no answer for {} s", after.as_secs_f32())]
    Silent { doing: &'static str, after: Duration },
    /// The connection broke.
    #[error("{doing}: {}", in_words(why))]
    Broken { doing: &'static str, why: io::Error },
    /// What came is not FTP.
    #[error("{doing}: the server's answer is not FTP{}", about.as_ref().map_or_else(String::new, |about| format!(" ({about})")))]
    Nonsense { doing: &'static str, about: Option<String> },
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
            Self::Refused { reply, .. } | Self::DataTls { said: Some(reply), .. } => Some(reply),
            _ => None,
        }
    }

    /// The connection is gone or out of step, and nobody knows how far the last command got.
    #[must_use]
    pub fn is_break(&self) -> bool {
        matches!(self, Self::Silent { .. } | Self::Broken { .. } | Self::Nonsense { .. } | Self::GivenUp)
            || self.reply().is_some_and(|reply| reply.code == 421)
    }
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

/// suppaftp's error as ours; every one but a refusal means that the session is over.
pub(super) fn sort_out(doing: &'static str, error: FtpError) -> Error {
    match error {
        FtpError::UnexpectedResponse(response) => Error::Refused { to: doing, reply: Reply::new(&response.body) },
        FtpError::ConnectionError(why) if why.kind() == io::ErrorKind::InvalidData && !is_of_tls(&why) => {
            Error::Nonsense { doing, about: Some(why.to_string()) }
        }
        FtpError::ConnectionError(why) => Error::Broken { doing, why },
        FtpError::SecureError(about) => Error::Nonsense { doing, about: Some(about) },
        FtpError::BadResponse => Error::Nonsense { doing, about: None },
        FtpError::InvalidAddress(about) => Error::Nonsense { doing, about: Some(about.to_string()) },
        FtpError::DataConnectionAlreadyOpen => Error::GivenUp,
    }
}
