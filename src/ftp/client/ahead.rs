//! Commands sent ahead of their turn: one packet and one wait for several answers, as RFC 959 allows where no command depends on the
//! answer before it.
//!
//! suppaftp writes a command and reads its answer. Below it, the commands that will follow are added to the first one's packet,
//! and each is swallowed when suppaftp comes to write it: it has gone out already.

use crate::ftp::client::{Error, Next, Reply, Session, names, profile::Refused, session::State};
use std::{
    collections::VecDeque,
    io,
    task::{Poll, ready},
    time::{Duration, Instant},
};

/// Servers that lose commands that come before they asked for them, or answer them in another order, by their greeting: those of lftp's
/// list, and libunftp.
const ONE_AT_A_TIME: [&str; 5] =
    ["Microsoft FTP Service", "MadGoat", "HethMon", "firetrap", "Packetboat's embedded FTP server"];

/// As suppaftp writes it.
const EPSV: &[u8] = b"EPSV\r\n";

/// How long a port that was asked for ahead is counted on.
const PORT_IS_KEPT: Duration = Duration::from_secs(2);

/// What goes out with the next command, and what has.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    following: Vec<Vec<u8>>,
    sent: VecDeque<Vec<u8>>,
    /// The packet that is being written, and how far that has got.
    packet: Vec<u8>,
    written: usize,
}

impl Ahead {
    /// These go out with the next command.
    pub(super) fn follow_with(&mut self, lines: Vec<Vec<u8>>) {
        self.following = lines;
    }

    /// Commands have gone out that suppaftp has not come to yet.
    pub(super) fn is_owed_answers(&self) -> bool {
        !self.sent.is_empty()
    }

    /// Writes `line`, a whole command, by `write`: with those that follow, or not at all if it has gone ahead.
    pub(super) fn poll_write(
        &mut self,
        line: &[u8],
        mut write: impl FnMut(&[u8]) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if self.packet.is_empty() {
            match self.sent.front() {
                Some(sent) if sent == line => {
                    self.sent.pop_front();
                    return Poll::Ready(Ok(line.len()));
                }
                Some(_) => return Poll::Ready(Err(io::Error::other("another command has gone ahead of this one"))),
                None if self.following.is_empty() => return write(line),
                None => {
                    self.packet = [line, &self.following.concat()].concat();
                    self.sent.extend(self.following.drain(..));
                }
            }
        }
        while self.written < self.packet.len() {
            self.written += ready!(write(&self.packet[self.written..]))?;
        }
        self.packet.clear();
        self.written = 0;
        Poll::Ready(Ok(line.len()))
    }
}

impl Session {
    /// Whether the server takes commands ahead of their turn, as far as we know.
    #[must_use]
    pub fn takes_several(&self) -> bool {
        !self.profile.refuses(Refused::Several) && !ONE_AT_A_TIME.iter().any(|name| self.greeting().contains(name))
    }

