//! A session: one running process. Its lock proves the former one dead; what that one had claimed is released.

use crate::{
    domain::Moment,
    store::{
        Store, StoreError, litter, mail_keys,
        statement::Statement,
        writer::{Tx, Write},
    },
};
use sqlx::Row;
use std::time::Duration;

/// The row of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId(pub(super) i64);

/// How long a heartbeat is good for.
pub const LEASE: Duration = Duration::from_secs(60);

impl Store {
    /// Starts a session and releases what dead ones had claimed: their tries were interrupted, not failed. Each gets a
    /// new temporary name, and the old one, which may lie half on the server, becomes litter.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn begin_session(&self, node: &str, now: Moment) -> Result<SessionId, StoreError> {
        self.write(Begin { node: node.to_owned(), now }).await
    }

    /// Releases what dead sessions had claimed without beginning one: for a verb that acts alone, under the lock.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn release_dead(&self, now: Moment) -> Result<(), StoreError> {
        self.write(Release { now }).await
    }

    /// Says that the session lives.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn heartbeat(&self, session: SessionId, now: Moment) -> Result<(), StoreError> {
        let lives = "UPDATE sessions SET alive_until = ?1 WHERE id = ?2";
        self.write(Statement::of(lives).bind(now.plus(LEASE).0).bind(session.0)).await
    }

    /// Ends the session in good order.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn end_session(&self, session: SessionId, now: Moment) -> Result<(), StoreError> {
        let ends = "UPDATE sessions SET ended_at = ?1, alive_until = ?1 WHERE id = ?2";
        self.write(Statement::of(ends).bind(now.0).bind(session.0)).await
    }
}

struct Release {
    now: Moment,
}

impl Write for Release {
    type Answer = ();

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<(), sqlx::Error> {
        release_all(tx, self.now).await
    }
}

struct Begin {
    node: String,
    now: Moment,
}

impl Write for Begin {
    type Answer = SessionId;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<SessionId, sqlx::Error> {
        release_all(tx, self.now).await?;
        sqlx::query("UPDATE sessions SET ended_at = ?1 WHERE ended_at IS NULL")
            .bind(self.now.0)
            .execute(&mut *tx.db)
            .await?;
        let row = sqlx::query("INSERT INTO sessions (node, started_at, alive_until) VALUES (?1, ?2, ?3) RETURNING id")
            .bind(&self.node)
            .bind(self.now.0)
            .bind(self.now.plus(LEASE).0)
            .fetch_one(&mut *tx.db)
            .await?;
        Ok(SessionId(row.get("id")))
    }
}

async fn release_all(tx: &mut Tx<'_>, now: Moment) -> Result<(), sqlx::Error> {
    let orphans = sqlx::query(
        "SELECT id, server, action, target, temp_token, claim_no, claimed_at, payload_id, reason IS 'unknown' AS may_be_mailed,
                action = 'after' AND NOT EXISTS (SELECT 1 FROM attempts t WHERE t.job_id = jobs.id AND t.outcome = 'returned' AND t.said IS NOT NULL) AS is_hurried
           FROM jobs WHERE state = 'running'",
    )
    .fetch_all(&mut *tx.db)
    .await?;
    let may_be_mailed = orphans.iter().filter(|orphan| orphan.get("may_be_mailed"));
    let letters: Vec<i64> = may_be_mailed.filter_map(|orphan| orphan.get("payload_id")).collect();
    mail_keys::keep(tx, &letters).await?;
    for orphan in orphans {
        let id: i64 = orphan.get("id");
        // that it has words is what tells it from a job that was handed back
        sqlx::query(
            "INSERT INTO attempts (job_id, claim_no, started_at, ended_at, outcome, counted, said, bytes)
             VALUES (?1, ?2, ?3, ?4, 'returned', 0, ?5, 0)",
        )
        .bind(id)
        .bind(orphan.get::<i64, _>("claim_no"))
        .bind(orphan.get::<Option<i64>, _>("claimed_at").unwrap_or(now.0))
        .bind(now.0)
        .bind(match orphan.get("action") {
            "send" | "webhook" => "interrupted: the process ended; if it was being sent just then, it may come twice",
            _ => "interrupted: the process ended",
        })
        .execute(&mut *tx.db)
        .await?;
        if orphan.get::<&str, _>("action") != "after" // its source is set aside under a name that the job keeps
            && let Some(left) = litter::of_job(orphan.get("target"), orphan.get("temp_token"))
        {
            litter::remember(tx, orphan.get("server"), &left, now).await?;
        }
        // a mail that was on its way may have been taken, and its rule does not want it twice;
        // due_at stays as the claim committed it: a job that kills the process backs off like any other, but for the first time of
        // one that may have set its source aside, where nobody finds it
        sqlx::query(
            "UPDATE jobs SET (state, reason, said) = (SELECT iif(unknown OR paused, 'held', 'queued'),
                                              CASE WHEN unknown THEN 'unknown' WHEN paused THEN 'rule_paused' ELSE jobs.reason END,
                                              iif(unknown, 'the process ended while it was sent: it may have been taken', jobs.said)
                      FROM (SELECT EXISTS (SELECT 1 FROM paused_rules p WHERE p.rule = jobs.rule) AS paused,
                                   jobs.reason IS 'unknown' AS unknown)),
                    session_id = NULL, temp_token = randomblob(8), due_at = iif(?2, min(due_at, ?3), due_at)
              WHERE id = ?1 AND state = 'running'",
        )
        .bind(id)
        .bind(orphan.get::<bool, _>("is_hurried"))
        .bind(now.0)
        .execute(&mut *tx.db)
        .await?;
    }
    Ok(())
}
