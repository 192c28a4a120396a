//! A row of the table: a fault, and what is to come of it.

use crate::support::{
    certificates::Shown,
    scripted_smtp::{Action, Fault, Script, once},
    servers::Tls,
};
use packetboat::config::SmtpLogin;

/// The connection afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// Another message goes over it.
    Kept,
    Dropped,
}
pub use Connection::{Dropped, Kept};

/// Whether commands go out ahead of their answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Together,
    OneByOne,
}

/// One fault, and what is to come of it.
#[derive(Clone)]
pub struct Row {
    pub name: &'static str,
    pub script: Script,
    pub login: Option<SmtpLogin>,
    pub ways: &'static [Way],
    pub bytes: usize,
    /// `deferred server busy` for all three, or three of these with ` / ` between them.
    pub expected: &'static str,
    pub connection: Connection,
    /// In a message of somebody who does not have it or, where all have it, in the relay's replies.
    pub says: &'static str,
    /// How often, at most, a deadline passes before we know.
    pub deadlines: u32,
}

pub fn row(name: &'static str, faults: impl Into<Vec<Fault>>, expected: &'static str) -> Row {
    Row {
        name,
        script: Script::with(faults),
        login: None,
        ways: &[Way::Together, Way::OneByOne],
        bytes: 0,
        expected,
        connection: Kept,
        says: "",
        deadlines: 1,
    }
}

impl Row {
    pub fn dropped(self) -> Self {
        Self { connection: Dropped, ..self }
    }

    pub fn says(self, says: &'static str) -> Self {
        Self { says, ..self }
    }

    pub fn after_deadlines(self, deadlines: u32) -> Self {
        Self { deadlines, ..self }
    }

    /// A message of at least so many bytes.
    pub fn bytes(self, bytes: usize) -> Self {
        Self { bytes, ..self }
    }

    pub fn together(self) -> Self {
        Self { ways: &[Way::Together], ..self }
    }

    pub fn tls(self, tls: Tls) -> Self {
        self.script(|script| script.tls(tls))
    }

    pub fn shows(self, certificate: Shown) -> Self {
        self.tls(Tls::Explicit).script(|script| Script { certificate, ..script })
    }

    pub fn script(self, change: impl FnOnce(Script) -> Script) -> Self {
        Self { script: change(self.script), ..self }
    }

    /// To a relay that wants a login.
    pub fn with_login(self, login: Option<SmtpLogin>) -> Self {
        Self { login, ..self }.script(|script| script.and(crate::support::scripted_smtp::LOGINS))
    }
}

pub fn first(verb: &'static str, action: Action) -> [Fault; 1] {
    [once(verb, 1, action)]
}

pub fn second(verb: &'static str, action: Action) -> [Fault; 1] {
    [once(verb, 2, action)]
}
