//! A row of the table: a fault, and what is to come of it.

use crate::support::{
    certificates::Shown,
    scripted_ftp::{
        Action::{self, *},
        Fault, Script, always, once,
    },
    servers::{RenameOver, Tls},
};
use packetboat::{config::TlsVersion, delivery::ftp::Upload};

/// The connection afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    Kept,
    Dropped,
}
pub use Connection::{Dropped, Kept};

/// Temporary names afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Litter {
    Clean,
    Reported,
}
pub use Litter::{Clean, Reported};

/// One fault, and what is to come of it.
pub struct Row {
    pub name: &'static str,
    pub script: Script,
    pub change: fn(&mut Upload),
    pub tls_max: TlsVersion,
    pub is_there: bool,
    pub bytes: usize,
    /// `delivered size` or `deferred server busy`.
    pub expected: &'static str,
    pub connection: Connection,
    pub litter: Litter,
    /// In the message or, for a delivery, in the dialogue.
    pub says: &'static str,
    /// How often, at most, a deadline passes before we know.
    pub deadlines: u32,
}

pub fn row(name: &'static str, faults: impl Into<Vec<Fault>>, expected: &'static str) -> Row {
    Row {
        name,
        script: Script::with(faults),
        change: |_| {},
        tls_max: TlsVersion::V1_2,
        is_there: false,
        bytes: 5_000,
        expected,
        connection: Kept,
        litter: Clean,
        says: "",
        deadlines: 1,
    }
}

impl Row {
    pub fn dropped(self) -> Self {
        Self { connection: Dropped, ..self }
    }

    pub fn litter(self) -> Self {
        Self { litter: Reported, ..self }
    }

    pub fn says(self, says: &'static str) -> Self {
        Self { says, ..self }
    }

    pub fn after_deadlines(self, deadlines: u32) -> Self {
        Self { deadlines, ..self }
    }

    pub fn over(self) -> Self {
        Self { is_there: true, ..self }
    }

    pub fn bytes(self, bytes: usize) -> Self {
        Self { bytes, ..self }
    }

    pub fn wanting(self, change: fn(&mut Upload)) -> Self {
        Self { change, ..self }
    }

    pub fn script(self, change: impl FnOnce(Script) -> Script) -> Self {
        Self { script: change(self.script), ..self }
    }

    pub fn tls(self) -> Self {
        self.script(|script| Script { tls: Tls::Explicit, ..script })
    }

    pub fn tls_1_3(self) -> Self {
        Self { tls_max: TlsVersion::V1_3, ..self.tls() }
    }

    pub fn shows(self, certificate: Shown) -> Self {
        self.tls().script(|script| Script { certificate, ..script })
    }

    pub fn without(self, features: &[&'static str]) -> Self {
        self.script(|script| script.without(features))
    }

    pub fn and(self, features: &[&'static str]) -> Self {
        self.script(|script| script.and(features))
    }

    pub fn refusing_to_rename_over(self) -> Self {
        self.over().script(|script| Script { rename_over: RenameOver::Refused, ..script })
    }
}

pub fn instead(verb: &'static str, words: &'static str) -> [Fault; 1] {
    [always(verb, Instead(words))]
}

pub fn first(verb: &'static str, action: Action) -> [Fault; 1] {
    [once(verb, 1, action)]
}
