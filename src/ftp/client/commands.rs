//! One command, one answer: the only way a command of ours goes out.

use crate::ftp::client::{Error, Reply, Session, error::sort_out, pulse::Silent, reply::hide, session::State};
use std::time::Duration;
use suppaftp::FtpError;

impl Session {
    /// Sends `verb argument` and returns the answer if its code is `wanted`.
    ///
    /// Another 4xx or 5xx is [`Error::Refused`]. Anything else is no answer to this question: we are out of step, and the session is over.
    pub(super) async fn ask(&mut self, verb: &'static str, argument: &str, wanted: &[u16]) -> Result<Reply, Error> {
        let reply = self.say(verb, argument).await?;
        match reply.code {
            code if wanted.contains(&code) => Ok(reply),
            202 | 332 | 400..=599 => Err(self.refused(verb, reply)),
            _ => {
                self.state = State::Over;
                let reply = reply.hiding(&self.server.password);
                Err(Error::Nonsense { doing: verb, about: Some(reply.to_string()) })
            }
        }
    }

    /// Sends `verb argument` and returns whatever the answer is.
    pub(super) async fn say(&mut self, verb: &'static str, argument: &str) -> Result<Reply, Error> {
        self.say_patiently(verb, argument, self.server.timeouts.reply).await
    }

    /// As [`Session::say`], for an answer that takes as long as the file is large.
    pub(super) async fn say_patiently(
        &mut self,
        verb: &'static str,
        argument: &str,
        limit: Duration,
    ) -> Result<Reply, Error> {
        self.forgo_passive().await?;
        self.exchange(verb, argument, limit).await
    }

    /// The words on the wire, whatever went ahead of them.
    pub(super) async fn exchange(
        &mut self,
        verb: &'static str,
        argument: &str,
        limit: Duration,
    ) -> Result<Reply, Error> {
        let line = if argument.is_empty() { verb.to_owned() } else { format!("{verb} {argument}") };
        self.begin()?;
        // With nothing expected, every reply comes back whole.
        let said = self.shared.pulse.within(limit, self.ftp.custom_command(line, &[])).await;
        let reply = match said {
            Ok(Err(FtpError::UnexpectedResponse(response))) => Reply::new(&response.body),
            Ok(Ok(response)) => Reply::new(&response.body),
            Ok(Err(error)) => return Err(self.give_up(verb, error)),
            Err(Silent(after)) => return Err(Error::Silent { doing: verb, after }),
        };
        tracing::debug!(verb, code = reply.code, "said");
        self.state = if reply.code == 421 { State::Over } else { State::Ready };
        Ok(reply)
    }

    /// Nobody else may be asking. Until the answer is there the session counts as unusable, so a cancelled call leaves it so.
    pub(super) fn begin(&mut self) -> Result<(), Error> {
        if self.state != State::Ready {
            return Err(Error::GivenUp);
        }
        self.state = State::Asking;
        Ok(())
    }

    /// A plain no. 421 is also a goodbye.
    pub(super) fn refused(&mut self, to: &'static str, reply: Reply) -> Error {
        if reply.code == 421 {
            self.state = State::Over;
        }
        Error::Refused { to, reply: reply.hiding(&self.server.password) }
    }

    /// The session is over.
    pub(super) fn give_up(&mut self, doing: &'static str, error: FtpError) -> Error {
        self.state = State::Over;
        match sort_out(doing, error) {
            Error::Refused { to, reply } => Error::Refused { to, reply: reply.hiding(&self.server.password) },
            Error::Nonsense { doing, about } => {
                Error::Nonsense { doing, about: about.map(|about| hide(about, &self.server.password)) }
            }
            error => error,
        }
    }
}