    /// Asks several questions at once. The answers come in their order, whatever they are: no question may depend on an answer.
    ///
    /// # Errors
    /// Whatever ends sessions. A server that breaks off the first time is asked one thing at a time from then on.
    pub(super) async fn say_several(&mut self, questions: &[(&'static str, String)]) -> Result<Vec<Reply>, Error> {
        let Some((_, following)) = questions.split_first() else { return Ok(Vec::new()) };
        self.shared.send_ahead(following.iter().map(|(verb, argument)| line(verb, argument)).collect());
        let mut replies = Vec::with_capacity(questions.len());
        for (verb, argument) in questions {
            match self.say(verb, argument).await {
                Ok(reply) if reply.code == 421 => return Err(self.refused(verb, reply)),
                Ok(reply) => replies.push(reply),
                Err(error) => {
                    self.profile.broke_at_several();
                    return Err(error);
                }
            }
        }
        Ok(replies)
    }

    /// If another file follows: its EPSV goes out with the next command, which spares that file one wait. True if it does.
    ///
    /// Only where several commands were taken before, and a rename is not looked at.
    pub(super) fn send_passive_ahead(&mut self) -> bool {
        let is_wanted = self.next == Next::File
            && self.are_renames_real
            && self.takes_several()
            && self.profile.has_taken_several()
            && !self.profile.refuses(Refused::PassiveAhead)
            && self.modes().first() == Some(&suppaftp::Mode::ExtendedPassive);
        if is_wanted {
            self.shared.send_ahead(vec![EPSV.to_vec()]);
        }
        is_wanted
    }

    /// The command that EPSV went out with is answered, or its error known.
    pub(super) fn has_gone_ahead(&mut self, error: Option<&Error>) {
        if self.is_usable() {
            self.passive_ahead = Some(Instant::now());
        } else if error.is_some_and(Error::is_break) {
            self.profile.broke_at_passive_ahead();
        }
    }

    /// Something else is asked than what an EPSV went ahead for: its answer is read, and nothing comes of it.
    pub(super) async fn forgo_passive(&mut self) -> Result<(), Error> {
        if self.passive_ahead.take().is_some() {
            self.exchange("EPSV", "", self.server.timeouts.reply).await?;
        }
        Ok(())
    }

    /// True if an EPSV went ahead for this very data connection, and lately: a server does not keep a port open for long.
    pub(super) async fn take_passive_ahead(&mut self, mode: suppaftp::Mode, offset: u64) -> Result<bool, Error> {
        let is_fresh = self.passive_ahead.is_some_and(|since| since.elapsed() < PORT_IS_KEPT);
        if is_fresh && mode == suppaftp::Mode::ExtendedPassive && offset == 0 {
            self.passive_ahead = None;
            return Ok(true);
        }
        self.forgo_passive().await?;
        Ok(false)
    }

    /// The answers do not fit the questions: some servers answer whatever they have first.
    pub(super) fn out_of_step(&mut self, doing: &'static str, reply: &Reply) -> Error {
        self.profile.refuse(Refused::Several);
        self.state = State::Over;
        let reply = reply.clone().hiding(&self.server.password);
        Error::Nonsense { doing, about: Some(reply.to_string()) }
    }
}

/// The bytes that suppaftp will write for it, Telnet's escape (RFC 854) included.
fn line(verb: &str, argument: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(verb.len() + argument.len() + 3);
    for byte in names::bytes(&format!("{verb} {argument}\r\n")) {
        bytes.push(byte);
        if byte == 0xff {
            bytes.push(byte);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A wire that takes `most` bytes at once.
    fn write(ahead: &mut Ahead, wire: &mut Vec<u8>, most: usize, line: &[u8]) -> io::Result<usize> {
        match ahead.poll_write(line, |bytes| {
            let some = bytes.len().min(most);
            wire.extend_from_slice(&bytes[..some]);
            Poll::Ready(Ok(some))
        }) {
            Poll::Ready(written) => written,
            Poll::Pending => panic!("this wire is always ready"),
        }
    }

    #[test]
    fn what_goes_ahead_goes_once_and_in_order() {
        for most in [1, 7, 1000] {
            let (mut ahead, mut wire) = (Ahead::default(), Vec::new());
            ahead.following = vec![b"B b\r\n".to_vec(), b"C c\r\n".to_vec()];
            for line in [&b"A a\r\n"[..], b"B b\r\n", b"C c\r\n"] {
                assert_eq!(write(&mut ahead, &mut wire, most, line).unwrap(), line.len());
                assert_eq!(wire, b"A a\r\nB b\r\nC c\r\n");
            }
            write(&mut ahead, &mut wire, 1000, b"D\r\n").unwrap();
            assert_eq!(wire, b"A a\r\nB b\r\nC c\r\nD\r\n");
        }
    }

    #[test]
    fn another_command_than_the_one_sent_is_an_error() {
        let (mut ahead, mut wire) = (Ahead::default(), Vec::new());
        ahead.following = vec![b"B\r\n".to_vec()];
        write(&mut ahead, &mut wire, 1000, b"A\r\n").unwrap();
        assert!(write(&mut ahead, &mut wire, 1000, b"X\r\n").is_err());
    }

    #[test]
    fn a_line_is_what_suppaftp_makes_of_it() {
        assert_eq!(line("SIZE", &names::text(b"a\xff\xe9")), b"SIZE a\xff\xff\xe9\r\n");
    }
}
