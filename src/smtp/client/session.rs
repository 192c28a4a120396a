//! One conversation: connected, secure, logged in; dropped after anything but a plain answer.

use crate::{
    config::{Secret, SmtpServer, SmtpTls},
    smtp::client::{
        Capabilities, Error, Reply,
        connect::{open, tls_settings},
        error::is_of_tls,
        reply::{hide, hide_parts, shortened},
        wire::{Heard, Wire},
    },
    tls::{ClientTls, Seen},
};
use lettre::transport::smtp::{
    Error as LettreError, client::AsyncSmtpConnection, extension::ClientId, response::Response,
};
use std::{error::Error as _, io, ops::RangeInclusive, sync::Arc, time::Duration};
use tokio::time::timeout;

/// A connection that is ready for messages. `Send`; one call at a time.
///
/// After a timeout, a broken connection, nonsense, 421 or a cancelled call nobody can tell which answer belongs to which question:
/// then [`Session::is_usable`] is false for good, and every call fails with [`Error::GivenUp`] until [`Session::reconnect`].
pub struct Session {
    pub(super) server: Arc<SmtpServer>,
    pub(super) smtp: AsyncSmtpConnection,
    pub(super) heard: Arc<Heard>,
    pub(super) capabilities: Capabilities,
    /// MAIL was accepted, and nothing has ended what it began.
    pub(super) is_in_transaction: bool,
    /// Transactions so far: an old session may have been closed by the server meanwhile.
    pub(super) messages: u32,
    /// What the server was told to know us by, in every form it went out in.
    pub(super) secrets: Vec<Secret>,
    state: State,
    greeting: Reply,
    tls: Option<&'static str>,
    certificate: Option<Seen>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    /// Between a command and its answer. Found here later: the call was cancelled.
    Asking,
    Over,
}

/// What a probe tells of a session.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The server's greeting, unescaped.
    pub greeting: String,
    /// `TLSv1.2` and the like; `None` on a plain connection.
    pub tls: Option<&'static str>,
    pub certificate: Option<Seen>,
    pub capabilities: Capabilities,
}

/// Two hundred and something: done.
pub(super) const DONE: RangeInclusive<u16> = 200..=299;

impl Session {
    /// Connects, makes the connection secure, says EHLO and logs in.
    ///
    /// # Errors
    /// What stood in the way. A password is sent only once the connection is as secure as the settings ask.
    pub async fn connect(server: &Arc<SmtpServer>) -> Result<Self, Error> {
        let tls = match server.tls {
            SmtpTls::None => None,
            SmtpTls::StartTls | SmtpTls::Implicit => Some(tls_settings(Arc::clone(server)).await?),
        };
        let opened = open(server, tls.as_ref()).await.map_err(|error| refused_by_tls(error, tls.as_ref()))?;
        let heard = Arc::new(Heard::new(server.timeouts.reply));
        let greeting = Reply::new(&opened.greeting);
        // lettre reads a greeting first: this one again.
        let wire = Wire::new(opened.stream, opened.greeting, &heard);
        let name = ClientId::Domain(server.helo.clone());
        let begun = AsyncSmtpConnection::connect_with_transport(Box::new(wire), &name).await;
        heard.take();
        let (said, smtp) = match begun {
            Ok(smtp) => (Ok(()), Some(smtp)),
            Err(error) => (Err(error), None),
        };
        let reply = understand("EHLO", said, &heard, &[]).map_err(|error| refused_by_tls(error, tls.as_ref()))?;
        let (Some(smtp), true) = (smtp, DONE.contains(&reply.code)) else {
            return Err(Error::Refused { to: "EHLO", reply });
        };
        let mut session = Self {
            server: Arc::clone(server),
            smtp,
            heard,
            capabilities: Capabilities::of(&reply),
            is_in_transaction: false,
            messages: 0,
            secrets: Vec::new(),
            state: State::Ready,
            greeting,
            tls: opened.tls,
            certificate: tls.as_ref().and_then(ClientTls::seen),
        };
        session.log_in().await?;
        Ok(session)
    }

    /// Replaces a session that was given up by a new one, with the same settings.
    ///
    /// # Errors
    /// As [`Session::connect`]; then this one stays unusable.
    pub async fn reconnect(&mut self) -> Result<(), Error> {
        self.state = State::Over;
        let server = Arc::clone(&self.server);
        *self = Self::connect(&server).await?;
        Ok(())
    }

