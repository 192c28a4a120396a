//! Claiming: jobs become running, with the next due time in the same commit.

use crate::{
    domain::{Moment, Reason, Retry},
    store::{
        ClaimedJob, QueueKey, SessionId, Store, StoreError,
        settle::promote,
        writer::{Tx, Write},
    },
};
use serde_json::Value;
use sqlx::{Row, sqlite::SqliteRow};
use std::time::Duration;

/// How many parcels of one queue are wanted.
#[derive(Debug, Clone)]
pub struct Ask {
    pub queue: QueueKey,
    pub parcels: u32,
    /// The rule's waits: what the next due time is made of if we die during the try.
    pub retry: Retry,
}

/// The jobs that travel in one transaction: for a file, one.
#[derive(Debug, Clone)]
pub struct Parcel {
    pub jobs: Vec<ClaimedJob>,
}

impl Store {
    /// Takes due jobs of the asked queues for `session`, oldest first. Expired ones are left for the janitor.
    ///
    /// # Errors
    /// When the database refuses; then nothing was claimed.
    pub async fn claim(&self, session: SessionId, asks: Vec<Ask>, now: Moment) -> Result<Vec<Parcel>, StoreError> {
        self.write(Claim { session, asks, now }).await
    }
}

struct Claim {
    session: SessionId,
    asks: Vec<Ask>,
    now: Moment,
}

impl Write for Claim {
    type Answer = Vec<Parcel>;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<Vec<Parcel>, sqlx::Error> {
        let mut parcels = Vec::new();
        for ask in &self.asks {
            let first = parcels.len();
            let heads = sqlx::query(CLAIM)
                .bind(self.session.0)
                .bind(self.now.0)
                .bind(millis(ask.retry.first_wait))
                .bind(millis(ask.retry.longest_wait))
                .bind(&ask.queue.server)
                .bind(ask.queue.priority.class())
                .bind(&ask.queue.rule)
                .bind(ask.queue.rank)
                .bind(ask.parcels)
                .fetch_all(&mut *tx.db)
                .await?;
            for head in self.readable(tx, ask, &heads).await? {
                if let Some(head) = add(&mut parcels[first..], head) {
                    parcels.push(Parcel { jobs: vec![head] });
                }
            }
            let shared: Vec<i64> = parcels[first..].iter().filter_map(|parcel| parcel.jobs[0].parcel).collect();
            for mate in self.mates(tx, ask, &shared).await? {
                add(&mut parcels[first..], mate);
            }
        }
        parcels.sort_by_key(|parcel| parcel.jobs[0].id);
        Ok(parcels)
    }
}

/// Gives a job to the parcel it travels in; answers it where there is none.
fn add(parcels: &mut [Parcel], job: ClaimedJob) -> Option<ClaimedJob> {
    match parcels.iter_mut().find(|parcel| job.parcel.is_some() && parcel.jobs[0].parcel == job.parcel) {
        Some(parcel) => {
            parcel.jobs.push(job);
            None
        }
        None => Some(job),
    }
}

impl Claim {
    /// The other due jobs of these parcels.
    async fn mates(&self, tx: &mut Tx<'_>, ask: &Ask, parcels: &[i64]) -> Result<Vec<ClaimedJob>, sqlx::Error> {
        if parcels.is_empty() {
            return Ok(Vec::new());
        }
        let rows = sqlx::query(CLAIM_MATES)
            .bind(self.session.0)
            .bind(self.now.0)
            .bind(millis(ask.retry.first_wait))
            .bind(millis(ask.retry.longest_wait))
            .bind(&ask.queue.server)
            .bind(Value::from(parcels).to_string())
            .fetch_all(&mut *tx.db)
            .await?;
        self.readable(tx, ask, &rows).await
    }

    /// The jobs of claimed rows. One that cannot be read is failed at once: nobody could settle it.
    async fn readable(&self, tx: &mut Tx<'_>, ask: &Ask, rows: &[SqliteRow]) -> Result<Vec<ClaimedJob>, sqlx::Error> {
        let mut jobs = Vec::with_capacity(rows.len());
        for row in rows {
            match ClaimedJob::from_row(row, &ask.queue, self.now) {
                Ok(job) => jobs.push(job),
                Err(why) => self.fail(tx, row.get("id"), &why).await?,
            }
        }
        Ok(jobs)
    }

    async fn fail(&self, tx: &mut Tx<'_>, id: i64, why: &str) -> Result<(), sqlx::Error> {
        sqlx::query(
            "UPDATE jobs SET state = 'failed', reason = ?2, said = ?3, ended_at = ?4, session_id = NULL WHERE id = ?1",
        )
        .bind(id)
        .bind(Reason::Unplannable.word())
        .bind(format!("its row cannot be read by this version: {why}; touch the file, and it is sent anew"))
        .bind(self.now.0)
        .execute(&mut *tx.db)
        .await?;
        promote(tx, vec![id]).await
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

macro_rules! claim {
    ($which:literal, $more:literal) => {
        concat!(
            "UPDATE jobs SET state = 'running', session_id = ?1, claimed_at = ?2, claim_no = claim_no + 1,
                    due_at = ?2 + min(?4, ?3 << min(tries, 20)), tries = tries + 1
              WHERE id IN (", $which, ")
              RETURNING id, ref, tries, parcel, action, recipient, payload_id, target, wishes, expires_at, counted_tries, claim_no, temp_token, reason,
                action = 'after' AND EXISTS (SELECT 1 FROM attempts t WHERE t.job_id = jobs.id AND t.outcome = 'returned' AND t.said IS NOT NULL) AS was_cut_off,
                (SELECT folder FROM arrivals WHERE id = arrival_id) AS folder,
                (SELECT name FROM arrivals WHERE id = arrival_id) AS name,
                (SELECT place_id FROM arrivals WHERE id = arrival_id) AS place_id,
                (SELECT size_bytes FROM payloads WHERE id = payload_id) AS size_bytes,
                (SELECT mtime_ns FROM payloads WHERE id = payload_id) AS mtime_ns,
                (SELECT inode FROM payloads WHERE id = payload_id) AS inode,
                (SELECT ctime_ns FROM payloads WHERE id = payload_id) AS ctime_ns",
            $more
        )
    };
}

/// `+ 0`: SQLite plans a statement anew whenever a bare number of its LIMIT is bound.
pub(super) const CLAIM: &str = claim!(
    "SELECT id FROM jobs WHERE state = 'queued' AND server = ?5 AND class = ?6 AND rule = ?7 AND rank = ?8
        AND due_at <= ?2 AND expires_at > ?2 ORDER BY due_at, id LIMIT ?9 + 0",
    ", iif(action = 'send', (SELECT bytes FROM bodies b WHERE b.payload_id = jobs.payload_id
            AND (SELECT size_bytes FROM payloads p WHERE p.id = b.payload_id) <= 16384), NULL) AS message"
);
/// Of each parcel so many as one transaction with a relay takes at most.
pub(super) const CLAIM_MATES: &str = claim!(
    "SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY parcel ORDER BY id) AS place
        FROM jobs INDEXED BY jobs_parcel WHERE state = 'queued' AND parcel IN (SELECT value FROM json_each(?6)) AND parcel IS NOT NULL AND server = ?5
          AND due_at <= ?2 AND expires_at > ?2) WHERE place <= 99",
    ", NULL AS message"
);
