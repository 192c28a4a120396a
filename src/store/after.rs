//! `after` and `after_failure`: which arrivals are ready for their next step, and the jobs of that step.

use crate::{
    domain::{
        Copied, EndedJob, EndedReceipt, Ends, Identity, JobDraft, JobState, Letter, Moment, Ref, RemotePath, Sha256,
        Sighting,
    },
    store::{
        QueueKey, Store, StoreError,
        attempts::tries,
        error::unreadable,
        letters::insert_letters,
        litter,
        mail_keys::Taken,
        new_jobs::{NewJob, all_or_handled, insert_jobs},
        seen::identity_from,
        settle::promote,
        writer::{Tx, Write},
    },
};
use serde_json::Value;
use sqlx::{Row, sqlite::SqliteRow};

/// An arrival of which every job so far has ended.
#[derive(Debug, Clone)]
pub struct RipeArrival {
    pub(super) row: i64,
    pub id: Ref,
    pub rule: String,
    /// The text of the rule as the arrival met it, and its hash.
    pub rule_text: String,
    pub rule_sha256: Sha256,
    pub sighting: Sighting,
    /// Where its bytes are: a step may have moved them.
    pub lies: Sighting,
    pub arrived_at: Moment,
    /// Steps of its list that are planned.
    pub steps: u32,
    /// How the jobs of `then` ended.
    pub then: Ends,
    /// How often those were claimed: who is tried again meanwhile makes it another number.
    pub(super) claims: i64,
    /// How those of the last planned step did.
    pub last_step: Ends,
    /// The job of `then` that decided: the first that failed, else the first that was delivered.
    pub word: Option<EndedJob>,
    /// The copies of it on servers, in the order of their jobs.
    pub copies: Vec<Copied>,
}

/// The next step of an arrival, as it is planned.
#[derive(Debug, Clone)]
pub struct NextStep {
    pub arrival: RipeArrival,
    /// Steps of the list that are planned with this one.
    pub steps: u32,
    pub letters: Vec<Letter>,
    /// Empty: the list has come to its end.
    pub jobs: Vec<JobDraft>,
}

impl Store {
    /// Arrivals whose next step may be planned, at most `limit`, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn ripe(&self, limit: u32) -> Result<Vec<RipeArrival>, StoreError> {
        let rows = sqlx::query(RIPE).bind(limit).fetch_all(self.readers()).await?;
        let mut ripe = Vec::with_capacity(rows.len());
        for row in rows {
            let mut arrival = RipeArrival::from_row(&row)?;
            for ends in sqlx::query(ENDS).bind(arrival.row).fetch_all(self.readers()).await? {
                arrival.count(&ends);
            }
            let word = sqlx::query(WORD).bind(arrival.row).fetch_optional(self.readers()).await?;
            arrival.word = word.as_ref().map(ended_job).transpose()?;
            let copies = sqlx::query(COPIES).bind(arrival.row).fetch_all(self.readers()).await?;
            arrival.copies = copies.iter().filter_map(copied).collect();
            ripe.push(arrival);
        }
        Ok(ripe)
    }

    /// Commits the next steps of arrivals. An arrival that is no longer as it was read is left alone. May be called twice.
    ///
    /// # Errors
    /// When the database refuses; then nothing of them is there.
    pub async fn begin_steps(&self, node: &str, steps: Vec<NextStep>, now: Moment) -> Result<(), StoreError> {
        self.write(BeginSteps { node: node.to_owned(), steps, now }).await
    }
}

impl RipeArrival {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let bytes = |column| row.get::<Option<Vec<u8>>, _>(column).unwrap_or_default();
        let sighting = Sighting { folder: bytes("folder"), path: bytes("name"), identity: identity_from(row) };
        Ok(Self {
            row: row.get("id"),
            id: Ref(bytes("ref").try_into().map_err(|_| unreadable("ref", "not 16 bytes"))?),
            rule: row.get("rule"),
            rule_text: row.get("body"),
            rule_sha256: Sha256(bytes("rule_sha256").try_into().map_err(|_| unreadable("sha256", "not 32 bytes"))?),
            lies: moved(row).unwrap_or_else(|| sighting.clone()),
            sighting,
            arrived_at: row.get("arrived_at"),
            steps: row.get("after_steps"),
            then: Ends::default(),
            claims: 0,
            last_step: Ends::default(),
            word: None,
            copies: Vec::new(),
        })
    }

    fn count(&mut self, row: &SqliteRow) {
        let is_after: bool = row.get("is_after");
        self.claims += if is_after { 0 } else { row.get::<i64, _>("claims") };
        let ends = if is_after { &mut self.last_step } else { &mut self.then };
        let jobs = row.get::<i64, _>("jobs").cast_unsigned();
        match JobState::from_word(row.get("state")) {
            Some(JobState::Delivered) => ends.delivered += jobs,
            Some(JobState::Failed) => ends.failed += jobs,
            Some(JobState::Cancelled) => ends.cancelled += jobs,
            _ => {} // somebody has it tried again since: the arrival is not ripe any more, and is left alone
        }
    }
}

