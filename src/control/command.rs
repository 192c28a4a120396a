//! What can be asked of whoever holds the lock, and what it answers: one JSON object each.

use crate::{
    control::{HeartbeatTrouble, SourceTrouble},
    domain::{Moment, Scope},
    store::{JobVerb, Rehearsal, Tally, Which},
};
use serde::{Deserialize, Serialize};

/// Something that writes, or that only a running process knows. Each may be sent twice: the second finds it done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// `retry`, `cancel`, `hold`, `release`
    Jobs {
        verb: JobVerb,
        which: Which,
        #[serde(default)]
        rehearsal: Rehearsal,
    },
    /// Open jobs of a server go to another.
    MoveJobs {
        from: String,
        to: String,
        #[serde(default)]
        rehearsal: Rehearsal,
    },
    Pause {
        what: Subject,
    },
    Resume {
        what: Subject,
    },
    /// Somebody may use the HTTP door from now on: with the token of this hash, which is known to whoever made it alone.
    AddToken {
        name: String,
        sha256: [u8; 32],
        scopes: Vec<Scope>,
        expires_at: Option<Moment>,
    },
    /// Or no more.
    RevokeToken {
        name: String,
    },
    /// No mail is sent to an address from now on.
    Suppress {
        address: String,
        said: String,
        until: Option<Moment>,
    },
    /// Or again.
    Unsuppress {
        address: String,
    },
    /// Which folders are not seen whole, and whether the heartbeat is answered. Writes nothing: only the process itself knows.
    Folders,
}

/// What is paused: by its name alone if only one has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    Rule(String),
    Server(String),
    Named(String),
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// Of jobs that were meant, how many it was done to, or in a rehearsal would be.
    Jobs(Tally),
    /// A rule, and how many of its jobs were held or let go.
    Rule {
        rule: String,
        jobs: u64,
    },
    Server {
        server: String,
    },
    Token {
        name: String,
    },
    Address {
        address: String,
    },
    Folders {
        troubles: Vec<SourceTrouble>,
        #[serde(default)]
        heartbeat: Option<HeartbeatTrouble>,
    },
    /// Asked for something that makes no sense here: a name that nothing has, a pattern that is none.
    Refused {
        why: String,
    },
    /// The database would not.
    Failed {
        why: String,
    },
}