    /// Whether another message may follow: the conversation is in step, and `messages_per_connection` is not reached.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.state == State::Ready && self.messages < self.server.messages_per_connection
    }

    /// Whether it has carried a message already: an old session may find its server gone, which is nobody's fault.
    #[must_use]
    pub fn is_used(&self) -> bool {
        self.messages > 0
    }

    /// Says goodbye, briefly, and hangs up. Dropping a session hangs up without a word.
    pub async fn quit(mut self) {
        if self.is_in_step() {
            // Nothing depends on the answer, and a server that does not answer is not waited for.
            let _ = timeout(Duration::from_secs(2), self.smtp.command("QUIT\r\n")).await;
        }
    }

    /// `TLSv1.2` and the like; `None` on a plain connection.
    #[must_use]
    pub fn tls(&self) -> Option<&'static str> {
        self.tls
    }

    /// The settings it was made with.
    #[must_use]
    pub fn server(&self) -> &SmtpServer {
        &self.server
    }

    /// For a probe.
    #[must_use]
    pub fn facts(&self) -> Facts {
        Facts {
            greeting: self.greeting.to_string(),
            tls: self.tls,
            certificate: self.certificate,
            capabilities: self.capabilities.clone(),
        }
    }

    /// Sends `lines`, unless they went out with the command before, and returns the next answer if its code is `wanted`.
    ///
    /// Another 4xx or 5xx is [`Error::Refused`]. Anything else is no answer to this question: we are out of step, and the session
    /// is over.
    pub(super) async fn ask(
        &mut self,
        doing: &'static str,
        lines: Option<String>,
        wanted: RangeInclusive<u16>,
    ) -> Result<Reply, Error> {
        let said = match lines {
            Some(lines) => {
                self.speak(&[b"421"])?; // it may hang up at any time, and says so (RFC 5321 section 3.8)
                self.smtp.command(lines).await
            }
            None => {
                self.state = State::Asking;
                self.smtp.read_response().await
            }
        };
        self.judge(doing, said, wanted)
    }

    /// Before anything is said that has an answer. Until that is there the session counts as unusable, so a cancelled call leaves
    /// it so.
    ///
    /// What the server has said before it was asked is no answer: unless it begins like one of `but`, the call then fails.
    pub(super) fn speak(&mut self, but: &'static [&'static [u8]]) -> Result<(), Error> {
        if !self.is_in_step() {
            return Err(Error::GivenUp);
        }
        self.state = State::Asking;
        self.heard.expect_quiet(but);
        Ok(())
    }

    pub(super) fn judge(
        &mut self,
        doing: &'static str,
        said: Result<Response, LettreError>,
        wanted: RangeInclusive<u16>,
    ) -> Result<Reply, Error> {
        let reply = understand(doing, said.map(drop), &self.heard, &self.secrets).inspect_err(|_| self.end())?;
        tracing::debug!(doing, code = reply.code, "said");
        match reply.code {
            code if wanted.contains(&code) => {
                self.state = State::Ready;
                Ok(reply)
            }
            421 => {
                self.end();
                Err(Error::Refused { to: doing, reply })
            }
            400..=599 => {
                self.state = State::Ready;
                Err(Error::Refused { to: doing, reply })
            }
            _ => {
                self.end();
                Err(Error::Nonsense { doing, about: reply.to_string() })
            }
        }
    }

    /// Another command may follow.
    pub(super) fn is_in_step(&self) -> bool {
        self.state == State::Ready
    }

    /// The session is over.
    pub(super) fn end(&mut self) {
        self.state = State::Over;
    }
}

/// lettre's answer with the server's own words; every error but a plain no means that the session is over.
fn understand(
    doing: &'static str,
    said: Result<(), LettreError>,
    heard: &Heard,
    secrets: &[Secret],
) -> Result<Reply, Error> {
    let is_login = doing == "AUTH";
    let error = match said {
        Err(error) if error.status().is_none() => error,
        _ => {
            let reply = Reply::new(&heard.take()).hiding(secrets);
            return Ok(if is_login { reply.hiding_parts(secrets) } else { reply });
        }
    };
    let about = |words: &str| {
        let words = hide(words.trim().to_owned(), secrets);
        shortened(if is_login { hide_parts(&words, secrets) } else { words })
    };
    Err(match error.source().and_then(|source| source.downcast_ref::<io::Error>()) {
        Some(why) if why.kind() == io::ErrorKind::TimedOut && why.raw_os_error().is_none() => {
            Error::Silent { doing, after: heard.limit() }
        }
        Some(why) if why.kind() == io::ErrorKind::InvalidData && !is_of_tls(why) => {
            Error::Nonsense { doing, about: why.to_string() }
        }
        Some(why) => Error::Broken { doing, why: copy(why) },
        None => Error::Nonsense { doing, about: about(&String::from_utf8_lossy(&heard.take())) },
    })
}

/// The same error as one of ours.
fn copy(why: &io::Error) -> io::Error {
    let tls = why.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(tls) => io::Error::new(why.kind(), tls.clone()),
        None => io::Error::new(why.kind(), why.to_string()),
    }
}

/// TLS 1.3 tells only after the handshake that a server refuses our certificate, or misses one.
fn refused_by_tls(error: Error, tls: Option<&ClientTls>) -> Error {
    match (error, tls) {
        (Error::Broken { why, .. }, Some(tls)) if is_of_tls(&why) => Error::Tls(tls.trouble(why)),
        (error, _) => error,
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { server, state, messages, .. } = self;
        f.debug_struct("Session").field("host", &server.host).field("state", state).field("messages", messages).finish()
    }
}
