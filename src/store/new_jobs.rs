//! New jobs as rows: the state they come in with, and whom they wait for.

use crate::{
    domain::{ArrivalDraft, Arriving, Beginning, Errand, JobDraft, Moment, Owed, Reason},
    store::{NextStep, QueueKey, litter::hex, suppressions, writer::Tx},
};
use serde_json::{Value, json};
use std::collections::HashSet;

/// Which list of its rule a job comes of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Then,
    After,
}

/// A job on its way in.
pub(super) struct NewJob<'a> {
    pub node: &'a str,
    pub rule: &'a str,
    pub at: Moment,
    pub job: &'a JobDraft,
    pub arrival: i64,
    pub payload: Option<i64>,
    pub step: Step,
    pub state: State,
}

/// The state it comes in with, and what is said of it.
#[derive(Debug, Clone, Copy)]
pub(super) enum State {
    AsDrafted,
    Waiting(&'static str),
    Delivered(&'static str),
}

impl<'a> NewJob<'a> {
    /// One of `then`.
    pub(super) fn of_arrival(
        (node, draft): (&'a str, &'a ArrivalDraft),
        job: &'a JobDraft,
        (arrival, source): (i64, Option<i64>),
        letters: &[Option<i64>],
    ) -> Self {
        let at = match draft.sighting.arriving() {
            Arriving::Tick => job.due_at, // one that is made good arrives as of its moment, and begins now
            Arriving::File | Arriving::Mail => draft.arrived_at, // a mail may be due later
        };
        let rule = &draft.rule;
        let payload = payload_of(job, source, letters);
        Self { node, rule, at, job, arrival, payload, step: Step::Then, state: State::AsDrafted }
    }

    /// One of a step of `after`; `source` is the row of the arrival's own bytes.
    pub(super) fn of_step(
        node: &'a str,
        step: &'a NextStep,
        job: &'a JobDraft,
        (source, letters): (Option<i64>, &[Option<i64>]),
        at: Moment,
    ) -> Self {
        let payload = payload_of(job, source, letters);
        let (rule, arrival) = (&step.arrival.rule, step.arrival.row);
        Self { node, rule, at, job, arrival, payload, step: Step::After, state: State::AsDrafted }
    }

    fn queue(&self) -> QueueKey {
        let Self { rule, job, .. } = *self;
        QueueKey { server: job.server.clone(), priority: job.priority, rule: rule.to_owned(), rank: job.rank }
    }

    pub(super) fn is_open(&self) -> bool {
        match self.state {
            State::AsDrafted => !matches!(self.job.beginning, Beginning::Refused(..)),
            State::Waiting(_) => true,
            State::Delivered(_) => false,
        }
    }

    fn row(&self) -> Result<Value, sqlx::Error> {
        let Self { node, rule, at, job, arrival, payload, step, state } = self;
        let (state, reason, said) = match (state, &job.beginning) {
            (State::Waiting(said), _) => ("waiting", None, Some(*said)),
            (State::Delivered(said), _) => ("delivered", None, Some(*said)),
            (State::AsDrafted, Beginning::Ready) => ("queued", None, None),
            (State::AsDrafted, Beginning::Paused) => ("held", Some(Reason::RulePaused.word()), None),
            (State::AsDrafted, Beginning::Refused(reason, said)) => {
                ("failed", Some(reason.word()), Some(said.as_str()))
            }
        };
        let ended_at = matches!(state, "failed" | "delivered").then_some(*at);
        let (action, recipient, wishes) = match &job.errand {
            Errand::Upload { wishes, .. } => ("upload", None, serde_json::to_string(wishes)),
            Errand::Send { recipient, wishes, .. } => ("send", Some(recipient), serde_json::to_string(wishes)),
            Errand::Save { wishes, .. } => ("save", None, serde_json::to_string(wishes)),
            Errand::TakeAway { wishes, .. } => ("after", None, serde_json::to_string(wishes)),
        };
        let wishes = wishes.map_err(|why| sqlx::Error::Encode(why.into()))?;
        let owed = match &job.errand {
            Errand::Send { owed, .. } => *owed,
            _ => Owed::NOTHING,
        };
        // the recipients of a letter travel together, unless each has an envelope of its own
        let is_together = matches!(&job.errand, Errand::Send { wishes, .. } if wishes.return_path.is_none());
        let parcel = payload.filter(|_| is_together);
        Ok(json!([
            hex(&job.id.0),
            arrival,
            payload,
            rule,
            job.server,
            node,
            job.errand.target().map(|target| hex(target.as_bytes())),
            wishes,
            job.priority.class(),
            job.rank,
            job.is_in_order,
            state,
            reason,
            said,
            job.due_at.0,
            job.expires_at.0,
            ended_at.map(|moment| moment.0),
            action,
            recipient,
            parcel,
            *step == Step::After,
            owed.delayed_after.map(|after| job.due_at.plus(after).0),
            owed.failed,
        ]))
    }
}

/// The row of the bytes that a job is about.
fn payload_of(job: &JobDraft, source: Option<i64>, letters: &[Option<i64>]) -> Option<i64> {
    match &job.errand {
        errand if errand.is_of_file() => source,
        errand => errand.letter().and_then(|letter| letters.get(letter).copied().flatten()),
    }
}

/// All but those whose letter is not mailed again.
pub(super) fn mailed_now<'a>(jobs: &'a [JobDraft], letters: &[Option<i64>]) -> impl Iterator<Item = &'a JobDraft> {
    let is_mailed = |letter: usize| letters.get(letter).copied().flatten().is_some();
    jobs.iter().filter(move |job| job.errand.letter().is_none_or(is_mailed))
}

