//! Settling: the attempt, the next state, the receipt and whoever waited, in one transaction, if the job is still ours.

use crate::{
    domain::{Identity, JobState, Moment, Reason, Receipt, RemotePath, Settlement, TakenAway},
    store::{
        ClaimedErrand, ClaimedJob, QueueKey, SessionId, Store, StoreError, after,
        litter::{self, Litter, hex},
        take_away, unknown,
        writer::{Tx, Write},
    },
};
use serde_json::{Value, json};
use sqlx::Row;
use std::{collections::BTreeSet, sync::Arc};

/// How a try ended, as its row has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TryOutcome {
    Delivered,
    Deferred,
    Failed,
    Unknown,
    Returned,
}

impl TryOutcome {
    /// The word of this outcome in SQL, CLI and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Deferred => "deferred",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Returned => "returned",
        }
    }
}

/// The row of one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptRow {
    pub started_at: Moment,
    pub ended_at: Moment,
    pub outcome: TryOutcome,
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
    /// What became of the source.
    pub taken: Option<TakenAway>,
}

/// Whether the outcome counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    Done,
    /// The claim was no longer ours: nothing was written.
    Fenced,
}

impl Store {
    /// Settles tries, many with a handful of statements. May be called twice: the second time all find themselves fenced.
    /// Answers in the order of `settles`.
    ///
    /// # Errors
    /// When the database refuses (a full disk, say): the jobs are still running and the call is to be made again.
    pub async fn settle(&self, settles: Arc<Vec<Settle>>) -> Result<Vec<Settled>, StoreError> {
        self.write(SettleAll(settles)).await
    }
}

/// One try a job: no job twice.
struct SettleAll(Arc<Vec<Settle>>);

impl Write for SettleAll {
    type Answer = Vec<Settled>;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<Vec<Settled>, sqlx::Error> {
        let moved = self.move_jobs(tx).await?;
        let ours: Vec<&Settle> = self.0.iter().filter(|settle| moved.contains(&settle.job.id)).collect();
        insert_all(tx, INSERT_ATTEMPTS, ours.iter().map(|settle| settle.attempt_row()).collect()).await?;
        let delivered = || ours.iter().filter_map(|settle| Some((settle, settle.receipt.as_ref()?)));
        insert_all(tx, INSERT_RECEIPTS, delivered().map(|(_, receipt)| receipt_row(receipt)).collect()).await?;
        insert_all(tx, REMEMBER_HASHES, delivered().filter_map(|(settle, receipt)| settle.hash_row(receipt)).collect())
            .await?;
        for settle in ours.iter().filter(|settle| settle.litter.is_some()) {
            settle.remember_litter(tx).await?;
        }
        for settle in ours.iter().filter(|settle| settle.settlement.state == JobState::Delivered) {
            if let ClaimedErrand::TakeAway(errand) = &settle.job.errand {
                take_away::mark_taken(tx, &errand.source, settle.attempt.ended_at).await?;
                take_away::remember_place(tx, &settle.job, settle.taken.as_ref()).await?;
            }
        }
        unknown::remember(tx, &ours).await?;
        let ended = ours.iter().filter(|settle| settle.settlement.state.is_ended());
        let mut ended: BTreeSet<i64> = ended.map(|settle| settle.job.id).collect();
        ended.extend(supersede(tx, &ours).await?);
        promote(tx, ended.into_iter().collect()).await?;
        let settled = |settle: &Settle| if moved.contains(&settle.job.id) { Settled::Done } else { Settled::Fenced };
        Ok(self.0.iter().map(settled).collect())
    }
}

impl SettleAll {
    /// The fence: the rows whose claim is still ours. A rule that was paused meanwhile holds what would be tried again.
    async fn move_jobs(&self, tx: &mut Tx<'_>) -> Result<BTreeSet<i64>, sqlx::Error> {
        let rows: Value = self.0.iter().map(Settle::move_row).collect();
        let moved = sqlx::query(MOVE_JOBS).bind(rows.to_string()).fetch_all(&mut *tx.db).await?;
        let moved: BTreeSet<i64> = moved.iter().map(|row| row.get("id")).collect();
        let queued = self.0.iter().filter(|settle| settle.settlement.state == JobState::Queued);
        tx.touched.extend(queued.filter(|settle| moved.contains(&settle.job.id)).map(|settle| settle.job.queue()));
        Ok(moved)
    }
}

/// Of the jobs whose file had changed those end whose newer version has arrived meanwhile, wanted or not.
async fn supersede(tx: &mut Tx<'_>, ours: &[&Settle]) -> Result<Vec<i64>, sqlx::Error> {
    let changed = ours.iter().filter(|settle| settle.settlement.reason == Some(Reason::SourceChanged));
    let changed: Vec<&&Settle> = changed.collect();
    let Some(now) = changed.first().map(|settle| settle.attempt.ended_at) else { return Ok(vec![]) };
    let ids: Value = changed.iter().map(|settle| settle.job.id).collect();
    let rows = sqlx::query(SUPERSEDE_CHANGED).bind(ids.to_string()).bind(now.0).fetch_all(&mut *tx.db).await?;
    let superseded: Vec<i64> = rows.iter().map(|row| row.get("id")).collect();
    litter::remember_parts(tx, &superseded, now).await?;
    Ok(superseded)
}

