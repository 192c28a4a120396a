//! The states of a job and the moves between them; `docs/job-lifecycle.md` draws the same picture.

use serde::{Deserialize, Serialize};

/// The server of jobs that are done on this machine: copies into a folder, sources moved or deleted.
pub const HERE: &str = "here";

/// Where a job stands. Deferred is `Queued` with a later due time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// For another job; promoted in the transaction that ends it.
    Waiting,
    /// To be claimed once its due time has come.
    Queued,
    /// Claimed by a live session.
    Running,
    /// Set aside by an operator or a paused rule.
    Held,
    Delivered,
    Failed,
    Cancelled,
}

impl JobState {
    pub const ALL: [Self; 7] =
        [Self::Waiting, Self::Queued, Self::Running, Self::Held, Self::Delivered, Self::Failed, Self::Cancelled];

    /// The word of this state in SQL, CLI and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Held => "held",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state that `word` names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Nothing more happens to the job by itself.
    #[must_use]
    pub fn is_ended(self) -> bool {
        matches!(self, Self::Delivered | Self::Failed | Self::Cancelled)
    }

    /// Whether a job may go from here to `next`.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        use JobState::{Cancelled, Delivered, Failed, Held, Queued, Running, Waiting};
        matches!(
            (self, next),
            (Waiting, Queued | Held | Failed | Cancelled)
                | (Queued, Running | Waiting | Held | Failed | Cancelled)
                | (Running, Delivered | Failed | Cancelled | Queued | Held)
                | (Held, Queued | Waiting | Failed | Cancelled)
                | (Delivered, Failed)
                | (Failed, Queued | Cancelled)
                | (Cancelled, Queued)
        )
    }
}

/// Why a job is held, failed or cancelled, when it was not the server's words that decided: a closed list, for filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A newer version of the same source path, or of the same target, took its place.
    Superseded,
    /// The file is no longer the version named and no newer arrival of it exists.
    SourceChanged,
    /// The rule or an operator's `pause` holds it.
    RulePaused,
    /// `hold`.
    ByOperator,
    /// All of it was sent, nobody answered, and its rule says `on_unknown: hold`.
    Unknown,
    /// The deadline passed.
    Deadline,
    /// `retry.attempts` were used up.
    Attempts,
    /// The server refused it for good.
    Refused,
    /// It was refused before anything was sent: its path, its size, its name.
    Unplannable,
    /// A relay had taken it, and it came back.
    Bounced,
    /// No mail is sent to its address (`packetboat suppressions`).
    Suppressed,
}

impl Reason {
    pub const ALL: [Self; 11] = [
        Self::Superseded,
        Self::SourceChanged,
        Self::RulePaused,
        Self::ByOperator,
        Self::Unknown,
        Self::Deadline,
        Self::Attempts,
        Self::Refused,
        Self::Unplannable,
        Self::Bounced,
        Self::Suppressed,
    ];

    /// The word of this reason in SQL, CLI and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Superseded => "superseded",
            Self::SourceChanged => "source_changed",
            Self::RulePaused => "rule_paused",
            Self::ByOperator => "by_operator",
            Self::Unknown => "unknown",
            Self::Deadline => "deadline",
            Self::Attempts => "attempts",
            Self::Refused => "refused",
            Self::Unplannable => "unplannable",
            Self::Bounced => "bounced",
            Self::Suppressed => "suppressed",
        }
    }

    /// The reason that `word` names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_moves_are_those_of_the_picture() {
        let picture = include_str!("../../docs/job-lifecycle.md");
        let rows = picture.lines().filter_map(|line| {
            let [_, from, to, ..] = line.split('|').map(str::trim).collect::<Vec<_>>()[..] else { return None };
            Some((JobState::from_word(from)?, JobState::from_word(to)?))
        });
        let drawn: Vec<_> = rows.collect();
        let all = JobState::ALL.into_iter().flat_map(|from| JobState::ALL.map(|to| (from, to)));
        let coded: BTreeSet<_> = all.filter(|(from, to)| from.may_become(*to)).collect();
        assert_eq!(drawn.iter().copied().collect::<BTreeSet<_>>(), coded);
        assert_eq!(drawn.len(), coded.len(), "a move is drawn twice");
    }
}
