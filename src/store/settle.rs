//! Settling: the attempt, the next state, the receipt and whoever waited, in one transaction, if the job is still ours.

use crate::{
    domain::{JobState, Moment, Reason, Receipt, RemotePath},
    store::{
        ClaimedJob, QueueKey, SessionId, Store, StoreError,
        litter::{self, Litter},
        writer::{Tx, Write},
    },
};
use sqlx::{Row, sqlite::SqliteRow};

/// What becomes of the job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    pub state: JobState,
    /// When it is tried again, if it is queued.
    pub due_at: Moment,
    pub reason: Option<Reason>,
    /// The last words about it.
    pub said: Option<String>,
}

/// The row of one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptRow {
    pub started_at: Moment,
    pub ended_at: Moment,
    /// `delivered`, `deferred`, `failed`, `unknown` or `returned`.
    pub outcome: &'static str,
    /// 1 if it counts against `retry.attempts`, else 0.
    pub counted: u32,
    /// A word of `TroubleKind`.
    pub kind: Option<&'static str>,
    pub code: Option<u16>,
    pub said: Option<String>,
    pub tls: Option<String>,
    pub bytes: u64,
}

/// One job's end of a try.
#[derive(Debug, Clone)]
pub struct Settle {
    pub session: SessionId,
    pub job: ClaimedJob,
    pub settlement: Settlement,
    pub attempt: AttemptRow,
    pub receipt: Option<Receipt>,
    /// A temporary name left behind.
    pub litter: Option<RemotePath>,
}

/// Whether the outcome counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    Done,
    /// The claim was no longer ours: nothing was written.
    Fenced,
}

impl Store {
    /// Settles one try. May be called twice: the second finds itself fenced.
    ///
    /// # Errors
    /// When the database refuses (a full disk, say): the job is still running and the call is to be made again.
    pub async fn settle(&self, settle: Settle) -> Result<Settled, StoreError> {
        self.write(settle).await
    }
}

impl Write for Settle {
    type Answer = Settled;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<Settled, sqlx::Error> {
        let Some(moved) = self.move_job(tx).await? else { return Ok(Settled::Fenced) };
        self.insert_attempt(tx).await?;
        if let Some(receipt) = &self.receipt {
            insert_receipt(tx, receipt).await?;
            self.remember_hash(tx, receipt).await?;
        }
        if let Some(temporary) = &self.litter {
            let left = Litter { temporary: temporary.clone(), target: self.job.target.clone() };
            litter::remember(tx, &self.job.server, &left, self.attempt.ended_at).await?;
        }
        match self.settlement.state {
            JobState::Queued if moved.get::<&str, _>("state") == "queued" => {
                tx.touched.insert(QueueKey::from_row(&moved));
            }
            state if state.is_ended() => promote(tx, self.job.id).await?,
            _ => {}
        }
        Ok(Settled::Done)
    }
}

