//! One connection: reads a command, asks the script, performs or misbehaves.

use super::{Action, Command, Lost, Message, Shared};
use crate::support::{channel::Channel, servers::Tls};
use std::{io, sync::Arc};
use tokio::net::TcpStream;

pub struct Session {
    pub(super) shared: Arc<Shared>,
    /// `None` once the connection is over.
    channel: Option<Channel>,
    /// What was read and not yet taken.
    buffer: Vec<u8>,
    pub(super) is_secure: bool,
    pub(super) is_logged_in: bool,
    /// The transaction: what MAIL began and RCPT added to.
    pub(super) message: Option<Message>,
    /// 354 was meant, whatever was said.
    pub(super) takes_data: bool,
}

/// How a command ended.
pub(super) enum Performed {
    /// The lines of the reply, with CRLF.
    Reply(String),
    /// There is nothing more to say.
    Silence,
}

pub(super) fn reply(text: impl std::fmt::Display) -> Performed {
    Performed::Reply(format!("{text}\r\n"))
}

impl Session {
    pub fn new(shared: Arc<Shared>, connection: TcpStream) -> Self {
        Self {
            shared,
            channel: Some(Channel::plain(connection)),
            buffer: Vec::new(),
            is_secure: false,
            is_logged_in: false,
            message: None,
            takes_data: false,
        }
    }

    /// Serves until either side is done.
    pub async fn serve(&mut self) -> io::Result<()> {
        let action = self.action("CONNECT");
        if self.shared.script.tls == Tls::Implicit {
            if matches!(action, Some(Action::GarbageForTls)) {
                return self.say_raw(b"this is not TLS at all\r\n").await;
            }
            self.encrypt().await?;
        }
        self.step(&Command::parse(b"CONNECT"), action).await?;
        while let Some(line) = self.line().await? {
            let command = Command::parse(&line);
            self.shared.record.heard(&command);
            self.shared.packets.lock().unwrap().last_mut().unwrap().push(command.verb.clone());
            let action = self.action(&command.verb);
            self.step(&command, action).await?;
            if std::mem::take(&mut self.takes_data) {
                self.receive().await?;
            }
        }
        Ok(())
    }

    /// What the script has for this command, this time.
    fn action(&self, verb: &str) -> Option<Action> {
        let count = self.shared.record.count(verb);
        let mut faults = self.shared.script.faults.iter();
        faults.find(|fault| fault.verb == verb && fault.time == count).map(|fault| fault.action.clone())
    }

    async fn step(&mut self, command: &Command, action: Option<Action>) -> io::Result<()> {
        match &action {
            Some(Action::Instead(text) | Action::Bye(text)) => self.say_raw(format!("{text}\r\n").as_bytes()).await?,
            Some(Action::InsteadRaw(bytes)) => self.say_raw(bytes).await?,
            Some(Action::Hang) => self.hang().await,
            Some(Action::Close) => self.close().await,
            Some(Action::Reset) => self.reset(),
            Some(Action::EndlessLine) => loop {
                self.say_raw(&[b'2'; 4096]).await?;
            },
            Some(Action::EndlessMultiline) => loop {
                self.say_raw(&b"250-and there is more to say\r\n".repeat(128)).await?;
            },
            _ => {
                let performed = self.perform(command, action.as_ref()).await?;
                self.answer(performed, action.as_ref()).await?;
            }
        }
        if matches!(action, Some(Action::Bye(_))) || command.verb == "QUIT" {
            self.close().await;
        }
        Ok(())
    }

    /// The reply to a command that was performed.
    async fn answer(&mut self, performed: Performed, action: Option<&Action>) -> io::Result<()> {
        let Performed::Reply(text) = performed else { return Ok(()) };
        match action {
            Some(Action::Say(text)) => self.say_raw(format!("{text}\r\n").as_bytes()).await,
            Some(Action::Lose(Lost::ThenClose)) => {
                self.close().await;
                Ok(())
            }
            Some(Action::Lose(Lost::ThenReset)) => {
                self.reset();
                Ok(())
            }
            Some(Action::Lose(Lost::ThenHang)) => {
                self.hang().await;
                Ok(())
            }
            Some(Action::Twice) => self.say_raw(text.repeat(2).as_bytes()).await,
            Some(Action::Dribble) => match &mut self.channel {
                Some(channel) => channel.write_slowly(text.as_bytes()).await,
                None => Ok(()),
            },
            Some(Action::LineFeedOnly) => self.say_raw(text.replace("\r\n", "\n").as_bytes()).await,
            Some(Action::NoWords) => self.say_raw(format!("{}\r\n", &text[..3]).as_bytes()).await,
            Some(Action::Before(more)) => self.say_raw(&[more, text.as_bytes()].concat()).await,
            _ => self.say_raw(text.as_bytes()).await,
        }
    }

