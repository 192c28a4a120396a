//! A conversation with a simulated server: each step takes its time, and may be the last.

use crate::simulation::{Entry, Letter, Server, note};
use std::{sync::Arc, time::Duration};

/// See the module. Dropped, it hangs up.
#[derive(Debug)]
pub struct Talk {
    server: Arc<Server>,
    epoch: u64,
    is_usable: bool,
    is_used: bool,
}

/// What came instead of the wanted answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// A refusal with these digits.
    No(u16),
    /// The connection is gone.
    Broken,
}

impl Talk {
    /// Connects and logs in.
    ///
    /// # Errors
    /// `None`: no connection; else the digits of the refusal.
    pub async fn begin(server: &Arc<Server>) -> Result<Self, Option<u16>> {
        let slow = Self::takes(server);
        tokio::time::sleep(slow).await;
        let mut state = server.state();
        let conditions = state.conditions;
        let refused = match conditions.entry {
            Entry::Refused => Some(None),
            Entry::WrongPassword => Some(Some(530)),
            Entry::Open if state.conversations >= conditions.conversations => Some(Some(421)),
            Entry::Open => state.chance(conditions.drops).then_some(None),
        };
        if let Some(refused) = refused {
            drop(state);
            note(format!("{} lets nobody in: {refused:?}", server.name));
            return Err(refused);
        }
        state.conversations += 1;
        Ok(Self { server: server.clone(), epoch: state.epoch, is_usable: true, is_used: false })
    }

