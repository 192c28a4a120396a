//! An arrival with its payload, its jobs and its line in the ledger, in one transaction.

use crate::{
    domain::{ArrivalDraft, Beginning, Errand, Identity, JobDraft, Letter, Moment, Reason, Sighting},
    store::{
        NextStep, QueueKey, Store, StoreError, after,
        litter::{self, hex},
        settle::promote,
        writer::{Tx, Write},
    },
};
use serde_json::{Value, json};
use sqlx::Row;
use std::collections::{HashMap, HashSet};

/// Arrivals to be committed together; at most a few hundred, so that no other request waits long. Rows travel as one JSON
/// text, bytes in hexadecimal: a handful of statements for any number of them.
#[derive(Debug, Clone)]
pub struct Arrive {
    pub node: String,
    pub arrivals: Vec<ArrivalDraft>,
}

impl Store {
    /// Commits arrivals. When it returns they survive a power cut.
    ///
    /// An older open job of the same rule and source path is superseded: its bytes are gone. A job whose target has an
    /// older open job waits for that one, whichever rule it is of, so that no older version overtakes a newer.
    ///
    /// # Errors
    /// When the database refuses; then nothing of them is there.
    pub async fn arrive(&self, arrive: Arrive) -> Result<(), StoreError> {
        self.write(arrive).await
    }
}

impl Write for Arrive {
    type Answer = ();

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<(), sqlx::Error> {
        for turn in turns(&self.arrivals) {
            self.take_turn(tx, turn).await?;
        }
        Ok(())
    }
}

/// Two arrivals of one file in one batch go one after the other, so that the second finds the first.
fn turns(arrivals: &[ArrivalDraft]) -> Vec<&[ArrivalDraft]> {
    let mut turns = vec![];
    let mut met = HashSet::new();
    let mut begin = 0;
    for (at, draft) in arrivals.iter().enumerate() {
        if !met.insert(absolute(draft)) {
            turns.push(&arrivals[begin..at]);
            begin = at;
            met = HashSet::from([absolute(draft)]);
        }
    }
    turns.push(&arrivals[begin..]);
    turns
}

impl Arrive {
    async fn take_turn(&self, tx: &mut Tx<'_>, arrivals: &[ArrivalDraft]) -> Result<(), sqlx::Error> {
        let seen = arrivals.iter().map(seen_row).collect::<Value>();
        sqlx::query(INSERT_SEEN).bind(seen.to_string()).execute(&mut *tx.db).await?;
        supersede(tx, arrivals).await?;
        let wanted: Vec<&ArrivalDraft> = arrivals.iter().filter(|draft| !draft.jobs.is_empty()).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let payloads = self.insert_payloads(tx, &wanted).await?;
        let first = next_arrival(tx).await?;
        let numbered =
            || wanted.iter().zip(&payloads).zip(first..).map(|((draft, payload), id)| (*draft, *payload, id));
        let rows = numbered().map(|(draft, payload, id)| arrival_row(draft, payload, id)).collect::<Value>();
        sqlx::query(INSERT_ARRIVALS).bind(rows.to_string()).execute(&mut *tx.db).await?;
        let mut jobs = Vec::new();
        for (draft, payload, arrival) in numbered() {
            let letters = self.insert_letters(tx, draft).await?;
            jobs.extend(draft.jobs.iter().map(|job| {
                let payload = payload_of(job, payload, &letters);
                NewJob {
                    node: &self.node,
                    rule: &draft.rule,
                    at: draft.arrived_at,
                    job,
                    arrival,
                    payload,
                    step: Step::Then,
                }
            }));
        }
        for jobs in free_of_each_other(&jobs) {
            insert_jobs(tx, jobs).await?;
        }
        let is_over = |job: &JobDraft| matches!(job.beginning, Beginning::Refused(..));
        let over = numbered().filter(|(draft, ..)| draft.has_after && draft.jobs.iter().all(is_over));
        let over: Vec<i64> = over.map(|(_, _, id)| id).collect();
        if over.is_empty() { Ok(()) } else { after::ripen(tx, &over).await }
    }

