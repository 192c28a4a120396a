//! One message over a session: MAIL, RCPT, DATA, the message and its end (RFC 5321 section 3.3), ahead of the answers where the
//! server takes that (PIPELINING, RFC 2920).

use crate::smtp::client::{
    Error, Failure, Mail, Reply, Session, Step,
    envelope::{Command, Envelope, Line},
    session::DONE,
};
use memchr::memmem;
use std::{
    iter,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::time::timeout;

/// Commands that go out together at most: their answers must find room in the sockets' buffers while we still write.
const MOST_AHEAD: usize = 100;
/// The message goes out in pieces of this size.
const PIECE: usize = 64 * 1024;
/// A server that hangs up on us may have said why.
const LAST_WORDS: Duration = Duration::from_secs(1);

impl Session {
    /// Sends one message. One answer for each recipient, in their order: the server's reply to the whole message, which it then has
    /// accepted for this recipient, or why not.
    ///
    /// One that is refused does not keep the others from it. Nothing is sent twice. Cancelled: the session is given up, and whether
    /// the server has the message is not known.
    pub async fn send(&mut self, mail: &Mail<'_>) -> Vec<Result<Reply, Failure>> {
        let mut refused = vec![None; mail.recipients.len()];
        let answer = self.transact(mail, &mut refused).await;
        refused.into_iter().map(|own: Option<Failure>| own.map_or_else(|| answer.clone(), Err)).collect()
    }

    /// The answer for all who are not in `refused` afterwards.
    async fn transact(&mut self, mail: &Mail<'_>, refused: &mut [Option<Failure>]) -> Result<Reply, Failure> {
        let unsendable = |why| failure(Step::Mail, Error::Unsendable(why));
        let mut envelope = Envelope::of(mail, &self.capabilities).map_err(unsendable)?;
        for (place, why) in envelope.refused {
            refused[place] = Some(unsendable(why));
        }
        if let Some(last) = all_of(refused) {
            return Err(last);
        }
        if self.is_in_transaction {
            envelope.lines.insert(0, Line::reset());
        }
        self.messages += 1;
        self.introduce(&envelope.lines, refused).await?;
        self.deliver(mail.message).await
    }

    /// Says `lines`. Afterwards the server waits for the message, and somebody is to have it.
    ///
    /// Where one answer makes no sense, or none comes, whose the others were is open, too: nobody is refused by them.
    async fn introduce(&mut self, lines: &[Line], refused: &mut [Option<Failure>]) -> Result<(), Failure> {
        let before = refused.to_vec();
        let introduced = self.say_all(lines, refused).await;
        if introduced.as_ref().is_err_and(|failure| failure.why.is_out_of_step()) {
            refused.clone_from_slice(&before);
        }
        introduced
    }

    async fn say_all(&mut self, lines: &[Line], refused: &mut [Option<Failure>]) -> Result<(), Failure> {
        let at_once = if self.capabilities.pipelining { MOST_AHEAD } else { 1 };
        let mut step = Step::Mail;
        let mut for_all = None;
        let (mut is_awaited, mut is_data_refused) = (false, false);
        for group in lines.chunks(at_once) {
            if for_all.is_some() || group[0].command == Command::Data && all_of(refused).is_some() {
                break;
            }
            let mut together = Some(group.iter().map(|line| line.text.as_str()).collect::<String>());
            for line in group {
                let wanted = if line.command == Command::Data { 354..=354 } else { DONE };
                let said = self.ask(line.command.verb(), together.take(), wanted).await;
                let no = said.err().map(|error| failure(step, error));
                if line.command == Command::Reset && no.is_some() {
                    self.end();
                }
                if !self.is_in_step() {
                    let is_open = |no: &Failure| no.why.is_out_of_step();
                    let why = no.clone().filter(is_open).or(for_all).or(no);
                    return Err(why.unwrap_or_else(|| failure(step, Error::GivenUp)));
                }
                is_awaited = line.command == Command::Data && no.is_none();
                is_data_refused = line.command == Command::Data && no.is_some() && for_all.is_none();
                match line.command {
                    Command::Mail => {
                        self.is_in_transaction = no.is_none();
                        step = Step::Envelope;
                        for_all = no;
                    }
                    // After a sender that was refused the other answers mean nothing.
                    _ if for_all.is_some() => {}
                    Command::Recipient(place) => refused[place] = no,
                    Command::Data | Command::Reset => for_all = no,
                }
            }
        }
        if is_data_refused && all_of(refused).is_none() {
            self.forget().await?; // though somebody was accepted
        }
        let Some(nobody) = for_all.or_else(|| all_of(refused)) else { return Ok(()) };
        if is_awaited {
            // RFC 2920 section 3.1: DATA went out with the rest, and was accepted for nobody.
            self.is_in_transaction = false;
            let _ = self.ask("the end of DATA", Some(".\r\n".to_owned()), DONE).await;
        }
        Err(nobody)
    }

    /// Ends the transaction. Any other answer than that it is ended belongs to an earlier question, and so, perhaps, did the others.
    async fn forget(&mut self) -> Result<(), Failure> {
        match self.ask("RSET", Some(Line::reset().text), DONE).await {
            Ok(_) => self.is_in_transaction = false,
            Err(Error::Refused { reply, .. }) if self.is_in_step() => {
                self.end();
                return Err(failure(Step::Envelope, Error::Nonsense { doing: "RSET", about: reply.to_string() }));
            }
            Err(error @ Error::Nonsense { .. }) => return Err(failure(Step::Envelope, error)),
            Err(_) => {} // it is gone: what it said before stands
        }
        Ok(())
    }

    /// The message, its end, and the answer to it.
    async fn deliver(&mut self, message: &[u8]) -> Result<Reply, Failure> {
        // lettre begins the end with a CRLF of its own.
        let body = message.strip_suffix(b"\r\n").unwrap_or(message);
        let (with_end, body) = if body.len() <= PIECE { (body, &[][..]) } else { (&[][..], body) };
        let (sent, is_sent) = (AtomicU64::new(with_end.len() as u64), AtomicBool::new(false));
        let pieces = body.chunks(PIECE).inspect(|piece| {
            sent.fetch_add(piece.len() as u64, Ordering::Relaxed);
        });
        // Asked for after the last piece is out, and before the end goes out.
        let end = iter::from_fn(|| {
            is_sent.store(true, Ordering::Relaxed);
            None
        });
        let failed = |step, sent_bytes, error| Failure { sent_bytes, ..failure(step, error) };
        self.speak(&[b"4", b"5"]).map_err(|error| failure(Step::Envelope, error))?; // a no is one, however early
        self.heard.set_limit(self.server.timeouts.data);
        self.heard.hold(with_dots(with_end));
        let said = self.smtp.message_iter(pieces.chain(end)).await;
        let answer = match self.judge("the message", said, DONE) {
            Err(error @ (Error::Broken { .. } | Error::Silent { .. })) => Err(self.last_words(error).await),
            answer => answer,
        };
        self.heard.set_limit(self.server.timeouts.reply);
        if self.is_in_step() {
            self.is_in_transaction = false;
        }
        let held_bytes = self.heard.held_bytes() as u64;
        let (step, sent_bytes) = match is_sent.into_inner() && held_bytes == 0 {
            _ if self.heard.expects_quiet() => (Step::Envelope, 0),
            true => (Step::Answer, message.len() as u64),
            false => (Step::Message, sent.into_inner().saturating_sub(held_bytes)),
        };
        answer.map_err(|error| failed(step, sent_bytes, error))
    }

    /// What the server said before it hung up or stopped listening, if that was a no: it counts, and the silence does not.
    async fn last_words(&mut self, error: Error) -> Error {
        let heard = timeout(LAST_WORDS, self.smtp.read_response()).await;
        let judged = heard.ok().map(|said| self.judge("the message", said, DONE));
        self.end();
        match judged {
            Some(Err(refused @ Error::Refused { .. })) => refused,
            _ => error,
        }
    }
}

/// A line that begins with a dot gets another (RFC 5321 section 4.5.2). Its lines end in CRLF.
fn with_dots(body: &[u8]) -> Vec<u8> {
    let mut dotted = Vec::with_capacity(body.len() + 16);
    let mut begin = 0;
    let first = body.starts_with(b".").then_some(0);
    for dot in first.into_iter().chain(memmem::find_iter(body, b"\n.").map(|end| end + 1)) {
        dotted.extend_from_slice(&body[begin..dot]);
        dotted.push(b'.');
        begin = dot;
    }
    dotted.extend_from_slice(&body[begin..]);
    dotted
}

fn failure(step: Step, why: Error) -> Failure {
    Failure { step, why: Arc::new(why), sent_bytes: 0 }
}

/// Why the last of them is refused, if all are.
fn all_of(refused: &[Option<Failure>]) -> Option<Failure> {
    refused.iter().cloned().collect::<Option<Vec<_>>>()?.pop()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_begins_with_a_dot_gets_another() {
        for (body, dotted) in [
            ("", ""),
            (".", ".."),
            ("a.b\r\nc.", "a.b\r\nc."),
            (".\r\n.\r\n..a\r\n", "..\r\n..\r\n...a\r\n"),
            ("a\r\n\r\n.b", "a\r\n\r\n..b"),
        ] {
            assert_eq!(String::from_utf8(with_dots(body.as_bytes())).unwrap(), dotted, "{body:?}");
        }
    }
}