fn moved(row: &SqliteRow) -> Option<Sighting> {
    let folder = row.get::<Option<Vec<u8>>, _>("moved_folder")?;
    let [inode, ctime_ns] = ["moved_inode", "moved_ctime_ns"].map(|column| row.get::<i64, _>(column));
    let identity = Identity { inode: inode.cast_unsigned(), ctime_ns, ..identity_from(row) };
    Some(Sighting { folder, path: row.get("moved_name"), identity })
}

fn ended_job(row: &SqliteRow) -> Result<EndedJob, sqlx::Error> {
    let state = row.get("state");
    let job: Vec<u8> = row.get("ref");
    let sha256 = row.get::<Option<Vec<u8>>, _>("sha256").and_then(|bytes| bytes.try_into().ok()).map(Sha256);
    Ok(EndedJob {
        id: Ref(job.try_into().map_err(|_| unreadable("ref", "not 16 bytes"))?),
        state: JobState::from_word(state).ok_or_else(|| unreadable("state", state))?,
        server: row.get("server"),
        target: row.get("target"),
        recipient: row.get("recipient"),
        tries: row.get("tries"),
        said: row.get::<Option<String>, _>("said").unwrap_or_default(),
        receipt: sha256.map(|sha256| EndedReceipt {
            path: row.get("remote_path"),
            size_bytes: row.get::<i64, _>("size_bytes").cast_unsigned(),
            sha256,
            proof: row.get("proof"),
            reply: row.get("reply"),
            delivered_at: row.get("delivered_at"),
        }),
    })
}

fn copied(row: &SqliteRow) -> Option<Copied> {
    Some(Copied {
        server: row.get("server"),
        path: RemotePath::new(row.get::<Option<Vec<u8>>, _>("remote_path")?).ok()?,
        sha256: Sha256(row.get::<Vec<u8>, _>("sha256").try_into().ok()?),
    })
}

pub(super) const RIPE: &str = "
SELECT a.id, a.ref, v.name AS rule, v.body, v.sha256 AS rule_sha256, a.folder, a.name, a.arrived_at, a.after_steps,
       p.size_bytes, p.mtime_ns, p.inode, p.ctime_ns,
       m.folder AS moved_folder, m.name AS moved_name, m.inode AS moved_inode, m.ctime_ns AS moved_ctime_ns
  FROM arrivals a JOIN rule_versions v ON v.id = a.rule_version_id JOIN payloads p ON p.id = a.payload_id
       LEFT JOIN moved_sources m ON m.payload_id = a.payload_id AND m.arrival_id = a.id
 WHERE a.after = 'ripe' ORDER BY a.id LIMIT ?1";

/// Jobs of an earlier list (of `after_failure`, before somebody had a job tried again) say nothing.
pub(super) const ENDS: &str = "
SELECT j.is_after, j.state, count(*) AS jobs, sum(j.claim_no) AS claims
  FROM jobs j JOIN arrivals a ON a.id = j.arrival_id
 WHERE j.arrival_id = ?1 AND (j.is_after = 0 OR j.id >= a.after_from) GROUP BY j.is_after, j.state";

/// A receipt has no index on its job: rule and moment find it.
pub(super) const WORD: &str = concat!(
    "SELECT j.ref, j.state, j.server, j.target, j.recipient, ",
    tries!("j.id"),
    " AS tries, j.said,
       r.remote_path, r.size_bytes, r.sha256, r.proof, r.reply, r.delivered_at
  FROM jobs j LEFT JOIN receipts r ON r.rule = j.rule AND r.delivered_at = j.ended_at AND r.job_ref = j.ref
 WHERE j.arrival_id = ?1 AND j.is_after = 0
 ORDER BY j.state <> 'failed', j.state <> 'delivered', j.id LIMIT 1"
);

pub(super) const COPIES: &str = "
SELECT r.server, r.remote_path, r.sha256
  FROM jobs j JOIN receipts r ON r.rule = j.rule AND r.delivered_at = j.ended_at AND r.job_ref = j.ref
 WHERE j.arrival_id = ?1 AND j.action = 'upload' AND j.state = 'delivered' ORDER BY j.id";

struct BeginSteps {
    node: String,
    steps: Vec<NextStep>,
    now: Moment,
}

