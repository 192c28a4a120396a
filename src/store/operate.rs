//! What an operator may do to a job in which state: the decision, pure, and the words of what was left alone.

use crate::domain::{JobState, Moment, RefTail};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What an operator does to jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobVerb {
    /// Try again now: one that failed or was cancelled, with its deadline anew, or a queued one that is not due yet.
    Retry,
    /// Give up, or be done with one that failed.
    Cancel,
    /// Set aside.
    Hold,
    /// Let go.
    Release,
}

impl JobVerb {
    /// In the order of the manual.
    pub const ALL: [Self; 4] = [Self::Retry, Self::Cancel, Self::Hold, Self::Release];

    /// What was done, as it is told.
    #[must_use]
    pub fn done(self) -> &'static str {
        match self {
            Self::Retry => "queued again",
            Self::Cancel => "cancelled",
            Self::Hold => "held",
            Self::Release => "released",
        }
    }
}

/// Whether it is only said what would be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rehearsal {
    /// `--dry-run`
    Only,
    #[default]
    No,
}

/// What an operator wants done to jobs, and what must be known for it.
#[derive(Debug, Clone)]
pub struct Operation {
    pub verb: JobVerb,
    pub rehearsal: Rehearsal,
    pub now: Moment,
    /// Rules that their own file pauses; those that an operator paused are on record.
    pub paused_in_file: Vec<String>,
}

/// Why a job was left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftAlone {
    Running,
    Delivered,
    Failed,
    Cancelled,
    Waiting,
    Queued,
    Held,
    RulePaused,
    TargetBusy,
    NoTarget,
    KeyTaken,
    OtherKind,
    RowsToCome,
    Followed,
    Gone,
}

impl LeftAlone {
    /// Its state is not for the verb, or it is gone: there was nothing to do. Otherwise something was in the way.
    #[must_use]
    pub fn is_by_its_state(self) -> bool {
        use LeftAlone::{Cancelled, Delivered, Failed, Gone, Held, Queued, Waiting};
        matches!(self, Delivered | Failed | Cancelled | Waiting | Queued | Held | Gone)
    }

    /// Why, and where there is one the way out.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Running => "running: it ends its try first",
            Self::Delivered => "delivered already",
            Self::Failed => "failed already",
            Self::Cancelled => "cancelled already",
            Self::Waiting => "waiting for another job, and goes on with it",
            Self::Queued => "queued already",
            Self::Held => "held: `release` lets it go",
            Self::RulePaused => "its rule is paused: `resume`, or its own file without `paused: true`, lets it go",
            Self::TargetBusy => "another job for the same target is open",
            Self::NoTarget => {
                "it could not be planned: correct the rule or what it names; then touch the file, or put it back into the watched \
                 folder, or leave it to the next tick"
            }
            Self::KeyTaken => "another mail has its `idempotency_key` by now, and goes out in its place",
            Self::OtherKind => {
                "for another kind of server: files go to FTP servers, mail to relays, notices to webhooks"
            }
            Self::RowsToCome => "stands for rows of a file that are still being taken in",
            Self::Followed => "what follows upon it is being done: once more in a moment",
            Self::Gone => "no longer on record",
        }
    }
}

/// What a verb did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub done: u64,
    pub left_alone: BTreeMap<LeftAlone, u64>,
    /// Ids that no job has.
    #[serde(default)]
    pub unknown: Vec<RefTail>,
    /// Ids that two jobs have: neither was touched.
    #[serde(default)]
    pub ambiguous: Vec<RefTail>,
}

impl Tally {
    /// Counts one job.
    pub(super) fn count<T>(&mut self, decision: &Result<T, LeftAlone>) {
        match decision {
            Ok(_) => self.done += 1,
            Err(why) => *self.left_alone.entry(*why).or_default() += 1,
        }
    }

    /// Counts another chunk in.
    pub(super) fn add(&mut self, chunk: Self) {
        self.done += chunk.done;
        for (why, jobs) in chunk.left_alone {
            *self.left_alone.entry(why).or_default() += jobs;
        }
    }
}

/// What a decision looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    pub state: JobState,
    /// Why it can never be tried again: its path, its mail or the bytes that it is about are not there.
    pub lacks: Option<LeftAlone>,
    /// By an operator or by its own file.
    pub rule_is_paused: bool,
    /// Another job for the same target is open.
    pub target_is_busy: bool,
    /// An older open job must end before it.
    pub must_wait: bool,
    /// It stands for the rows of a file that are not taken in yet.
    pub is_of_rows_to_come: bool,
    /// A step of `after` or `after_failure` is running that follows upon it.
    pub is_followed: bool,
}

