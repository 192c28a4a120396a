//! What an outcome makes of a job: its next state, when it is due, and whether the try counted.

use crate::{
    domain::{JobState, Moment, OnUnknown, Outcome, Reason, Retry, Settlement, Trouble, TroubleKind, Whose},
    policy::wait_before_try,
};
use std::time::Duration;

/// What settling needs to know of a job.
#[derive(Debug, Clone, Copy)]
pub struct JobFacts {
    /// Before this try.
    pub counted_tries: u32,
    pub expires_at: Moment,
    pub retry: Retry,
    pub on_unknown: OnUnknown,
    /// What its last try left.
    pub reason: Option<Reason>,
}

/// A file that changed under us is looked at once more after this span: its newer version may still be settling, and
/// supersedes the job when it arrives.
const CHANGED_AGAIN_AFTER: Duration = Duration::from_secs(15);

/// A server that asks for more time gets so much.
const LONGEST_ASKED: Duration = Duration::from_secs(3600);

/// Decides. `chance` in 0..1 spreads the retries.
#[must_use]
pub fn settle(job: &JobFacts, outcome: &Outcome, now: Moment, chance: f64) -> Settlement {
    let ended = |state, reason, said: &str| Settlement {
        state,
        due_at: now,
        counted: true,
        reason,
        said: Some(said.to_owned()),
    };
    match outcome {
        Outcome::Delivered(delivered) => ended(JobState::Delivered, None, &delivered.reply),
        Outcome::TakenAway(away) => ended(JobState::Delivered, None, away.said()),
        Outcome::Failed(trouble) if trouble.whose == Whose::Job => {
            ended(JobState::Failed, Some(why(trouble.kind)), &trouble.said)
        }
        Outcome::Unknown(trouble) if job.on_unknown == OnUnknown::Hold => {
            ended(JobState::Held, Some(Reason::Unknown), &trouble.said)
        }
        Outcome::Failed(trouble) | Outcome::Deferred(trouble) | Outcome::Unknown(trouble) => {
            again(job, trouble, now, chance)
        }
        Outcome::Returned => {
            Settlement { state: JobState::Queued, due_at: now, counted: false, reason: job.reason, said: None }
        }
        Outcome::SourceChanged(change) if job.reason == Some(Reason::SourceChanged) => {
            ended(JobState::Failed, Some(Reason::SourceChanged), &change.said)
        }
        Outcome::SourceUnclear(change) if job.expires_at <= now => {
            ended(JobState::Failed, Some(Reason::SourceChanged), &change.said)
        }
        Outcome::SourceChanged(change) | Outcome::SourceUnclear(change) => Settlement {
            state: JobState::Queued,
            due_at: now.plus(CHANGED_AGAIN_AFTER),
            counted: false,
            reason: Some(Reason::SourceChanged),
            said: Some(change.said.clone()),
        },
    }
}

/// Who refused: the server, or we before it heard of it.
fn why(kind: TroubleKind) -> Reason {
    if kind == TroubleKind::Local { Reason::Unplannable } else { Reason::Refused }
}