/// Rows travel as one JSON text: a statement of fixed words for any number of them. Bytes are in hexadecimal.
async fn insert_all(tx: &mut Tx<'_>, statement: &'static str, rows: Vec<Value>) -> Result<(), sqlx::Error> {
    if !rows.is_empty() {
        sqlx::query(statement).bind(Value::from(rows).to_string()).execute(&mut *tx.db).await?;
    }
    Ok(())
}

impl Settle {
    fn move_row(&self) -> Value {
        let Settlement { state, due_at, counted, reason, said } = &self.settlement;
        let ended_at = state.is_ended().then_some(self.attempt.ended_at.0);
        // the old temporary name is removed by whoever comes first: the next try needs another
        let is_renamed = self.litter.is_some();
        json!([
            self.job.id,
            self.session.0,
            self.job.claim_no,
            state.word(),
            due_at.0,
            reason.map(Reason::word),
            said,
            u32::from(*counted),
            ended_at,
            is_renamed,
        ])
    }

    fn attempt_row(&self) -> Value {
        let AttemptRow { started_at, ended_at, outcome, kind, code, said, tls, bytes } = &self.attempt;
        let counted = u32::from(self.settlement.counted);
        let (job, claim) = (self.job.id, self.job.claim_no);
        json!([job, claim, started_at.0, ended_at.0, outcome.word(), counted, kind, code, said, tls, bytes])
    }

    /// Of a text the row names the letter: the ledger has no line of that identity.
    fn hash_row(&self, receipt: &Receipt) -> Option<Value> {
        let source = match &self.job.errand {
            ClaimedErrand::Upload(upload) => &upload.source,
            ClaimedErrand::Save(save) => &save.source,
            ClaimedErrand::Send(_) | ClaimedErrand::TakeAway(_) | ClaimedErrand::Webhook(_) => return None,
        };
        let Identity { size_bytes, mtime_ns, inode, ctime_ns } = source.identity;
        let (path, sha256) = (hex(&source.name), hex(&receipt.sha256.0));
        Some(json!([sha256, source.place, path, size_bytes, mtime_ns, inode.cast_signed(), ctime_ns]))
    }

    async fn remember_litter(&self, tx: &mut Tx<'_>) -> Result<(), sqlx::Error> {
        let target = match &self.job.errand {
            ClaimedErrand::Upload(upload) => &upload.target,
            ClaimedErrand::Save(save) => &save.target,
            ClaimedErrand::Send(_) | ClaimedErrand::TakeAway(_) | ClaimedErrand::Webhook(_) => return Ok(()),
        };
        let Some(temporary) = self.litter.clone() else { return Ok(()) };
        let left = Litter { temporary, target: target.clone() };
        litter::remember(tx, &self.job.server, &left, self.attempt.ended_at).await
    }
}

fn receipt_row(receipt: &Receipt) -> Value {
    json!([
        hex(&receipt.job.0),
        receipt.rule,
        receipt.server,
        hex(&receipt.source_name),
        receipt.remote_path.as_ref().map(|path| hex(path.as_bytes())),
        receipt.size_bytes,
        hex(&receipt.sha256.0),
        receipt.proof.word(),
        receipt.reply,
        receipt.delivered_at.0,
        receipt.recipient,
    ])
}

pub(super) const MOVE_JOBS: &str = "
WITH s AS (SELECT value ->> 0 AS id, value ->> 1 AS session_id, value ->> 2 AS claim_no, value ->> 3 AS state, value ->> 4 AS due_at,
                  value ->> 5 AS reason, value ->> 6 AS said, value ->> 7 AS counted, value ->> 8 AS ended_at,
                  value ->> 9 AS is_renamed
             FROM jsonb_each(?1))
UPDATE jobs SET
       state = iif(s.state = 'queued' AND EXISTS (SELECT 1 FROM paused_rules p WHERE p.rule = jobs.rule), 'held', s.state),
       reason = iif(s.state = 'queued' AND EXISTS (SELECT 1 FROM paused_rules p WHERE p.rule = jobs.rule), 'rule_paused', s.reason),
       due_at = s.due_at, said = coalesce(s.said, jobs.said), session_id = NULL, counted_tries = counted_tries + s.counted, ended_at = s.ended_at,
       temp_token = iif(s.is_renamed, randomblob(8), temp_token)
  FROM s
 WHERE jobs.id = s.id AND +jobs.state = 'running' AND +jobs.session_id = s.session_id AND jobs.claim_no = s.claim_no
RETURNING id";