impl Settle {
    /// The fence: `None` when the claim is not ours any more. A rule that was paused meanwhile holds what would be tried again.
    async fn move_job(&self, tx: &mut Tx<'_>) -> Result<Option<SqliteRow>, sqlx::Error> {
        let Settlement { state, due_at, reason, said } = &self.settlement;
        sqlx::query(
            "UPDATE jobs SET (state, reason) = (SELECT iif(paused, 'held', ?1), iif(paused, 'rule_paused', ?3)
                      FROM (SELECT ?1 = 'queued' AND EXISTS (SELECT 1 FROM paused_rules p WHERE p.rule = jobs.rule) AS paused)),
                    due_at = ?2, said = ?4, session_id = NULL, counted_tries = counted_tries + ?5, ended_at = ?6
              WHERE id = ?7 AND state = 'running' AND session_id = ?8 AND claim_no = ?9
              RETURNING server, class, rule, rank, state",
        )
        .bind(state.word())
        .bind(due_at.0)
        .bind(reason.map(Reason::word))
        .bind(said)
        .bind(self.attempt.counted)
        .bind(state.is_ended().then_some(self.attempt.ended_at.0))
        .bind(self.job.id)
        .bind(self.session.0)
        .bind(self.job.claim_no)
        .bind(self.litter.is_some()) // the old name is removed by whoever comes first: the next try needs another
        .fetch_optional(&mut *tx.db)
        .await
    }

    async fn insert_attempt(&self, tx: &mut Tx<'_>) -> Result<(), sqlx::Error> {
        let attempt = &self.attempt;
        sqlx::query(
            "INSERT INTO attempts (job_id, claim_no, started_at, ended_at, outcome, counted, kind, code, said, tls, bytes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )
        .bind(self.job.id)
        .bind(self.job.claim_no)
        .bind(attempt.started_at.0)
        .bind(attempt.ended_at.0)
        .bind(attempt.outcome)
        .bind(attempt.counted)
        .bind(attempt.kind)
        .bind(attempt.code)
        .bind(&attempt.said)
        .bind(&attempt.tls)
        .bind(attempt.bytes.cast_signed())
        .execute(&mut *tx.db)
        .await?;
        Ok(())
    }

    /// For the ledger: a later change of inode or ctime alone is then decided by the bytes.
    async fn remember_hash(&self, tx: &mut Tx<'_>, receipt: &Receipt) -> Result<(), sqlx::Error> {
        let identity = self.job.identity;
        sqlx::query(
            "UPDATE seen SET sha256 = ?1
              WHERE place_id = ?2 AND path = ?3 AND size_bytes = ?4 AND mtime_ns = ?5 AND inode = ?6 AND ctime_ns = ?7",
        )
        .bind(&receipt.sha256.0[..])
        .bind(self.job.place)
        .bind(&self.job.name)
        .bind(identity.size_bytes.cast_signed())
        .bind(identity.mtime_ns)
        .bind(identity.inode.cast_signed())
        .bind(identity.ctime_ns)
        .execute(&mut *tx.db)
        .await?;
        Ok(())
    }
}

async fn insert_receipt(tx: &mut Tx<'_>, receipt: &Receipt) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO receipts (job_ref, rule, server, source_name, remote_path, size_bytes, sha256,
                               stored_size_bytes, stored_sha256, proof, reply, delivered_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?6, ?7, ?8, ?9, ?10)",
    )
    .bind(&receipt.job.0[..])
    .bind(&receipt.rule)
    .bind(&receipt.server)
    .bind(&receipt.source_name)
    .bind(receipt.remote_path.as_bytes())
    .bind(receipt.size_bytes.cast_signed())
    .bind(&receipt.sha256.0[..])
    .bind(receipt.proof.word())
    .bind(&receipt.reply)
    .bind(receipt.delivered_at.0)
    .execute(&mut *tx.db)
    .await?;
    Ok(())
}

/// Job `ended` has ended: who waited for it goes on, or waits for the next older job that is still open before it.
pub(super) async fn promote(tx: &mut Tx<'_>, ended: i64) -> Result<(), sqlx::Error> {
    let promoted = sqlx::query(PROMOTE).bind(ended).fetch_all(&mut *tx.db).await?;
    let queued = promoted.iter().filter(|row| row.get::<&str, _>("state") == "queued");
    tx.touched.extend(queued.map(QueueKey::from_row));
    Ok(())
}

/// The youngest open job, older than the one at hand (`jobs` in the query around), that must end before it: of the same
/// target, or in strict order of the same rule and server. (The youngest is enough: that one waits for the one before it.)
macro_rules! older_open {
    () => {
        "nullif(max(
           coalesce((SELECT max(o.id) FROM jobs o WHERE o.server = jobs.server AND o.target = jobs.target
                        AND o.state IN ('waiting', 'queued', 'running', 'held') AND o.target IS NOT NULL AND o.id < jobs.id), 0),
           coalesce((SELECT max(o.id) FROM jobs o WHERE jobs.in_order = 1 AND o.in_order = 1 AND o.server = jobs.server
                        AND o.rule = jobs.rule AND o.state IN ('waiting', 'queued', 'running', 'held') AND o.id < jobs.id), 0)), 0)"
    };
}
pub(super) use older_open;

pub(super) const PROMOTE: &str = concat!(
    "UPDATE jobs SET (waits_for, state) = (SELECT older, iif(older IS NULL, 'queued', 'waiting') FROM (SELECT ",
    older_open!(),
    " AS older)) WHERE state = 'waiting' AND waits_for = ?1 RETURNING server, class, rule, rank, state"
);
