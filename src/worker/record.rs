//! An outcome becomes rows: what policy makes of it, the attempt, the receipt. Written until the database takes it.

use crate::{
    clock::Clock,
    domain::{Moment, Outcome, Receipt, RemotePath, Trouble, Whose},
    faults::kill_point,
    policy,
    store::{AttemptRow, ClaimedJob, SessionId, Settle, Settled, Settlement, Store, StoreError},
};
use std::{sync::Arc, time::Duration};
use tokio::sync::Semaphore;
use tracing::{error, info, warn};

/// Writes outcomes of one session.
#[derive(Debug, Clone)]
pub(super) struct Recorder {
    pub store: Store,
    pub session: SessionId,
    pub clock: Clock,
    /// How many outcomes may wait for the disk at once.
    pub slots: Arc<Semaphore>,
}

impl Recorder {
    /// Settles `job`. Returns when it is on disk, or when the store has closed (then the next start releases the job).
    pub(super) async fn record(&self, job: ClaimedJob, started_at: Moment, outcome: Outcome) {
        let settle = self.settle(job, started_at, outcome);
        log(&settle);
        kill_point("worker.before_settle");
        let mut wait = Duration::from_millis(100);
        loop {
            match self.store.settle(settle.clone()).await {
                Ok(Settled::Done) => break,
                Ok(Settled::Fenced) => {
                    warn!(job = %settle.job.job, "the claim was no longer ours; its outcome is dropped");
                    break;
                }
                Err(StoreError::Closed) => break,
                Err(refused) => {
                    error!(job = %settle.job.job, %refused, "an outcome cannot be recorded; trying again");
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(Duration::from_secs(10));
                }
            }
        }
        kill_point("worker.after_settle");
    }

    fn settle(&self, job: ClaimedJob, started_at: Moment, outcome: Outcome) -> Settle {
        let now = self.clock.now();
        let facts = policy::JobFacts {
            counted_tries: job.counted_tries,
            expires_at: job.expires_at,
            retry: job.wishes.retry,
            reason: job.reason.as_deref().and_then(crate::domain::Reason::from_word),
        };
        let settlement = policy::settle(&facts, &outcome, now, fastrand::f64());
        Settle {
            session: self.session,
            attempt: attempt(&outcome, settlement.counted, (started_at, now)),
            receipt: receipt(&job, &outcome, now),
            litter: litter(&outcome),
            settlement: Settlement {
                state: settlement.state,
                due_at: settlement.due_at,
                reason: settlement.reason,
                said: settlement.said,
            },
            job,
        }
    }
}

fn attempt(outcome: &Outcome, counted: bool, (started_at, ended_at): (Moment, Moment)) -> AttemptRow {
    let (word, trouble) = match outcome {
        Outcome::Delivered(_) => ("delivered", None),
        Outcome::Deferred(trouble) => ("deferred", Some(trouble)),
        Outcome::Failed(trouble) => ("failed", Some(trouble)),
        Outcome::Unknown(trouble) => ("unknown", Some(trouble)),
        Outcome::Returned => ("returned", None),
        Outcome::SourceChanged(_) => ("failed", None),
    };
    let delivered = if let Outcome::Delivered(delivered) = outcome { Some(delivered) } else { None };
    AttemptRow {
        started_at,
        ended_at,
        outcome: word,
        counted: u32::from(counted),
        kind: trouble.map(|trouble| trouble.kind.word()),
        code: trouble.and_then(|trouble| trouble.code),
        said: match outcome {
            Outcome::SourceChanged(said) => Some(said.clone()),
            _ => trouble
                .map(|trouble| trouble.said.clone())
                .or_else(|| delivered.map(|delivered| delivered.reply.clone())),
        },
        tls: delivered.and_then(|delivered| delivered.tls.clone()),
        bytes: trouble.map_or(0, |trouble| trouble.sent_bytes) + delivered.map_or(0, |delivered| delivered.sent_bytes),
    }
}

fn receipt(job: &ClaimedJob, outcome: &Outcome, now: Moment) -> Option<Receipt> {
    let Outcome::Delivered(delivered) = outcome else { return None };
    Some(Receipt {
        job: job.job,
        rule: job.rule.clone(),
        server: job.server.clone(),
        source_name: job.name.clone(),
        remote_path: delivered.remote_path.clone(),
        size_bytes: delivered.size_bytes,
        sha256: delivered.sha256,
        proof: delivered.proof,
        reply: delivered.reply.clone(),
        delivered_at: now,
    })
}

fn litter(outcome: &Outcome) -> Option<RemotePath> {
    match outcome {
        Outcome::Deferred(trouble) | Outcome::Failed(trouble) | Outcome::Unknown(trouble) => trouble.litter.clone(),
        Outcome::Delivered(_) | Outcome::Returned | Outcome::SourceChanged(_) => None,
    }
}

/// One line per outcome. A server's trouble is its lane's line, not each job's.
fn log(settle: &Settle) {
    let Settle { job, attempt, settlement, .. } = settle;
    let duration_ms = attempt.ended_at.since(attempt.started_at).as_millis();
    match attempt.outcome {
        "returned" => {}
        word => info!(
            job = %job.job, rule = %job.rule, server = %job.server, target = %job.target, outcome = word,
            state = settlement.state.word(), bytes = attempt.bytes, duration_ms, said = attempt.said.as_deref().unwrap_or(""),
        ),
    }
}

/// Whether the trouble of an outcome belongs to the server, and which.
pub(super) fn server_trouble(outcome: &Outcome) -> Option<&Trouble> {
    match outcome {
        Outcome::Deferred(trouble) | Outcome::Failed(trouble) | Outcome::Unknown(trouble) => {
            (trouble.whose == Whose::Server).then_some(trouble)
        }
        Outcome::Delivered(_) | Outcome::Returned | Outcome::SourceChanged(_) => None,
    }
}