fn again(job: &JobFacts, trouble: &Trouble, now: Moment, chance: f64) -> Settlement {
    let counted = trouble.whose == Whose::Job;
    let tries = job.counted_tries + u32::from(counted);
    let mut settlement =
        Settlement { state: JobState::Queued, due_at: now, counted, reason: None, said: Some(trouble.said.clone()) };
    if job.expires_at <= now {
        (settlement.state, settlement.reason) = (JobState::Failed, Some(Reason::Deadline));
    } else if counted && job.retry.attempts.is_some_and(|most| tries >= most) {
        (settlement.state, settlement.reason) = (JobState::Failed, Some(Reason::Attempts));
    } else if counted {
        let wait = wait_before_try(tries, job.retry.first_wait, job.retry.longest_wait, chance);
        settlement.due_at = now.plus(wait).min(job.expires_at);
    }
    if let (JobState::Queued, Some(asked)) = (settlement.state, trouble.wait) {
        let asked = now.plus(asked.min(LONGEST_ASKED)).min(job.expires_at);
        settlement.due_at = settlement.due_at.max(asked);
    }
    settlement
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Delivered, Proof, RemotePath, Sha256};
    use proptest::prelude::*;

    const NOW: Moment = Moment(1_000_000);

    fn facts() -> JobFacts {
        JobFacts {
            counted_tries: 2,
            expires_at: NOW.plus(Duration::from_secs(9999)),
            retry: Retry {
                first_wait: Duration::from_secs(30),
                longest_wait: Duration::from_secs(3600),
                attempts: Some(5),
            },
            on_unknown: OnUnknown::Retry,
            reason: None,
        }
    }

    fn full() -> Trouble {
        Trouble::of_job(TroubleKind::Full, "552 quota exceeded")
    }

    fn down() -> Trouble {
        Trouble::of_server(TroubleKind::Session, "421 closing")
    }

    fn unreadable() -> Trouble {
        Trouble::of_job(TroubleKind::Local, "a.pdf: permission denied")
    }

    fn asking(trouble: Trouble, seconds: u64) -> Trouble {
        Trouble { wait: Some(Duration::from_secs(seconds)), ..trouble }
    }

    fn decide(job: JobFacts, outcome: Outcome) -> (JobState, u64, bool, Option<Reason>) {
        let settlement = settle(&job, &outcome, NOW, 1.0);
        (settlement.state, settlement.due_at.since(NOW).as_secs(), settlement.counted, settlement.reason)
    }

    #[test]
    fn each_outcome_has_its_consequence() {
        use JobState::{Delivered as Done, Failed, Held, Queued};
        let delivered = Outcome::Delivered(Delivered {
            remote_path: Some(RemotePath::new("a").unwrap()),
            size_bytes: 1,
            sha256: Sha256([0; 32]),
            proof: Proof::Size,
            reply: "250".into(),
            sent_bytes: 1,
            tls: None,
            litter: None,
        });
        let changed = || Outcome::SourceChanged("gone".into());
        let unclear = || Outcome::SourceUnclear("its attributes changed".into());
        let expired = JobFacts { expires_at: NOW, ..facts() };
        let held = JobFacts { on_unknown: OnUnknown::Hold, ..expired };
        let last = JobFacts { counted_tries: 4, ..facts() };
        let endless =
            JobFacts { counted_tries: 1_000_000, retry: Retry { attempts: None, ..facts().retry }, ..facts() };
        let near = JobFacts { expires_at: NOW.plus(Duration::from_secs(50)), ..facts() };
        let again = JobFacts { reason: Some(Reason::SourceChanged), ..facts() };
        for (case, job, outcome, expected) in [
            ("delivered", facts(), delivered, (Done, 0, true, None)),
            ("deferred", facts(), Outcome::Deferred(full()), (Queued, 120, true, None)),
            (
                "unknown, and nobody wants it twice",
                held,
                Outcome::Unknown(full()),
                (Held, 0, true, Some(Reason::Unknown)),
            ),
            ("unknown is a try like another", facts(), Outcome::Unknown(full()), (Queued, 120, true, None)),
            ("refused for good", facts(), Outcome::Failed(full()), (Failed, 0, true, Some(Reason::Refused))),
            (
                "refused by ourselves",
                facts(),
                Outcome::Failed(unreadable()),
                (Failed, 0, true, Some(Reason::Unplannable)),
            ),
            ("the last of its attempts", last, Outcome::Deferred(full()), (Failed, 0, true, Some(Reason::Attempts))),
            ("past its deadline", expired, Outcome::Deferred(full()), (Failed, 0, true, Some(Reason::Deadline))),
            ("not beyond its deadline", near, Outcome::Deferred(full()), (Queued, 50, true, None)),
            ("no limit of attempts", endless, Outcome::Deferred(full()), (Queued, 3600, true, None)),
            (
                "a server's trouble does not outlive the deadline",
                expired,
                Outcome::Deferred(down()),
                (Failed, 0, false, Some(Reason::Deadline)),
            ),
            ("its unknown end costs nothing either", last, Outcome::Unknown(down()), (Queued, 0, false, None)),
            ("handed back past its deadline", expired, Outcome::Returned, (Queued, 0, false, None)),
            (
                "handed back, it has changed once still",
                again,
                Outcome::Returned,
                (Queued, 0, false, Some(Reason::SourceChanged)),
            ),
            ("a server's trouble costs nothing", last, Outcome::Deferred(down()), (Queued, 0, false, None)),
            ("nor does its failure fail the job", last, Outcome::Failed(down()), (Queued, 0, false, None)),
            ("it asks for more time", facts(), Outcome::Deferred(asking(full(), 300)), (Queued, 300, true, None)),
            ("it asks for less", facts(), Outcome::Deferred(asking(full(), 3)), (Queued, 120, true, None)),
            ("it asks for a day", facts(), Outcome::Deferred(asking(full(), 86_400)), (Queued, 3600, true, None)),
            ("not beyond its deadline", near, Outcome::Deferred(asking(full(), 300)), (Queued, 50, true, None)),
            ("a server in trouble asks", last, Outcome::Deferred(asking(down(), 300)), (Queued, 300, false, None)),
            ("handed back", facts(), Outcome::Returned, (Queued, 0, false, None)),
            ("changed once", facts(), changed(), (Queued, 15, false, Some(Reason::SourceChanged))),
            ("changed twice", again, changed(), (Failed, 0, true, Some(Reason::SourceChanged))),
            ("unclear, for its watch to tell", again, unclear(), (Queued, 15, false, Some(Reason::SourceChanged))),
            ("unclear to the end", expired, unclear(), (Failed, 0, true, Some(Reason::SourceChanged))),
        ] {
            assert_eq!(decide(job, outcome), expected, "{case}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_outcome_the_move_is_legal_and_the_next_try_is_near(
            counted_tries in 0u32..200,
            attempts in prop::option::of(1u32..50),
            first in 1u64..100_000,
            longest in 1u64..10_000_000,
            expires in -1_000i64..100_000_000,
            whose in prop::sample::select(vec![Whose::Server, Whose::Job]),
            kind in prop::sample::select(TroubleKind::ALL.to_vec()),
            outcome in 0..6u8,
            chance in 0.0..1.0f64,
        ) {
            let (first_wait, longest_wait) = (Duration::from_millis(first), Duration::from_millis(longest));
            let retry = Retry { first_wait, longest_wait, attempts };
            let job = JobFacts { counted_tries, expires_at: Moment(NOW.0 + expires), retry, ..facts() };
            let trouble = Trouble { whose, ..Trouble::of_job(kind, "said") };
            let outcome = match outcome {
                0 => Outcome::Deferred(trouble),
                1 => Outcome::Unknown(trouble),
                2 => Outcome::Failed(trouble),
                3 => Outcome::Returned,
                4 => Outcome::SourceUnclear("said".into()),
                _ => Outcome::SourceChanged("said".into()),
            };
            let settlement = settle(&job, &outcome, NOW, chance);
            prop_assert!(JobState::Running.may_become(settlement.state));
            prop_assert_eq!(settlement.state == JobState::Failed, settlement.state.is_ended());
            prop_assert!(!settlement.state.is_ended() || settlement.reason.is_some(), "a failure without a reason");
            prop_assert!(NOW <= settlement.due_at && settlement.due_at <= NOW.plus(longest_wait.max(CHANGED_AGAIN_AFTER)));
            let is_servers = whose == Whose::Server && !matches!(outcome, Outcome::Returned | Outcome::SourceChanged(_) | Outcome::SourceUnclear(_));
            if is_servers {
                prop_assert!(!settlement.counted);
                prop_assert_eq!(settlement.state == JobState::Failed, expires <= 0);
            }
        }

        #[test]
        fn a_wait_is_at_least_half_of_the_doubled_one(tries in 0u32..40, first in 1u64..1_000_000, longest in 1u64..10_000_000, chance in 0.0..1.0f64) {
            let (first, longest) = (Duration::from_millis(first), Duration::from_millis(longest));
            let full = wait_before_try(tries, first, longest, 1.0);
            let wait = wait_before_try(tries, first, longest, chance);
            prop_assert!(full / 2 <= wait && wait <= full && full <= longest);
        }
    }
}