    /// The row of each draft's bytes, where jobs concern them as they lie; of the same bytes the same row.
    async fn insert_payloads(
        &self,
        tx: &mut Tx<'_>,
        drafts: &[&ArrivalDraft],
    ) -> Result<Vec<Option<i64>>, sqlx::Error> {
        let is_of_file = |job: &JobDraft| job.errand.is_of_file();
        let is_sent = |draft: &&&ArrivalDraft| draft.has_after || draft.jobs.iter().any(is_of_file);
        let rows = drafts.iter().filter(is_sent).map(|draft| payload_row(&self.node, draft)).collect::<Value>();
        let rows = sqlx::query(INSERT_PAYLOADS).bind(rows.to_string()).fetch_all(&mut *tx.db).await?;
        let ids: HashMap<Vec<u8>, i64> = rows.iter().map(|row| (row.get("path"), row.get("id"))).collect();
        let id = |draft: &ArrivalDraft| ids.get(&absolute(draft)).copied().ok_or(sqlx::Error::RowNotFound);
        drafts.iter().map(|draft| if is_sent(&draft) { id(draft).map(Some) } else { Ok(None) }).collect()
    }

    /// The row of each letter of a draft.
    async fn insert_letters(&self, tx: &mut Tx<'_>, draft: &ArrivalDraft) -> Result<Vec<i64>, sqlx::Error> {
        let mut ids = Vec::with_capacity(draft.letters.len());
        for letter in &draft.letters {
            ids.push(insert_letter(tx, &self.node, letter).await?);
        }
        Ok(ids)
    }
}

/// The row of a letter's bytes.
pub(super) async fn insert_letter(tx: &mut Tx<'_>, node: &str, letter: &Letter) -> Result<i64, sqlx::Error> {
    let size = letter.bytes.len() as i64;
    let row =
        sqlx::query(INSERT_LETTER).bind(node).bind(size).bind(&letter.sha256.0[..]).fetch_one(&mut *tx.db).await?;
    let id: i64 = row.get("id");
    let body = sqlx::query("INSERT INTO bodies (payload_id, bytes) VALUES (?1, ?2)").bind(id).bind(&letter.bytes);
    body.execute(&mut *tx.db).await?;
    Ok(id)
}

const INSERT_LETTER: &str = "
INSERT INTO payloads (place, node, path, size_bytes, mtime_ns, inode, ctime_ns, sha256)
VALUES ('inline', ?1, x'', ?2, 0, 0, 0, ?3) RETURNING id";

fn absolute(draft: &ArrivalDraft) -> Vec<u8> {
    [&draft.sighting.folder[..], b"/", &draft.sighting.path].concat()
}

fn seen_row(draft: &ArrivalDraft) -> Value {
    let Identity { size_bytes, mtime_ns, inode, ctime_ns } = draft.sighting.identity;
    let size_bytes = size_bytes.cast_signed();
    json!([draft.place, hex(&draft.sighting.path), size_bytes, mtime_ns, inode.cast_signed(), ctime_ns])
}

fn payload_row(node: &str, draft: &ArrivalDraft) -> Value {
    let Identity { size_bytes, mtime_ns, inode, ctime_ns } = draft.sighting.identity;
    let size_bytes = size_bytes.cast_signed();
    json!([node, hex(&absolute(draft)), size_bytes, mtime_ns, inode.cast_signed(), ctime_ns])
}

fn arrival_row(draft: &ArrivalDraft, payload: Option<i64>, id: i64) -> Value {
    let Sighting { folder, path, .. } = &draft.sighting;
    let after = if draft.has_after { "due" } else { "none" };
    json!([
        id,
        hex(&draft.id.0),
        draft.rule_version,
        draft.place,
        payload,
        hex(folder),
        hex(path),
        draft.arrived_at.0,
        after
    ])
}

