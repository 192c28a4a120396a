//! Clocked housekeeping: deadlines that passed, and history that has been kept long enough.

use crate::{
    domain::{JobState, Moment, Ref},
    store::{
        QueueKey, Store, StoreError, litter, mail_keys,
        read::rules_with_ended_jobs,
        settle::promote,
        statement::Statement,
        writer::{Tx, Write},
    },
};
use serde_json::Value;
use sqlx::{Row, sqlite::SqliteRow};

/// Rows in one transaction, so that nothing else waits long.
const CHUNK: usize = 500;

/// A job that reached its deadline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expired {
    pub job: Ref,
    pub rule: String,
    pub server: String,
}

impl Store {
    /// Fails up to 500 open jobs whose deadline has passed; an empty answer means that there are no more. A running one
    /// is left to end its try.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn expire(&self, now: Moment) -> Result<Vec<Expired>, StoreError> {
        self.write(Expire { now }).await
    }

    /// Deletes up to 500 jobs of `state` that ended before `before`, with what only they needed; returns how many.
    /// Receipts and the `seen` ledger stay.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn purge(&self, state: JobState, before: Moment) -> Result<u64, StoreError> {
        self.write(Purge { state, before }).await
    }

    /// Deletes the bytes of messages and texts whose jobs were all delivered before `before`, of 500 behind the row `behind`; answers the
    /// last of these, or nothing behind the last of all. What failed or was cancelled may be tried again, and keeps its own.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn purge_bodies(&self, behind: i64, before: Moment) -> Result<Option<i64>, StoreError> {
        let rows = sqlx::query(BODIES).bind(behind).bind(before.0).fetch_all(self.readers()).await?;
        let old: Vec<i64> = rows.iter().filter(|row| row.get("is_old")).map(|row| row.get("payload_id")).collect();
        if !old.is_empty() {
            let purge = "DELETE FROM bodies WHERE payload_id IN (SELECT value FROM json_each(?1))";
            self.write(Statement::of(purge).bind(Value::from(old).to_string())).await?;
        }
        Ok(rows.last().map(|row| row.get("payload_id")))
    }

    /// Makes due what waits for a moment that no retry waits for: it was written before the clock was set back.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn bring_forward(&self, now: Moment) -> Result<(), StoreError> {
        self.write(BringForward { now }).await
    }

    /// Makes due what waits for others to have met its source: they had time to.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn hurry_here(&self, now: Moment) -> Result<(), StoreError> {
        self.write(HurryHere { now }).await
    }
}

struct HurryHere {
    now: Moment,
}

impl Write for HurryHere {
    type Answer = ();

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<(), sqlx::Error> {
        let rows = sqlx::query(HURRY_HERE).bind(self.now.0).fetch_all(&mut *tx.db).await?;
        tx.touched.extend(rows.iter().map(QueueKey::from_row));
        Ok(())
    }
}

pub(super) const HURRY_HERE: &str = "UPDATE jobs SET due_at = ?1
 WHERE state = 'queued' AND server = 'here' AND action = 'after' AND reason = 'source_changed' AND due_at > ?1
RETURNING server, class, rule, rank";

struct BringForward {
    now: Moment,
}

impl Write for BringForward {
    type Answer = ();

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<(), sqlx::Error> {
        let rows = sqlx::query(BRING_FORWARD).bind(self.now.0).fetch_all(&mut *tx.db).await?;
        let queued = rows.iter().filter(|row| row.get::<&str, _>("state") == "queued");
        tx.touched.extend(queued.map(QueueKey::from_row));
        Ok(())
    }
}

/// Twice the rule's longest wait, or what a webhook may ask for, and a minute for clocks that are put right a little. What waits for another job, or is held, has
/// its moment still when it is let go. A mail that is to be sent at a moment waits for that.
pub(super) const BRING_FORWARD: &str = "UPDATE jobs SET due_at = max(?1, iif(json_valid(wishes), coalesce(wishes ->> '$.not_before', 0), 0))
 WHERE state IN ('waiting', 'queued', 'held') AND action IN ('upload', 'send', 'save', 'after', 'webhook') AND due_at > ?1
   AND due_at > ?1 + 60000 + 2000 * max(iif(json_valid(wishes), coalesce(wishes ->> '$.retry.longest_wait.secs', 0), 0),
                                         iif(action = 'webhook', 1800, 0))
