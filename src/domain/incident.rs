//! An incident: a server's trouble of one kind, from its first failure until it is over; or something late, until it came.

use crate::domain::{Moment, Reason, Ref};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The rule that notices are jobs of. No rule file may have its name, and its failures make no notice.
pub const NOTICES: &str = "notices";

/// What people may want to hear of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Event {
    /// A server is in trouble, and its jobs wait.
    Trouble,
    /// Jobs failed for good.
    Failed,
    /// Jobs wait for longer than their rules find right.
    Delayed,
    /// What a rule expects did not come.
    Missed,
    /// It is over.
    Recovered,
    /// Jobs were delivered: no incident, told on request.
    Delivered,
}

impl Event {
    /// The word of this event in YAML and SQL.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Trouble => "trouble",
            Self::Failed => "failed",
            Self::Delayed => "delayed",
            Self::Missed => "missed",
            Self::Recovered => "recovered",
            Self::Delivered => "delivered",
        }
    }
}

/// One incident with whoever was told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Its row, once it has one.
    pub id: Option<i64>,
    /// A server; of [`Event::Missed`] and of what could not be planned, a rule.
    pub subject: String,
    /// Any but [`Event::Recovered`] and [`Event::Delivered`].
    pub event: Event,
    /// A word of `TroubleKind` or of `Reason`; of what is late, none.
    pub kind: String,
    pub opened_at: Moment,
    /// When it last showed itself: but for what failed, until when it lasted, once that is known.
    pub last_at: Moment,
    pub closed_at: Option<Moment>,
    /// It came back then, before it had been over for an hour.
    pub reopened_at: Option<Moment>,
    /// Jobs that failed in it, or wait.
    pub jobs: u64,
    /// The server's first words, else ours; unescaped.
    pub said: String,
    /// Whose jobs are hit.
    pub rules: BTreeSet<String>,
    /// Some of its jobs.
    pub examples: Vec<Example>,
    pub readers: Vec<Reader>,
}

impl Incident {
    /// The server that it is about, if it is about one.
    #[must_use]
    pub fn server(&self) -> Option<&str> {
        (self.event != Event::Missed && !self.is_unplanned()).then_some(&*self.subject)
    }

    /// Jobs of a rule failed before any server was asked.
    #[must_use]
    pub fn is_unplanned(&self) -> bool {
        self.event == Event::Failed && self.kind == Reason::Unplannable.word()
    }
}

/// A job, as a mail shows it; unescaped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    pub job: String,
    pub name: String,
    pub size_bytes: Option<u64>,
    /// In hexadecimal, where it is known.
    #[serde(default)]
    pub sha256: Option<String>,
    /// Empty: for whom a mail was could not be said.
    pub to: String,
    /// Attempts on record, without those that were handed back.
    pub tries: u32,
    pub said: String,
}

/// What an address was told of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reader {
    pub address: String,
    /// That it began.
    pub started_at: Option<Moment>,
    /// The job of that mail.
    pub start_job: Option<Ref>,
    /// Where that mail is.
    pub start: StartMail,
    /// That it is over, or that there was nothing to tell of it.
    pub over_at: Option<Moment>,
}

/// Where the mail is that tells of a beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StartMail {
    /// Not there, or not gone out: the end may overtake it.
    #[default]
    Waiting,
    /// On its way at this moment: what becomes of it is not known.
    UnderWay,
    Sent,
}

/// A job that failed and is not counted yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub rule: String,
    pub server: String,
    /// A word of `TroubleKind` or of `Reason`; `unplannable` only where no server was asked.
    pub kind: String,
    pub ended_at: Moment,
    pub example: Example,
}

impl Failure {
    /// Whose incident it is: the server's, or, where none was asked, the rule's.
    #[must_use]
    pub fn subject(&self) -> &str {
        if self.kind == Reason::Unplannable.word() { &self.rule } else { &self.server }
    }
}
