//! `pause` and `resume` of a rule and of a server. What a paused rule has open is held; a paused server's lane is shut.

use crate::{
    domain::Moment,
    store::{
        QueueKey, Store, StoreError,
        operate_jobs::{CHUNK, STANDING, hold, release},
        statement::Statement,
        writer::{Tx, Write},
    },
};
use sqlx::Row;

impl Store {
    /// Pauses a rule: from the first commit on its new jobs are held, and so is what a running one leaves to be tried
    /// again; then those that wait are set aside. Returns how many. May be called twice.
    ///
    /// # Errors
    /// When the database refuses; the rule is then paused or not, and the call may be made again.
    pub async fn pause_rule(&self, rule: &str, now: Moment) -> Result<u64, StoreError> {
        let pause = "INSERT OR IGNORE INTO paused_rules (rule, since) VALUES (?1, ?2)";
        self.write(Statement::of(pause).bind(rule).bind(now.0)).await?;
        self.hold_open(rule).await
    }

    /// Sets aside what a rule has waiting, as its own file's `paused: true` asks; such a pause ends with the file's word
    /// and leaves no other mark. Returns how many. May be called twice.
    ///
    /// # Errors
    /// When the database refuses; the call may be made again.
    pub async fn hold_open(&self, rule: &str) -> Result<u64, StoreError> {
        let rows = sqlx::query(OF_RULE).bind(rule).fetch_all(self.readers()).await?;
        let rows: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
        let mut held = 0;
        for chunk in rows.chunks(CHUNK) {
            held += self.write(HoldChunk { rows: chunk.to_vec() }).await?;
        }
        Ok(held)
    }

    /// Resumes a rule: what its pause held goes on, in order. Returns how many. May be called twice, and for a rule that
    /// is not paused: then it lets go what an interrupted resume left.
    ///
    /// # Errors
    /// When the database refuses; the call may be made again.
    pub async fn resume_rule(&self, rule: &str) -> Result<u64, StoreError> {
        let mut released = 0;
        loop {
            let chunk = self.write(ResumeChunk { rule: rule.to_owned() }).await?;
            released += chunk;
            if chunk < CHUNK as u64 {
                return Ok(released);
            }
        }
    }

    /// Shuts a server's lane until it is resumed. May be called twice.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn pause_server(&self, server: &str, now: Moment) -> Result<(), StoreError> {
        self.write(Statement::of(PAUSE_SERVER).bind(server).bind(now.0)).await
    }

    /// Opens a lane that was paused; one in trouble keeps its back-off. May be called twice.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn resume_server(&self, server: &str, now: Moment) -> Result<(), StoreError> {
        self.write(Statement::of(RESUME_SERVER).bind(server).bind(now.0)).await
    }
}

/// Once for a whole pause: no index has the rule first, so those of all open jobs are read.
const OF_RULE: &str = "SELECT id FROM jobs WHERE state = 'queued' AND rule = ?1
 UNION ALL SELECT id FROM jobs WHERE state = 'waiting' AND rule = ?1";

struct HoldChunk {
    rows: Vec<i64>,
}

impl Write for HoldChunk {
    type Answer = u64;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<u64, sqlx::Error> {
        let mut held = 0;
        for row in &self.rows {
            held += hold(tx, *row, "rule_paused").await?;
        }
        Ok(held)
    }
}

struct ResumeChunk {
    rule: String,
}

impl Write for ResumeChunk {
    type Answer = u64;

    /// The rule counts as resumed with the last chunk: until then a new pause or resume finds it as it is.
    async fn apply(&self, tx: &mut Tx<'_>) -> Result<u64, sqlx::Error> {
        let held = sqlx::query(HELD_BY_PAUSE).bind(&self.rule).bind(CHUNK as i64).fetch_all(&mut *tx.db).await?;
        for row in &held {
            let row: i64 = row.get("id");
            let standing = sqlx::query(STANDING).bind(row).fetch_one(&mut *tx.db).await?;
            let must_wait_for: Option<i64> = standing.get("must_wait_for");
            release(tx, row, must_wait_for).await?;
            if must_wait_for.is_none() {
                tx.touched.insert(QueueKey::from_row(&standing));
            }
        }
        if held.len() < CHUNK {
            sqlx::query("DELETE FROM paused_rules WHERE rule = ?1").bind(&self.rule).execute(&mut *tx.db).await?;
        }
        Ok(held.len() as u64)
    }
}

/// Oldest first, so that a job finds those before it already let go.
pub(super) const HELD_BY_PAUSE: &str =
    "SELECT id FROM jobs WHERE state = 'held' AND rule = ?1 AND reason = 'rule_paused' ORDER BY id LIMIT ?2";

const PAUSE_SERVER: &str = "INSERT INTO lanes (server, state, since) VALUES (?1, 'paused', ?2)
  ON CONFLICT (server) DO UPDATE SET state = 'paused', since = excluded.since WHERE state <> 'paused'";

const RESUME_SERVER: &str = "UPDATE lanes SET state = 'open', since = ?2, kind = NULL, said = NULL, retry_at = NULL,
  failures = 0 WHERE server = ?1 AND state = 'paused'";