/// The same; where that leaves none, one that says so: what was to be done is done.
pub(super) fn all_or_handled<'a>(
    jobs: &'a [JobDraft],
    letters: &[Option<i64>],
    new: impl Fn(&'a JobDraft) -> NewJob<'a>,
) -> Vec<NewJob<'a>> {
    let made: Vec<NewJob<'a>> = mailed_now(jobs, letters).map(&new).collect();
    let state = State::Delivered("mailed before under its idempotency_key");
    match jobs.first().filter(|_| made.is_empty()) {
        Some(first) => vec![NewJob { payload: None, state, ..new(first) }],
        None => made,
    }
}

/// Runs of jobs of which none waits for another: those can be inserted by one statement, which sees only older ones. The recipients
/// of a letter wait for others, never for each other.
pub(super) fn free_of_each_other<'a, 'b>(jobs: &'b [NewJob<'a>]) -> Vec<&'b [NewJob<'a>]> {
    let mut targets = HashSet::new();
    let mut ordered: Option<&NewJob<'_>> = None;
    let mut runs = vec![];
    let mut begin = 0;
    for (at, new) in jobs.iter().enumerate() {
        let job = new.job;
        let is_mate = |before: &NewJob<'_>| before.arrival == new.arrival && matches!(job.errand, Errand::Send { .. });
        let waits = ordered.is_some_and(|before| !is_mate(before))
            || job.errand.target().is_some_and(|target| targets.contains(&(&job.server, target)));
        if waits {
            runs.push(&jobs[begin..at]);
            begin = at;
            targets.clear();
        }
        ordered = job.is_in_order.then_some(new);
        targets.extend(job.errand.target().map(|target| (&job.server, target)));
    }
    runs.push(&jobs[begin..]);
    runs
}

pub(super) async fn insert_jobs(tx: &mut Tx<'_>, jobs: &[NewJob<'_>]) -> Result<(), sqlx::Error> {
    let rows = jobs.iter().map(NewJob::row).collect::<Result<Value, _>>()?;
    let mail = jobs.iter().find(|new| matches!(new.job.errand, Errand::Send { .. }));
    let youngest = if mail.is_some() { suppressions::youngest(tx).await? } else { 0 };
    sqlx::query(INSERT_JOBS).bind(rows.to_string()).execute(&mut *tx.db).await?;
    if let Some(mail) = mail {
        suppressions::consult(tx, youngest, mail.at).await?;
    }
    let is_ready = |new: &&NewJob<'_>| matches!((new.state, &new.job.beginning), (State::AsDrafted, Beginning::Ready));
    let ready = jobs.iter().filter(is_ready);
    tx.touched.extend(ready.map(NewJob::queue)); // one that waits or is held costs the worker a seek in vain
    Ok(())
}

/// The job of a rule that an operator paused is held. A queued job waits for the youngest open one of its target, and in
/// strict order for the youngest open one of its rule; one that takes the source away, for whoever still needs it.
/// (Waiting for the youngest is enough: that one waits for the one before it.)
pub(super) const INSERT_JOBS: &str = "
WITH s AS (SELECT unhex(value ->> 0) AS ref, value ->> 1 AS arrival_id, value ->> 2 AS payload_id, value ->> 3 AS rule,
                  value ->> 4 AS server, value ->> 5 AS node, unhex(value ->> 6) AS target, value ->> 7 AS wishes,
                  value ->> 8 AS class, value ->> 9 AS rank, value ->> 10 AS in_order, value ->> 11 AS state,
                  value ->> 12 AS reason, value ->> 13 AS said, value ->> 14 AS due_at, value ->> 15 AS expires_at,
                  value ->> 16 AS ended_at, value ->> 17 AS action, value ->> 18 AS recipient, value ->> 19 AS parcel,
                  value ->> 20 AS is_after, value ->> 21 AS warn_at, value ->> 22 AS owes_report
             FROM jsonb_each(?1)),
     n AS MATERIALIZED (SELECT s.*, s.state = 'queued' AND EXISTS (SELECT 1 FROM paused_rules p WHERE p.rule = s.rule) AS paused,
         nullif(max(
           coalesce((SELECT max(o.id) FROM jobs o WHERE o.server = s.server AND o.target = s.target AND o.target IS NOT NULL
                        AND o.state IN ('waiting', 'queued', 'running', 'held')), 0),
           coalesce((SELECT max(o.id) FROM jobs o WHERE s.in_order AND o.server = s.server AND o.rule = s.rule AND o.in_order = 1
                        AND (s.action = 'upload' OR o.arrival_id <> s.arrival_id)
                        AND o.state IN ('waiting', 'queued', 'running', 'held')), 0),
           coalesce((SELECT max(o.id) FROM jobs o WHERE s.action = 'after' AND o.payload_id = s.payload_id AND o.action <> 'after'
                        AND o.state IN ('waiting', 'queued', 'running', 'held')), 0)), 0) AS older
       FROM s)
INSERT INTO jobs (ref, arrival_id, payload_id, rule, action, recipient, parcel, server, node, target, wishes, class, rank,
                  in_order, state, reason, said, waits_for, due_at, expires_at, ended_at, is_after, warn_at, owes_report)
SELECT ref, arrival_id, payload_id, rule, action, recipient, parcel, server, node, target, wishes, class, rank, in_order,
       CASE WHEN state <> 'queued' THEN state WHEN paused THEN 'held' WHEN older IS NOT NULL THEN 'waiting' ELSE 'queued' END,
       iif(paused, 'rule_paused', reason), said, iif(state = 'queued' AND NOT paused, older, NULL), due_at, expires_at, ended_at, is_after,
       warn_at, owes_report
  FROM n";
