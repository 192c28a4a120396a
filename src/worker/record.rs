//! An outcome becomes rows: what policy makes of it, the attempt, the receipt. Written until the database takes it.

use crate::{
    clock::Clock,
    domain::{JobState, Moment, Outcome, Receipt, RemotePath, Trouble, TroubleKind, Whose},
    faults::kill_point,
    policy,
    store::{AttemptRow, ClaimedErrand, ClaimedJob, Parcel, SessionId, Settle, Settled, Store, StoreError, TryOutcome},
    worker::route::Route,
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep, timeout_at},
};
use tracing::{error, info, warn};

/// What outcomes are written with.
#[derive(Debug, Clone)]
pub(super) struct Recorder {
    pub store: Store,
    pub session: SessionId,
    pub clock: Clock,
    /// To [`write`]; full when the disk does not keep up.
    pub outcomes: mpsc::Sender<ToWrite>,
}

/// What is on its way to the disk.
#[derive(Debug)]
pub(super) enum ToWrite {
    /// And whose it was.
    Outcome(Box<Settle>, Arc<Route>),
    /// Answered when everything sent before it is written.
    Mark(oneshot::Sender<()>),
}

/// Outcomes that may be on their way at once: what is delivered and not yet recorded stays little.
pub(super) const UNRECORDED: usize = 128;

/// Outcomes of so much time are written together: one flush for many, and no server waits for our disk.
const TOGETHER: Duration = Duration::from_millis(25);

impl Recorder {
    /// Has a parcel's jobs settled, an outcome each. Returns once that is under way: a death before it is on disk repeats the try,
    /// which for a file overwrites itself.
    pub(super) async fn record(&self, route: &Arc<Route>, parcel: Parcel, outcomes: Vec<Outcome>) {
        // those that are tried again are so together
        let (now, chance) = (self.clock.now(), fastrand::f64());
        for (job, outcome) in parcel.jobs.into_iter().zip(outcomes) {
            self.record_one(route, job, outcome, (now, chance)).await;
        }
    }

    async fn record_one(&self, route: &Arc<Route>, job: ClaimedJob, outcome: Outcome, at: (Moment, f64)) {
        let settle = self.settle(job, outcome, at);
        log(&settle);
        kill_point("worker.before_settle");
        let outcome = ToWrite::Outcome(Box::new(settle), route.clone());
        let _ = self.outcomes.send(outcome).await; // the store has closed: the next start releases the job
    }

    /// Returns when everything recorded before is on disk.
    pub(super) async fn written(&self) {
        let (mark, reached) = oneshot::channel();
        if self.outcomes.send(ToWrite::Mark(mark)).await.is_ok() {
            let _ = reached.await; // it has ended: nothing is on its way
        }
    }
}

/// Writes what comes, until there is nobody left who could send.
pub(super) async fn write(store: Store, mut outcomes: mpsc::Receiver<ToWrite>) {
    let mut batch = Vec::with_capacity(UNRECORDED);
    while let Some(first) = outcomes.recv().await {
        batch.push(first);
        let until = Instant::now() + TOGETHER;
        while batch.len() < UNRECORDED
            && matches!(batch.last(), Some(ToWrite::Outcome(..)))
            && let Ok(Some(next)) = timeout_at(until, outcomes.recv()).await
        {
            batch.push(next);
        }
        write_batch(&store, batch.drain(..)).await;
    }
}

async fn write_batch(store: &Store, batch: impl Iterator<Item = ToWrite>) {
    let (mut settles, mut routes, mut marks) = (vec![], vec![], vec![]);
    for item in batch {
        match item {
            ToWrite::Outcome(settle, route) => {
                settles.push(*settle);
                routes.push(route);
            }
            ToWrite::Mark(mark) => marks.push(mark),
        }
    }
    let settles = Arc::new(settles);
    until_written(store, &settles).await;
    kill_point("worker.after_settle");
    for (settle, route) in settles.iter().zip(routes) {
        route.is_recorded(&settle.job.rule);
    }
    for mark in marks {
        let _ = mark.send(()); // whoever waited has gone
    }
}

/// A database that refuses is asked again until it takes the outcomes, or has closed.
async fn until_written(store: &Store, settles: &Arc<Vec<Settle>>) {
    if settles.is_empty() {
        return;
    }
    let mut wait = Duration::from_millis(100);
    loop {
        match store.settle(settles.clone()).await {
            Ok(settled) => {
                let fenced = settles.iter().zip(settled).filter(|(_, settled)| *settled == Settled::Fenced);
                fenced.for_each(
                    |(settle, _)| warn!(job = %settle.job.job, "the claim was no longer ours; its outcome is dropped"),
                );
                return;
            }
            Err(StoreError::Closed) => return,
            Err(refused) => {
                error!(jobs = settles.len(), %refused, "outcomes cannot be recorded; trying again");
                sleep(wait).await;
                wait = (wait * 2).min(Duration::from_secs(10));
            }
        }
    }
}

