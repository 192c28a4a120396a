//! One control connection: reads a command, asks the script, performs or misbehaves.

use super::{
    Action, Command, Lost, Shared,
    fault::Time,
    transfer::{DataTarget, Transferred},
};
use crate::support::{channel::Channel, servers::Tls};
use std::{io, sync::Arc};
use tokio::net::TcpStream;

pub struct Session {
    pub(super) shared: Arc<Shared>,
    /// `None` once the connection is over.
    pub(super) control: Option<Channel>,
    now_open: usize,
    /// What was read and not yet taken.
    buffer: Vec<u8>,
    /// A reply that is held back until the next command.
    late: Option<Vec<u8>>,
    pub(super) user: Vec<u8>,
    pub(super) is_logged_in: bool,
    pub(super) folder: Vec<u8>,
    pub(super) is_binary: bool,
    pub(super) offset: usize,
    pub(super) rename_from: Option<Vec<u8>>,
    pub(super) hash: &'static str,
    pub(super) data: Option<DataTarget>,
    pub(super) data_is_private: bool,
}

/// How a command ended.
pub(super) enum Performed {
    /// The last reply, without CRLF.
    Reply(String),
    /// As bytes, several lines.
    Lines(Vec<u8>),
    /// There is nothing more to say.
    Silence,
    /// The connection is over.
    Over,
}

pub(super) fn reply(text: impl Into<String>) -> Performed {
    Performed::Reply(text.into())
}

impl Session {
    pub fn new(shared: Arc<Shared>, connection: TcpStream, now_open: usize) -> Self {
        Self {
            shared,
            control: Some(Channel::plain(connection)),
            now_open,
            buffer: Vec::new(),
            late: None,
            user: Vec::new(),
            is_logged_in: false,
            folder: Vec::new(),
            is_binary: false,
            offset: 0,
            rename_from: None,
            hash: "SHA-256",
            data: None,
            data_is_private: false,
        }
    }

    /// Serves until either side is done.
    pub async fn serve(&mut self) -> io::Result<()> {
        let greeting = Command::parse(b"CONNECT");
        let action = self.action("CONNECT");
        if self.shared.script.tls == Tls::Implicit {
            if matches!(action, Some(Action::GarbageForTls)) {
                return self.say_raw(b"this is not TLS at all\r\n").await;
            }
            self.encrypt().await?;
            self.data_is_private = true;
        }
        self.step(&greeting, action).await?;
        while self.control.is_some() {
            let Some(line) = self.line().await? else { return Ok(()) };
            let command = Command::parse(&line);
            self.shared.record.heard(&command);
            if let Some(late) = self.late.take() {
                self.say_raw(&late).await?;
            }
            let action = self.action(&command.verb);
            self.step(&command, action).await?;
        }
        Ok(())
    }

    /// What the script has for this command, this time.
    fn action(&self, verb: &str) -> Option<Action> {
        let count = self.shared.record.count(verb);
        let mut faults = self.shared.script.faults.iter();
        let fault = faults.find(|fault| {
            let is_now = match fault.time {
                Time::Nth(n) => n == count,
                Time::Always => true,
            };
            fault.verb == verb && is_now
        });
        fault.map(|fault| fault.action.clone())
    }

    async fn step(&mut self, command: &Command, action: Option<Action>) -> io::Result<()> {
        match &action {
            Some(Action::Instead(text) | Action::Bye(text)) => self.say(text).await?,
            Some(Action::InsteadSay(text)) => self.say(text).await?,
            Some(Action::InsteadRaw(bytes)) => self.say_raw(bytes).await?,
            Some(Action::Hang) => self.hang().await,
            Some(Action::Close) => self.close().await,
            Some(Action::Reset) => self.reset(),
            Some(Action::EndlessLine) => loop {
                self.say_raw(&[b'2'; 4096]).await?;
            },
            Some(Action::EndlessMultiline) => loop {
                self.say_raw(&b"220-and there is more to say\r\n".repeat(128)).await?;
            },
            _ => {
                let performed = match command.verb.as_str() {
                    "CONNECT" if self.now_open > self.shared.script.connections => {
                        self.say("421 There are too many connections from your address.").await?;
                        self.close().await;
                        return Ok(());
                    }
                    "CONNECT" => reply("220 A scripted server"),
                    _ => self.perform(command, action.as_ref()).await?,
                };
                self.answer(performed, action.as_ref()).await?;
            }
        }
        if matches!(action, Some(Action::Bye(_))) || command.verb == "QUIT" {
            self.close().await;
        }
        Ok(())
    }

    /// The last reply to a command that was performed.
    async fn answer(&mut self, performed: Performed, action: Option<&Action>) -> io::Result<()> {
        let mut bytes = match performed {
            Performed::Reply(text) => format!("{text}\r\n").into_bytes(),
            Performed::Lines(bytes) => bytes,
            Performed::Silence | Performed::Over => return Ok(()),
        };
        match action {
            Some(Action::Say(text)) => self.say(text).await,
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
            Some(Action::Late) => {
                self.late = Some(bytes);
                Ok(())
            }
            Some(Action::Twice) => self.say_raw(&bytes.repeat(2)).await,
            Some(Action::Dribble) => match &mut self.control {
                Some(control) => control.write_slowly(&bytes).await,
                None => Ok(()),
            },
            Some(Action::LineFeedOnly) => {
                bytes.retain(|byte| *byte != b'\r');
                self.say_raw(&bytes).await
            }
            Some(Action::Before(more)) => self.say_raw(&[more.as_slice(), &bytes].concat()).await,
            _ => self.say_raw(&bytes).await,
        }
    }

    /// STOR, RETR, LIST, MLSD: the transfer, and what to say after it.
    pub(super) async fn transferred(&mut self, transferred: Transferred) -> Performed {
        match transferred {
            Transferred::Whole => reply("226 Transfer complete"),
            Transferred::Said => Performed::Silence,
            Transferred::Broken(text) => reply(text),
            Transferred::Stalled => {
                self.hang().await;
                Performed::Over
            }
            Transferred::Cut => {
                self.reset();
                Performed::Over
            }
        }
    }

    pub(super) async fn say(&mut self, text: &str) -> io::Result<()> {
        self.say_raw(format!("{text}\r\n").as_bytes()).await
    }

    pub(super) async fn say_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.control {
            Some(control) => control.write(bytes).await,
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    pub(super) async fn encrypt(&mut self) -> io::Result<()> {
        let config = self.shared.encryption.clone().ok_or(io::ErrorKind::Unsupported)?;
        let control = self.control.take().ok_or(io::ErrorKind::NotConnected)?;
        self.control = Some(control.encrypt(config).await?);
        Ok(())
    }

    pub(super) async fn close(&mut self) {
        if let Some(control) = self.control.take() {
            // The client may be gone before us.
            let _ = control.close().await;
        }
    }

    fn reset(&mut self) {
        if let Some(control) = self.control.take() {
            control.reset();
        }
    }

    async fn hang(&mut self) {
        if let Some(mut control) = self.control.take() {
            control.ignore().await;
        }
    }

    async fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                return Ok(Some(self.buffer.drain(..=end).collect()));
            }
            let Some(control) = &mut self.control else { return Ok(None) };
            let mut more = [0; 4096];
            let read = control.read(&mut more).await?;
            if read == 0 {
                return Ok(None);
            }
            self.buffer.extend_from_slice(&more[..read]);
        }
    }
}