/// Only this writer gives numbers, so the next one is known. Where the last arrivals were purged, their numbers are not given again:
/// expectations would take them for counted.
async fn next_arrival(tx: &mut Tx<'_>) -> Result<i64, sqlx::Error> {
    let next = "SELECT max(coalesce((SELECT max(id) FROM arrivals), 0), (SELECT arrival_id FROM counted_arrivals)) + 1";
    let row = sqlx::query(next).fetch_one(&mut *tx.db).await?;
    Ok(row.get(0))
}

/// Open jobs of older versions of the same sources end: their bytes are gone, be the newer ones wanted or not. A running one
/// is left alone: it finds out by itself that its file has changed, and the newer one waits for it.
async fn supersede(tx: &mut Tx<'_>, drafts: &[ArrivalDraft]) -> Result<(), sqlx::Error> {
    let rows = drafts.iter().map(|draft| {
        let Identity { size_bytes, mtime_ns, inode, ctime_ns } = draft.sighting.identity;
        let (size_bytes, inode) = (size_bytes.cast_signed(), inode.cast_signed());
        json!([hex(&absolute(draft)), size_bytes, mtime_ns, inode, ctime_ns, draft.rule, draft.arrived_at.0])
    });
    let rows = rows.collect::<Value>();
    let ended = sqlx::query(SUPERSEDE).bind(rows.to_string()).fetch_all(&mut *tx.db).await?;
    let ended: Vec<i64> = ended.iter().map(|row| row.get("id")).collect();
    if let Some(draft) = drafts.first() {
        litter::remember_parts(tx, &ended, draft.arrived_at).await?;
    }
    promote(tx, ended).await
}

const INSERT_SEEN: &str = "
INSERT INTO seen (place_id, path, size_bytes, mtime_ns, inode, ctime_ns)
SELECT value ->> 0, unhex(value ->> 1), value ->> 2, value ->> 3, value ->> 4, value ->> 5 FROM jsonb_each(?1) WHERE true
ON CONFLICT (place_id, path) DO UPDATE SET size_bytes = excluded.size_bytes, mtime_ns = excluded.mtime_ns,
   inode = excluded.inode, ctime_ns = excluded.ctime_ns, sha256 = NULL, gone_at = NULL";

const INSERT_PAYLOADS: &str = "
INSERT INTO payloads (place, node, path, size_bytes, mtime_ns, inode, ctime_ns)
SELECT 'in_place', value ->> 0, unhex(value ->> 1), value ->> 2, value ->> 3, value ->> 4, value ->> 5
  FROM jsonb_each(?1) WHERE true
ON CONFLICT (path, node, ctime_ns, inode, mtime_ns, size_bytes) WHERE place = 'in_place'
DO UPDATE SET node = excluded.node
RETURNING id, path";

pub(super) const SUPERSEDE: &str = "
WITH s AS (SELECT unhex(value ->> 0) AS path, value ->> 1 AS size_bytes, value ->> 2 AS mtime_ns, value ->> 3 AS inode,
                  value ->> 4 AS ctime_ns, value ->> 5 AS rule, value ->> 6 AS arrived_at
             FROM jsonb_each(?1)),
     older AS MATERIALIZED (SELECT j.id AS id, s.arrived_at AS arrived_at
       FROM s CROSS JOIN payloads p ON p.place = 'in_place' AND p.path = s.path
                AND (p.size_bytes, p.mtime_ns, p.inode, p.ctime_ns) <> (s.size_bytes, s.mtime_ns, s.inode, s.ctime_ns)
              CROSS JOIN jobs j ON j.payload_id = p.id AND j.rule = s.rule AND j.state IN ('waiting', 'queued', 'held')
                   AND j.action <> 'after') -- that one finds out by itself: its source may be set aside
UPDATE jobs SET state = 'cancelled', reason = 'superseded', ended_at = older.arrived_at,
                said = 'a newer version of the file arrived'
  FROM older WHERE jobs.id = older.id
RETURNING id";