impl Recorder {
    fn settle(&self, job: ClaimedJob, outcome: Outcome, (now, chance): (Moment, f64)) -> Settle {
        let started_at = job.claimed_at;
        let facts = policy::JobFacts {
            counted_tries: job.counted_tries,
            expires_at: job.expires_at,
            retry: job.retry(),
            on_unknown: job.on_unknown(),
            reason: job.reason,
        };
        let settlement = policy::settle(&facts, &outcome, now, chance);
        Settle {
            session: self.session,
            attempt: attempt(&outcome, (started_at, now)),
            receipt: receipt(&job, &outcome, now),
            litter: litter(&outcome).filter(|_| !goes_on(&job, &outcome, settlement.state)),
            taken: if let Outcome::TakenAway(away) = outcome { Some(away) } else { None },
            settlement,
            job,
        }
    }
}

fn attempt(outcome: &Outcome, (started_at, ended_at): (Moment, Moment)) -> AttemptRow {
    let (ended, trouble) = match outcome {
        Outcome::Delivered(_) | Outcome::TakenAway(_) => (TryOutcome::Delivered, None),
        Outcome::Deferred(trouble) => (TryOutcome::Deferred, Some(trouble)),
        Outcome::Failed(trouble) => (TryOutcome::Failed, Some(trouble)),
        Outcome::Unknown(trouble) => (TryOutcome::Unknown, Some(trouble)),
        Outcome::Returned => (TryOutcome::Returned, None),
        Outcome::SourceChanged(_) => (TryOutcome::Failed, None),
        Outcome::SourceUnclear(_) => (TryOutcome::Deferred, None),
    };
    let delivered = if let Outcome::Delivered(delivered) = outcome { Some(delivered) } else { None };
    AttemptRow {
        started_at,
        ended_at,
        outcome: ended,
        kind: trouble.map(|trouble| trouble.kind.word()),
        code: trouble.and_then(|trouble| trouble.code),
        said: match outcome {
            Outcome::SourceChanged(change) | Outcome::SourceUnclear(change) => Some(change.said.clone()),
            Outcome::TakenAway(away) => Some(away.said().to_owned()),
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
        recipient: match &job.errand {
            ClaimedErrand::Send(errand) => Some(errand.recipient.clone()),
            ClaimedErrand::Webhook(errand) => Some(errand.recipient.clone()),
            ClaimedErrand::Upload(_) | ClaimedErrand::Save(_) | ClaimedErrand::TakeAway(_) => None,
        },
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
        Outcome::Delivered(delivered) => delivered.litter.clone(),
        Outcome::SourceChanged(change) | Outcome::SourceUnclear(change) => change.litter.clone(),
        Outcome::Returned | Outcome::TakenAway(_) => None,
    }
}

/// What was cut is no litter: the next try goes on from it, under the same temporary name.
fn goes_on(job: &ClaimedJob, outcome: &Outcome, next: JobState) -> bool {
    let (Outcome::Deferred(trouble) | Outcome::Unknown(trouble)) = outcome else { return false };
    let ClaimedErrand::Upload(errand) = &job.errand else { return false };
    let was_cut = matches!(trouble.kind, TroubleKind::Busy | TroubleKind::Data | TroubleKind::Session);
    was_cut && next == JobState::Queued && errand.wishes.resume.is_for(errand.source.identity.size_bytes)
}

/// One line per outcome. A server's trouble is its lane's line, not each job's.
fn log(settle: &Settle) {
    let Settle { job, attempt, settlement, .. } = settle;
    let duration_ms = attempt.ended_at.since(attempt.started_at).as_millis();
    if attempt.outcome == TryOutcome::Returned {
        return;
    }
    info!(
        job = %job.job, rule = %job.rule, server = %job.server, target = %target(job), outcome = attempt.outcome.word(),
        state = settlement.state.word(), bytes = attempt.bytes, duration_ms, said = attempt.said.as_deref().unwrap_or(""),
        "a try ended",
    );
}

fn target(job: &ClaimedJob) -> &dyn std::fmt::Display {
    match &job.errand {
        ClaimedErrand::Upload(errand) => &errand.target,
        ClaimedErrand::Send(errand) => &errand.recipient,
        ClaimedErrand::Webhook(errand) => &errand.recipient,
        ClaimedErrand::Save(errand) => &errand.target,
        ClaimedErrand::TakeAway(errand) => match &errand.target {
            Some(target) => target,
            None => &"nothing",
        },
    }
}

/// Whether the trouble of an outcome belongs to the server, and which.
pub(super) fn server_trouble(outcome: &Outcome) -> Option<&Trouble> {
    match outcome {
        Outcome::Deferred(trouble) | Outcome::Failed(trouble) | Outcome::Unknown(trouble) => {
            (trouble.whose == Whose::Server).then_some(trouble)
        }
        Outcome::Delivered(_)
        | Outcome::TakenAway(_)
        | Outcome::Returned
        | Outcome::SourceChanged(_)
        | Outcome::SourceUnclear(_) => None,
    }
}