    /// The message up to its end, and then the reply to it.
    async fn receive(&mut self) -> io::Result<()> {
        let action = self.action("BODY");
        // From a line's end on, so that the first line may be the dot.
        let mut body = b"\r\n".to_vec();
        body.append(&mut self.buffer);
        let mut looked = 0;
        let end = loop {
            let end = body[looked..].windows(5).position(|five| five == b"\r\n.\r\n");
            if let Some(end) = end {
                break looked + end;
            }
            match &action {
                Some(Action::StallAfter(most)) if body.len() > *most => return std::future::pending().await,
                Some(Action::ResetAfter(most)) if body.len() > *most => {
                    self.reset();
                    return Ok(());
                }
                Some(Action::NoAfter(most, text)) if body.len() > *most => {
                    self.say_raw(format!("{text}\r\n").as_bytes()).await?;
                    return std::future::pending().await;
                }
                Some(Action::ByeAfter(most, text)) if body.len() > *most => {
                    self.say_raw(format!("{text}\r\n").as_bytes()).await?;
                    self.close().await;
                    return Ok(());
                }
                _ => {}
            }
            looked = body.len().saturating_sub(4);
            if self.read(&mut body).await? == 0 {
                self.channel = None;
                return Ok(());
            }
        };
        self.buffer = body.split_off(end + 5);
        body.truncate(end + 2);
        if let Some(message) = &mut self.message {
            message.bytes = without_dots(&body[2..]);
        }
        let dot = Command::parse(b"DOT");
        let action = self.action("DOT");
        self.step(&dot, action).await?;
        self.message = None;
        Ok(())
    }

    pub(super) async fn say_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.channel {
            Some(channel) => channel.write(bytes).await,
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// STARTTLS: whatever was read before it is forgotten.
    pub(super) async fn start_tls(&mut self, action: Option<&Action>) -> io::Result<Performed> {
        const GO: &[u8] = b"220 2.0.0 Go ahead\r\n";
        match action {
            Some(Action::InjectBeforeTls(bytes)) => self.say_raw(&[GO, bytes].concat()).await?,
            Some(Action::GarbageForTls) => {
                self.say_raw(GO).await?;
                self.read(&mut Vec::new()).await?;
                self.say_raw(b"this is not TLS at all\r\n").await?;
                self.close().await;
                return Ok(Performed::Silence);
            }
            Some(Action::Say(_) | Action::Lose(_)) => return Ok(reply("220 2.0.0 Go ahead")),
            // A reply that comes in pieces or ends in LF is one more way to say it.
            action => self.answer(reply("220 2.0.0 Go ahead"), action).await?,
        }
        self.encrypt().await?;
        Ok(Performed::Silence)
    }

    async fn encrypt(&mut self) -> io::Result<()> {
        let config = self.shared.encryption.clone().ok_or(io::ErrorKind::Unsupported)?;
        let channel = self.channel.take().ok_or(io::ErrorKind::NotConnected)?;
        self.channel = Some(channel.encrypt(config).await?);
        self.is_secure = true;
        Ok(())
    }

    async fn close(&mut self) {
        if let Some(channel) = self.channel.take() {
            // The client may be gone before us.
            let _ = channel.close().await;
        }
    }

    fn reset(&mut self) {
        if let Some(channel) = self.channel.take() {
            channel.reset();
        }
    }

    async fn hang(&mut self) {
        if let Some(mut channel) = self.channel.take() {
            channel.ignore().await;
        }
    }

    pub(super) async fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                return Ok(Some(self.buffer.drain(..=end).collect()));
            }
            let mut buffer = std::mem::take(&mut self.buffer);
            let read = self.read(&mut buffer).await?;
            self.buffer = buffer;
            if read == 0 {
                return Ok(None);
            }
            self.shared.packets.lock().unwrap().push(Vec::new());
        }
    }

    async fn read(&mut self, into: &mut Vec<u8>) -> io::Result<usize> {
        let Some(channel) = &mut self.channel else { return Ok(0) };
        let mut more = [0; 64 * 1024];
        let read = channel.read(&mut more).await?;
        into.extend_from_slice(&more[..read]);
        Ok(read)
    }
}

/// RFC 5321 section 4.5.2: the first dot of a line that has another is transparency's.
fn without_dots(body: &[u8]) -> Vec<u8> {
    let lines = body.split_inclusive(|byte| *byte == b'\n');
    lines.flat_map(|line| line.strip_prefix(b".").unwrap_or(line)).copied().collect()
}