impl Write for BeginSteps {
    type Answer = ();

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<(), sqlx::Error> {
        for step in &self.steps {
            self.begin(tx, step).await?;
        }
        Ok(())
    }
}

impl BeginSteps {
    async fn begin(&self, tx: &mut Tx<'_>, step: &NextStep) -> Result<(), sqlx::Error> {
        let next = if step.jobs.is_empty() { "done" } else { "due" };
        let begun = sqlx::query(BEGIN)
            .bind(step.arrival.row)
            .bind(step.arrival.steps)
            .bind(step.steps)
            .bind(next)
            .bind(step.arrival.claims)
            .fetch_optional(&mut *tx.db)
            .await?;
        let Some(row) = begun.filter(|_| !step.jobs.is_empty()) else { return Ok(()) };
        let source: Option<i64> = row.get("payload_id");
        let of = (&*self.node, &*step.arrival.rule);
        let letters = insert_letters(tx, of, &step.letters, &mut Taken::default()).await?;
        let new = |job| NewJob::of_step(&self.node, step, job, (source, &letters), self.now);
        let jobs = all_or_handled(&step.jobs, &letters, new);
        insert_jobs(tx, &jobs).await?;
        ripen(tx, &[step.arrival.row]).await // all of them may have failed at once
    }
}

pub(super) const BEGIN: &str = "
UPDATE arrivals SET after = ?4, after_steps = ?3, after_from = iif(?4 = 'done', after_from, (SELECT max(id) + 1 FROM jobs))
 WHERE id = ?1 AND after = 'ripe' AND after_steps = ?2
   AND (SELECT coalesce(sum(claim_no), 0) FROM jobs WHERE arrival_id = ?1 AND is_after = 0) = ?5 RETURNING payload_id";

/// Those of these arrivals of which no job is open any more get their next step, if they have any.
pub(super) async fn ripen(tx: &mut Tx<'_>, arrivals: &[i64]) -> Result<(), sqlx::Error> {
    let rows = sqlx::query(RIPEN).bind(Value::from(arrivals).to_string()).fetch_all(&mut *tx.db).await?;
    tx.touched.extend(rows.iter().map(|_| QueueKey::of_after()));
    Ok(())
}

/// The same for the arrivals of these jobs, which have ended.
pub(super) async fn ripen_by(tx: &mut Tx<'_>, ended: &[i64]) -> Result<(), sqlx::Error> {
    let rows = sqlx::query(RIPEN_BY).bind(Value::from(ended).to_string()).fetch_all(&mut *tx.db).await?;
    tx.touched.extend(rows.iter().map(|_| QueueKey::of_after()));
    Ok(())
}

macro_rules! ripen {
    ($which:literal) => {
        concat!(
            "UPDATE arrivals SET after = 'ripe' WHERE after = 'due' AND id IN (",
            $which,
            ")
               AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.arrival_id = arrivals.id
                                  AND j.state IN ('waiting', 'queued', 'running', 'held')) RETURNING id"
        )
    };
}

pub(super) const RIPEN: &str = ripen!("SELECT value FROM json_each(?1)");
pub(super) const RIPEN_BY: &str =
    ripen!("SELECT arrival_id FROM jobs WHERE id IN (SELECT value FROM json_each(?1)) AND arrival_id IS NOT NULL");

/// Somebody has an ended job tried again: what follows upon it is open anew. A job of `then` begins the list from its start, and
/// what is left of the old one is let go: it would act upon what has not ended.
pub(super) async fn reopen(tx: &mut Tx<'_>, job: i64, now: Moment) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE arrivals SET after = 'due', after_steps = iif(j.is_after, after_steps, 0), after_from = iif(j.is_after, after_from, NULL)
           FROM (SELECT arrival_id, is_after FROM jobs WHERE id = ?1) AS j
          WHERE arrivals.id = j.arrival_id AND after <> 'none'",
    )
    .bind(job)
    .execute(&mut *tx.db)
    .await?;
    let let_go = sqlx::query(LET_GO).bind(job).bind(now.0).fetch_all(&mut *tx.db).await?;
    let let_go: Vec<i64> = let_go.iter().map(|row| row.get("id")).collect();
    litter::remember_parts(tx, &let_go, now).await?;
    promote(tx, let_go).await
}

pub(super) const LET_GO: &str = "
UPDATE jobs SET state = 'cancelled', reason = 'by_operator', said = 'what it follows upon is tried again', ended_at = ?2, waits_for = NULL
 WHERE arrival_id = (SELECT arrival_id FROM jobs WHERE id = ?1 AND is_after = 0) AND is_after = 1 AND state IN ('waiting', 'queued', 'held')
RETURNING id";