const INSERT_ARRIVALS: &str = "
INSERT INTO arrivals (id, ref, rule_version_id, source, place_id, payload_id, folder, name, arrived_at, after)
SELECT value ->> 0, unhex(value ->> 1), value ->> 2, 'watch', value ->> 3, value ->> 4, unhex(value ->> 5), unhex(value ->> 6),
       value ->> 7, value ->> 8
  FROM jsonb_each(?1)";

/// The row of the bytes that a job is about.
fn payload_of(job: &JobDraft, source: Option<i64>, letters: &[i64]) -> Option<i64> {
    match &job.errand {
        Errand::Upload { wishes, .. } if !wishes.is_text => source,
        Errand::Save { .. } | Errand::TakeAway { .. } => source,
        Errand::Send { letter, .. } | Errand::Upload { text: letter, .. } => {
            letter.and_then(|letter| letters.get(letter).copied())
        }
    }
}

/// Which list of its rule a job comes of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Then,
    After,
}

/// A job on its way in.
pub(super) struct NewJob<'a> {
    node: &'a str,
    rule: &'a str,
    at: Moment,
    job: &'a JobDraft,
    arrival: i64,
    payload: Option<i64>,
    step: Step,
}

impl<'a> NewJob<'a> {
    /// One of a step of `after`; `source` is the row of the arrival's own bytes.
    pub(super) fn of_step(
        node: &'a str,
        step: &'a NextStep,
        job: &'a JobDraft,
        (source, letters): (Option<i64>, &[i64]),
        at: Moment,
    ) -> Self {
        let payload = payload_of(job, source, letters);
        Self { node, rule: &step.arrival.rule, at, job, arrival: step.arrival.row, payload, step: Step::After }
    }

    fn queue(&self) -> QueueKey {
        let Self { rule, job, .. } = *self;
        QueueKey { server: job.server.clone(), priority: job.priority, rule: rule.to_owned(), rank: job.rank }
    }

    fn row(&self) -> Result<Value, sqlx::Error> {
        let Self { node, rule, at, job, arrival, payload, step } = self;
        let (state, reason, said) = match &job.beginning {
            Beginning::Ready => ("queued", None, None),
            Beginning::Paused => ("held", Some(Reason::RulePaused.word()), None),
            Beginning::Refused(reason, said) => ("failed", Some(reason.word()), Some(said.as_str())),
        };
        let ended_at = (state == "failed").then_some(*at);
        let (action, recipient, wishes) = match &job.errand {
            Errand::Upload { wishes, .. } => ("upload", None, serde_json::to_string(wishes)),
            Errand::Send { recipient, wishes, .. } => ("send", Some(recipient), serde_json::to_string(wishes)),
            Errand::Save { wishes, .. } => ("save", None, serde_json::to_string(wishes)),
            Errand::TakeAway { wishes, .. } => ("after", None, serde_json::to_string(wishes)),
        };
        let wishes = wishes.map_err(|why| sqlx::Error::Encode(why.into()))?;
        let parcel = payload.filter(|_| action == "send"); // the recipients of a letter travel together
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
        ]))
    }
}

/// Runs of jobs of which none waits for another: those can be inserted by one statement, which sees only older ones. The recipients
/// of a letter wait for others, never for each other.
fn free_of_each_other<'a, 'b>(jobs: &'b [NewJob<'a>]) -> Vec<&'b [NewJob<'a>]> {
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
    sqlx::query(INSERT_JOBS).bind(rows.to_string()).execute(&mut *tx.db).await?;
    let ready = jobs.iter().filter(|new| matches!(new.job.beginning, Beginning::Ready));
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
                  value ->> 20 AS is_after
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
                  in_order, state, reason, said, waits_for, due_at, expires_at, ended_at, is_after)
SELECT ref, arrival_id, payload_id, rule, action, recipient, parcel, server, node, target, wishes, class, rank, in_order,
       CASE WHEN state <> 'queued' THEN state WHEN paused THEN 'held' WHEN older IS NOT NULL THEN 'waiting' ELSE 'queued' END,
       iif(paused, 'rule_paused', reason), said, iif(state = 'queued' AND NOT paused, older, NULL), due_at, expires_at, ended_at, is_after
  FROM n";