/// The state a job goes to, always a legal move or, for a retry, the same state.
pub(super) fn decide(verb: JobVerb, job: &Standing) -> Result<JobState, LeftAlone> {
    use JobState::{Cancelled, Delivered, Failed, Held, Queued, Running, Waiting};
    match (verb, job.state) {
        _ if job.is_of_rows_to_come => Err(LeftAlone::RowsToCome),
        (_, Running) => Err(LeftAlone::Running),
        (_, Delivered) => Err(LeftAlone::Delivered),
        (JobVerb::Retry, Queued) => Ok(Queued),
        (JobVerb::Retry, Failed | Cancelled) => may_be_retried(job).map(|()| Queued),
        (JobVerb::Cancel, Waiting | Queued | Held | Failed) => Ok(Cancelled),
        (JobVerb::Hold, Waiting | Queued) => Ok(Held),
        (JobVerb::Release, Held) if job.rule_is_paused => Err(LeftAlone::RulePaused),
        (JobVerb::Release, Held) => Ok(if job.must_wait { Waiting } else { Queued }),
        (_, Failed) => Err(LeftAlone::Failed),
        (_, Cancelled) => Err(LeftAlone::Cancelled),
        (_, Waiting) => Err(LeftAlone::Waiting),
        (_, Queued) => Err(LeftAlone::Queued),
        (_, Held) => Err(LeftAlone::Held),
    }
}

/// A retried job must not run beside another of the same target, nor in a rule that is paused.
fn may_be_retried(job: &Standing) -> Result<(), LeftAlone> {
    match job {
        Standing { lacks: Some(why), .. } => Err(*why),
        Standing { rule_is_paused: true, .. } => Err(LeftAlone::RulePaused),
        Standing { target_is_busy: true, .. } => Err(LeftAlone::TargetBusy),
        Standing { is_followed: true, .. } => Err(LeftAlone::Followed),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use JobState::{Cancelled, Delivered, Failed, Held, Queued, Running, Waiting};

    fn plain(state: JobState) -> Standing {
        Standing {
            state,
            lacks: None,
            rule_is_paused: false,
            target_is_busy: false,
            must_wait: false,
            is_of_rows_to_come: false,
            is_followed: false,
        }
    }

    #[test]
    fn every_verb_does_to_every_state_what_the_table_says() {
        use LeftAlone as Left;
        for (state, retry, cancel, hold, release) in [
            (Waiting, Err(Left::Waiting), Ok(Cancelled), Ok(Held), Err(Left::Waiting)),
            (Queued, Ok(Queued), Ok(Cancelled), Ok(Held), Err(Left::Queued)),
            (Running, Err(Left::Running), Err(Left::Running), Err(Left::Running), Err(Left::Running)),
            (Held, Err(Left::Held), Ok(Cancelled), Err(Left::Held), Ok(Queued)),
            (Delivered, Err(Left::Delivered), Err(Left::Delivered), Err(Left::Delivered), Err(Left::Delivered)),
            (Failed, Ok(Queued), Ok(Cancelled), Err(Left::Failed), Err(Left::Failed)),
            (Cancelled, Ok(Queued), Err(Left::Cancelled), Err(Left::Cancelled), Err(Left::Cancelled)),
        ] {
            for (verb, expected) in JobVerb::ALL.into_iter().zip([retry, cancel, hold, release]) {
                assert_eq!(decide(verb, &plain(state)), expected, "{verb:?} of {state:?}");
                let of_rows = Standing { is_of_rows_to_come: true, ..plain(state) };
                assert_eq!(decide(verb, &of_rows), Err(Left::RowsToCome));
            }
        }
    }

    #[test]
    fn no_verb_makes_an_illegal_move_whatever_else_is_true_of_the_job() {
        for state in JobState::ALL {
            for verb in JobVerb::ALL {
                for bits in 0..32 {
                    let job = Standing {
                        state,
                        lacks: (bits & 1 > 0).then_some(LeftAlone::NoTarget),
                        rule_is_paused: bits & 2 > 0,
                        target_is_busy: bits & 4 > 0,
                        must_wait: bits & 8 > 0,
                        is_of_rows_to_come: false,
                        is_followed: bits & 16 > 0,
                    };
                    let Ok(next) = decide(verb, &job) else { continue };
                    let is_due_now = (verb, state, next) == (JobVerb::Retry, Queued, Queued);
                    assert!(state.may_become(next) || is_due_now, "{verb:?} {job:?} → {next:?}");
                }
            }
        }
    }

    #[test]
    fn a_retry_or_release_that_could_overtake_is_refused_or_waits() {
        let failed = plain(Failed);
        for (job, why) in [
            (Standing { target_is_busy: true, ..failed }, LeftAlone::TargetBusy),
            (Standing { rule_is_paused: true, ..failed }, LeftAlone::RulePaused),
            (Standing { lacks: Some(LeftAlone::KeyTaken), ..failed }, LeftAlone::KeyTaken),
            (Standing { is_followed: true, ..failed }, LeftAlone::Followed),
        ] {
            assert_eq!(decide(JobVerb::Retry, &job), Err(why));
        }
        assert_eq!(decide(JobVerb::Release, &Standing { must_wait: true, ..plain(Held) }), Ok(Waiting));
        assert_eq!(
            decide(JobVerb::Release, &Standing { rule_is_paused: true, ..plain(Held) }),
            Err(LeftAlone::RulePaused)
        );
    }
}
