//! What a scripted server was sent.

use std::{collections::BTreeMap, fmt, sync::Mutex};

/// One command as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// In capitals.
    pub verb: String,
    /// What follows the verb, as bytes.
    pub argument: Vec<u8>,
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.verb)?;
        if !self.argument.is_empty() {
            write!(f, " {}", String::from_utf8_lossy(&self.argument))?;
        }
        Ok(())
    }
}

impl Command {
    pub fn parse(line: &[u8]) -> Self {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut parts = line.splitn(2, |byte| *byte == b' ');
        let verb = String::from_utf8_lossy(parts.next().unwrap_or_default()).to_ascii_uppercase();
        Self { verb, argument: parts.next().unwrap_or_default().to_vec() }
    }
}

#[derive(Default)]
pub struct Record(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    connections: usize,
    commands: Vec<Command>,
    counts: BTreeMap<String, usize>,
}

impl Record {
    /// Counts a control connection.
    pub fn connected(&self) {
        self.0.lock().unwrap().connections += 1;
    }

    /// Notes a command.
    pub fn heard(&self, command: &Command) {
        self.0.lock().unwrap().commands.push(command.clone());
    }

    /// How many times there was this verb, with this time.
    pub fn count(&self, verb: &str) -> usize {
        let mut seen = self.0.lock().unwrap();
        let count = seen.counts.entry(verb.to_owned()).or_default();
        *count += 1;
        *count
    }

    pub fn commands(&self) -> Vec<Command> {
        self.0.lock().unwrap().commands.clone()
    }

    pub fn connections(&self) -> usize {
        self.0.lock().unwrap().connections
    }
}
