//! How an attempt ended, and whose trouble it was when it did not end well.

use crate::domain::{Proof, RemotePath, Sha256, Sighting};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Delivered(Delivered),
    /// The source is moved or deleted; there is no copy to keep a receipt of.
    TakenAway(TakenAway),
    /// Worth another try, later.
    Deferred(Trouble),
    /// Another try would end the same way.
    Failed(Trouble),
    /// The last word was lost and asking did not settle it; tried again, which overwrites itself.
    Unknown(Trouble),
    /// Handed back untried or interrupted by us; not counted.
    Returned,
    /// The source is no longer the version the job names; nothing was left at the target.
    SourceChanged(Change),
    /// Its inode or ctime alone is another, and the ledger does not yet say whether its bytes are: its watch will.
    SourceUnclear(Change),
}

/// What became of a source that is not where it came any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TakenAway {
    Deleted,
    Moved {
        /// In our words.
        said: String,
        /// `None`: it could not be looked at there.
        lies: Option<Sighting>,
    },
}

impl TakenAway {
    /// In our words.
    #[must_use]
    pub fn said(&self) -> &str {
        match self {
            Self::Deleted => "deleted",
            Self::Moved { said, .. } => said,
        }
    }
}

/// What became of the source while its job was under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// In our words.
    pub said: String,
    /// A temporary name that we could not remove or could not be sure of.
    pub litter: Option<RemotePath>,
}

impl<T: Into<String>> From<T> for Change {
    fn from(said: T) -> Self {
        Self { said: said.into(), litter: None }
    }
}

/// What is known of a delivered file, or of a message that a relay has accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Where the file is now; differs from the job's target under `on_exists: keep_both`. `None` for a message.
    pub remote_path: Option<RemotePath>,
    pub size_bytes: u64,
    /// Of the bytes as they were sent.
    pub sha256: Sha256,
    pub proof: Proof,
    /// The server's last words.
    pub reply: String,
    /// What went over the wire in this attempt; less than `size_bytes` after a resume.
    pub sent_bytes: u64,
    /// `TLSv1.2` and the like; `None` on a plain connection.
    pub tls: Option<String>,
    /// The temporary name under which the file that it replaces was set aside and could not be removed.
    pub litter: Option<RemotePath>,
}

/// Whom the trouble belongs to: the server's closes its lane and costs the job nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Whose {
    /// Every job there would meet it. Not counted.
    Server,
    /// This job met it. Counted.
    Job,
}

/// A closed list, for incidents, filters and back-off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TroubleKind {
    /// No TCP connection, or no greeting.
    Connect,
    /// Handshake, certificate, pin, or TLS refused.
    Tls,
    /// User, password or account refused.
    Login,
    /// 421 and its kin: too many connections, shutting down.
    Busy,
    /// The control connection broke, fell silent or spoke nonsense.
    Session,
    /// No data connection, or it broke or fell silent.
    Data,
    /// 452, 552: no room there.
    Full,
    /// Refused for now (450, 451 …).
    RefusedNow,
    /// Refused for good (550, 553 …).
    Refused,
    /// What is stored is not what was sent.
    Damaged,
    /// `on_exists: fail`, and it exists.
    Exists,
    /// Our own side: a file that cannot be read, a setting that cannot work.
    Local,
}

impl TroubleKind {
    pub const ALL: [Self; 12] = [
        Self::Connect,
        Self::Tls,
        Self::Login,
        Self::Busy,
        Self::Session,
        Self::Data,
        Self::Full,
        Self::RefusedNow,
        Self::Refused,
        Self::Damaged,
        Self::Exists,
        Self::Local,
    ];

    /// The word of this kind in SQL, CLI and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Login => "login",
            Self::Busy => "busy",
            Self::Session => "session",
            Self::Data => "data",
            Self::Full => "full",
            Self::RefusedNow => "refused_now",
            Self::Refused => "refused",
            Self::Damaged => "damaged",
            Self::Exists => "exists",
            Self::Local => "local",
        }
    }

    /// The kind that `word` names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// What went wrong, in a form that decides and a form that is read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{said}")]
pub struct Trouble {
    pub whose: Whose,
    pub kind: TroubleKind,
    /// The three digits of the reply (RFC 959 section 4.2, RFC 5321 section 4.2), where there was one.
    pub code: Option<u16>,
    /// The server's own words (unescaped), else ours: what was tried and why it failed.
    pub said: String,
    /// What went over the wire before it.
    pub sent_bytes: u64,
    /// A temporary name that we could not remove or could not be sure of.
    pub litter: Option<RemotePath>,
    /// For how long the server asks to be left alone with this job, where it says so (RFC 9110 section 10.2.3).
    pub wait: Option<Duration>,
}

impl Trouble {
    /// The server's trouble: costs the job nothing.
    #[must_use]
    pub fn of_server(kind: TroubleKind, said: impl Into<String>) -> Self {
        Self { whose: Whose::Server, kind, code: None, said: said.into(), sent_bytes: 0, litter: None, wait: None }
    }

    /// This job's trouble: counted.
    #[must_use]
    pub fn of_job(kind: TroubleKind, said: impl Into<String>) -> Self {
        Self { whose: Whose::Job, ..Self::of_server(kind, said) }
    }

    /// With the reply's three digits.
    #[must_use]
    pub fn with_code(self, code: Option<u16>) -> Self {
        Self { code, ..self }
    }
}