/// A new ctime or inode alone may have the same bytes: that is not for the ledger's line to say. A newer version may have been taken
/// away before what follows upon the older one.
pub(super) const SUPERSEDE_CHANGED: &str = "
UPDATE jobs SET state = 'cancelled', reason = 'superseded', said = 'a newer version of the file arrived', ended_at = ?2
 WHERE id IN (SELECT value FROM json_each(?1)) AND +state IN ('queued', 'held', 'failed')
   AND EXISTS (SELECT 1 FROM arrivals a CROSS JOIN payloads p ON p.id = jobs.payload_id
                      CROSS JOIN seen s ON s.place_id = a.place_id AND s.path = a.name
                WHERE a.id = jobs.arrival_id AND (s.gone_at IS NULL OR jobs.action = 'after')
                  AND (s.size_bytes, s.mtime_ns) <> (p.size_bytes, p.mtime_ns))
RETURNING id";

const INSERT_ATTEMPTS: &str = "
INSERT INTO attempts (job_id, claim_no, started_at, ended_at, outcome, counted, kind, code, said, tls, bytes)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8,
       value ->> 9, value ->> 10
  FROM jsonb_each(?1)";

const INSERT_RECEIPTS: &str = "
INSERT INTO receipts (job_ref, rule, server, source_name, remote_path, size_bytes, sha256, stored_size_bytes, stored_sha256,
                      proof, reply, delivered_at, recipient)
SELECT unhex(value ->> 0), value ->> 1, value ->> 2, unhex(value ->> 3), unhex(value ->> 4), value ->> 5, unhex(value ->> 6),
       value ->> 5, unhex(value ->> 6), value ->> 7, value ->> 8, value ->> 9, value ->> 10
  FROM jsonb_each(?1)";

/// For the ledger: a later change of inode or ctime alone is then decided by the bytes.
pub(super) const REMEMBER_HASHES: &str = "
WITH s AS (SELECT unhex(value ->> 0) AS sha256, value ->> 1 AS place_id, unhex(value ->> 2) AS path, value ->> 3 AS size_bytes,
                  value ->> 4 AS mtime_ns, value ->> 5 AS inode, value ->> 6 AS ctime_ns
             FROM jsonb_each(?1))
UPDATE seen SET sha256 = s.sha256
  FROM s
 WHERE seen.place_id = s.place_id AND seen.path = s.path AND seen.size_bytes = s.size_bytes AND seen.mtime_ns = s.mtime_ns
   AND seen.inode = s.inode AND seen.ctime_ns = s.ctime_ns";

/// Jobs have ended: who waited for one of them goes on, or waits for the next older job that is still open before it; and what
/// follows upon an arrival may be planned.
pub(super) async fn promote(tx: &mut Tx<'_>, ended: Vec<i64>) -> Result<(), sqlx::Error> {
    if ended.is_empty() {
        return Ok(());
    }
    let promoted = sqlx::query(PROMOTE).bind(Value::from(&ended[..]).to_string()).fetch_all(&mut *tx.db).await?;
    let queued = promoted.iter().filter(|row| row.get::<&str, _>("state") == "queued");
    tx.touched.extend(queued.map(QueueKey::from_row));
    after::ripen_by(tx, &ended).await
}

/// The youngest open job, older than the one at hand (`jobs` in the query around), that must end before it: of the same
/// target, or in strict order of the same rule and server; the recipients of a letter do not wait for each other. Whoever takes the
/// source away waits for all that still need it. (The youngest is
/// enough: that one waits for the one before it.)
macro_rules! older_open {
    () => {
        "nullif(max(
           coalesce((SELECT max(o.id) FROM jobs o WHERE o.server = jobs.server AND o.target = jobs.target
                        AND o.state IN ('waiting', 'queued', 'running', 'held') AND o.target IS NOT NULL AND o.id < jobs.id), 0),
           coalesce((SELECT max(o.id) FROM jobs o WHERE jobs.in_order = 1 AND o.in_order = 1 AND o.server = jobs.server
                        AND o.rule = jobs.rule AND o.state IN ('waiting', 'queued', 'running', 'held') AND o.id < jobs.id
                        AND (jobs.action = 'upload' OR o.arrival_id <> jobs.arrival_id)), 0),
           coalesce((SELECT max(o.id) FROM jobs o WHERE jobs.action = 'after' AND o.payload_id = jobs.payload_id
                        AND o.action <> 'after' AND o.state IN ('waiting', 'queued', 'running', 'held')), 0)), 0)"
    };
}
pub(super) use older_open;

pub(super) const PROMOTE: &str = concat!(
    "UPDATE jobs SET (waits_for, state) = (SELECT older, iif(older IS NULL, 'queued', 'waiting') FROM (SELECT ",
    older_open!(),
    " AS older)) WHERE state = 'waiting' AND waits_for IN (SELECT value FROM json_each(?1)) RETURNING server, class, rule, rank, state"
);