    /// Hangs up and connects anew.
    ///
    /// # Errors
    /// As [`Talk::begin`].
    pub async fn again(&mut self) -> Result<(), Option<u16>> {
        let server = self.server.clone();
        self.hang_up();
        *self = Self::begin(&server).await?;
        Ok(())
    }

    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.is_usable
    }

    /// Something was done over it.
    #[must_use]
    pub fn is_used(&self) -> bool {
        self.is_used
    }

    /// How many bytes a name has; `None` where nothing is.
    ///
    /// # Errors
    /// [`Said::Broken`].
    pub async fn size(&mut self, name: &[u8]) -> Result<Option<u64>, Said> {
        self.step().await?;
        Ok(self.server.state().files.get(name).map(|bytes| bytes.len() as u64))
    }

    /// Makes a name `begin` bytes long, to be written on.
    ///
    /// # Errors
    /// A refusal, or the end.
    pub async fn open(&mut self, name: &[u8], begin: u64) -> Result<(), Said> {
        self.step().await?;
        self.grumble(&[450, 451, 452])?;
        let mut state = self.server.state();
        let mut bytes = state.files.get(name).cloned().unwrap_or_default();
        bytes.truncate(usize::try_from(begin).unwrap_or(usize::MAX));
        state.put(name, bytes);
        Ok(())
    }

    /// Writes on; what is lost on the way may have come in part.
    ///
    /// # Errors
    /// A refusal, or the end.
    pub async fn write(&mut self, name: &[u8], more: &[u8]) -> Result<(), Said> {
        let stepped = self.step().await;
        let mut state = self.server.state();
        let come = if stepped.is_ok() { more.len() } else { state.moods.usize(..=more.len()) };
        let mut bytes = state.files.get(name).cloned().unwrap_or_default();
        bytes.extend_from_slice(&more[..come]);
        state.put(name, bytes);
        drop(state);
        stepped?;
        self.grumble(&[426, 452])
    }

    /// Gives a file its other name, over whatever has it. The answer may be lost, with the deed or without.
    ///
    /// # Errors
    /// A refusal, or the end.
    pub async fn rename(&mut self, from: &[u8], to: &[u8]) -> Result<(), Said> {
        self.step().await?;
        let mut state = self.server.state();
        if holds(to, b"553") {
            drop(state);
            note(format!("{} refuses {} for good", self.server.name, to.escape_ascii()));
            return Err(Said::No(553));
        }
        if holds(to, b"450") {
            let refused = state.refused.entry(to.to_vec()).or_default();
            *refused += 1;
            if *refused <= 3 {
                return Err(Said::No(450));
            }
        }
        if !state.files.contains_key(from) {
            return Err(Said::No(550));
        }
        let percent = state.conditions.loses;
        let (is_lost, is_done) = (state.chance(percent), state.moods.bool());
        if !is_lost || is_done {
            let bytes = state.files.remove(from).unwrap_or_default();
            state.put(to, bytes);
        }
        drop(state);
        note(format!("{} places {}{}", self.server.name, to.escape_ascii(), lost(is_lost, is_done)));
        if is_lost {
            return Err(self.broken());
        }
        Ok(())
    }

    /// Removes a name; one that is not there is removed.
    ///
    /// # Errors
    /// The end.
    pub async fn delete(&mut self, name: &[u8]) -> Result<(), Said> {
        self.step().await?;
        self.server.state().files.remove(name);
        Ok(())
    }

    /// `MAIL` and a `RCPT` for each: what each of them hears.
    ///
    /// # Errors
    /// The end.
    pub async fn envelope(&mut self, recipients: &[&str]) -> Result<Vec<Result<(), Said>>, Said> {
        self.step().await?;
        let mut answers = Vec::with_capacity(recipients.len());
        for recipient in recipients {
            answers.push(if recipient.starts_with("nobody") {
                Err(Said::No(550))
            } else {
                self.grumble(&[450, 451, 452])
            });
        }
        Ok(answers)
    }

    /// The bytes of a message, up to its final dot.
    ///
    /// # Errors
    /// A refusal, or the end.
    pub async fn message(&mut self) -> Result<(), Said> {
        self.step().await?;
        self.grumble(&[451, 452])
    }

    /// The final dot. The answer may be lost, with the message or without.
    ///
    /// # Errors
    /// A refusal, or the end.
    pub async fn dot(&mut self, accepted: &[&str], message: &[u8]) -> Result<(), Said> {
        self.step().await?;
        let mut state = self.server.state();
        let percent = state.conditions.loses;
        let (is_lost, is_done) = (state.chance(percent), state.moods.bool());
        if !is_lost || is_done {
            let letter = |to: &&str| Letter { recipient: (*to).to_owned(), bytes: message.to_vec() };
            state.letters.extend(accepted.iter().map(letter));
        }
        drop(state);
        note(format!("{} takes a message for {}{}", self.server.name, accepted.join(", "), lost(is_lost, is_done)));
        if is_lost {
            return Err(self.broken());
        }
        Ok(())
    }

    /// Waits for the server's answer to anything: it may have gone, go now, or be silent for long first.
    async fn step(&mut self) -> Result<(), Said> {
        tokio::time::sleep(Self::takes(&self.server)).await;
        self.is_used = true;
        let (is_over, is_silent) = {
            let mut state = self.server.state();
            let percent = state.conditions.drops;
            let (is_dropped, is_silent) = (state.chance(percent), state.chance(10));
            (is_dropped || state.epoch != self.epoch || !self.is_usable, is_silent)
        };
        if !is_over {
            return Ok(());
        }
        if is_silent {
            tokio::time::sleep(SILENCE).await;
        }
        Err(self.broken())
    }

    fn grumble(&self, answers: &[u16]) -> Result<(), Said> {
        let mut state = self.server.state();
        let percent = state.conditions.grumbles;
        if !state.chance(percent) {
            return Ok(());
        }
        let which = state.moods.usize(..answers.len());
        Err(Said::No(answers[which]))
    }

    fn broken(&mut self) -> Said {
        note(format!("{} is cut off", self.server.name));
        self.hang_up();
        Said::Broken
    }

    fn hang_up(&mut self) {
        let mut state = self.server.state();
        if std::mem::replace(&mut self.is_usable, false) && state.epoch == self.epoch {
            state.conversations = state.conversations.saturating_sub(1);
        }
    }

    fn takes(server: &Server) -> Duration {
        let mut state = server.state();
        let slowest = state.conditions.slowest_ms;
        Duration::from_millis(state.moods.u64(1..=slowest.max(1)))
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.hang_up();
    }
}

/// After which our side gives up on a server that says nothing.
const SILENCE: Duration = Duration::from_secs(20);

fn lost(is_lost: bool, is_done: bool) -> &'static str {
    match (is_lost, is_done) {
        (false, _) => "",
        (true, true) => ", and its answer is lost",
        (true, false) => ": no, it is lost, and the answer too",
    }
}

fn holds(name: &[u8], part: &[u8]) -> bool {
    name.windows(part.len()).any(|window| window == part)
}