RETURNING server, class, rule, rank, state";

struct Expire {
    now: Moment,
}

impl Write for Expire {
    type Answer = Vec<Expired>;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<Vec<Expired>, sqlx::Error> {
        let rows = sqlx::query(EXPIRE).bind(self.now.0).fetch_all(&mut *tx.db).await?;
        let ended: Vec<i64> = rows.iter().map(|row| row.get("id")).collect();
        litter::remember_parts(tx, &ended, self.now).await?;
        promote(tx, ended).await?;
        let mut expired = Vec::with_capacity(rows.len());
        for row in rows {
            let Ok(job) = row.get::<Vec<u8>, _>("ref").try_into() else { continue }; // it has expired all the same
            expired.push(Expired { job: Ref(job), rule: row.get("rule"), server: row.get("server") });
        }
        Ok(expired)
    }
}

/// Of what may have been mailed a person decides, however long that takes.
pub(super) const EXPIRE: &str = "
UPDATE jobs SET state = 'failed', reason = 'deadline', ended_at = ?1,
       said = coalesce(said, 'it came to no try: its server was in trouble, paused or not configured, or it waited for another job')
 WHERE id IN (SELECT id FROM jobs WHERE state IN ('waiting', 'queued', 'held') AND expires_at <= ?1 AND reason IS NOT 'unknown' LIMIT 500)
RETURNING id, ref, rule, server";

struct Purge {
    state: JobState,
    before: Moment,
}

impl Write for Purge {
    type Answer = u64;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<u64, sqlx::Error> {
        let rules = sqlx::query(RULES).fetch_all(&mut *tx.db).await?;
        let mut purged = vec![];
        for rule in rules {
            let rows = sqlx::query(PURGE)
                .bind(rule.get::<String, _>("rule"))
                .bind(self.state.word())
                .bind(self.before.0)
                .bind((CHUNK - purged.len()) as i64)
                .fetch_all(&mut *tx.db)
                .await?;
            purged.extend(rows);
            if purged.len() == CHUNK {
                break;
            }
        }
        let keys = if self.state == JobState::Delivered { mail_keys::REMEMBER_MAILED } else { mail_keys::FORGET };
        let ids = |rows: &[SqliteRow], column| {
            rows.iter().map(|row| row.get::<Option<i64>, _>(column)).collect::<Value>().to_string()
        };
        let arrivals = sqlx::query(ARRIVALS).bind(ids(&purged, "arrival_id")).fetch_all(&mut *tx.db).await?;
        sqlx::query(MESSAGES).bind(ids(&arrivals, "message_id")).execute(&mut *tx.db).await?;
        for orphans in [keys, PAYLOADS] {
            sqlx::query(orphans).bind(ids(&purged, "payload_id")).execute(&mut *tx.db).await?;
        }
        Ok(purged.len() as u64)
    }
}

/// What is delivered stays so, whatever happens between this look and the removal.
pub(super) const BODIES: &str = "
SELECT b.payload_id, NOT EXISTS (SELECT 1 FROM jobs j WHERE j.payload_id = b.payload_id
                                    AND (j.state <> 'delivered' OR j.ended_at >= ?2)) AS is_old
  FROM (SELECT payload_id FROM bodies WHERE payload_id > ?1 ORDER BY payload_id LIMIT 500) b ORDER BY b.payload_id";

pub(super) const RULES: &str = rules_with_ended_jobs!();

pub(super) const PURGE: &str = "
DELETE FROM jobs WHERE id IN
  (SELECT id FROM jobs WHERE ended_at IS NOT NULL AND rule = ?1 AND state = ?2 AND ended_at < ?3 LIMIT ?4)
RETURNING arrival_id, payload_id";

pub(super) const ARRIVALS: &str = "DELETE FROM arrivals WHERE id IN (SELECT value FROM json_each(?1))
   AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.arrival_id = arrivals.id) RETURNING message_id";

pub(super) const MESSAGES: &str = "DELETE FROM messages WHERE id IN (SELECT value FROM json_each(?1))
   AND NOT EXISTS (SELECT 1 FROM arrivals a WHERE a.message_id = messages.id)";

pub(super) const PAYLOADS: &str = "DELETE FROM payloads WHERE id IN (SELECT value FROM json_each(?1))
   AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.payload_id = payloads.id)";
