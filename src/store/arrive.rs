//! An arrival with its payload, its jobs and its line in the ledger, in one transaction.

use crate::{
    domain::{ArrivalDraft, Beginning, JobDraft, Moment, Reason},
    store::{
        QueueKey, Store, StoreError,
        settle::promote,
        writer::{Tx, Write},
    },
};
use sqlx::Row;

/// Arrivals to be committed together; at most a few hundred, so that no other request waits long.
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
        for draft in &self.arrivals {
            insert_seen(tx, draft).await?;
            if draft.jobs.is_empty() {
                continue;
            }
            let path = [&draft.sighting.folder[..], b"/", &draft.sighting.path].concat();
            let payload = insert_payload(tx, &self.node, draft, &path).await?;
            supersede(tx, draft, &path, payload).await?;
            let arrival = insert_arrival(tx, draft, payload).await?;
            for job in &draft.jobs {
                insert_job(tx, &self.node, draft, job, (arrival, payload)).await?;
            }
        }
        Ok(())
    }
}

async fn insert_seen(tx: &mut Tx<'_>, draft: &ArrivalDraft) -> Result<(), sqlx::Error> {
    let identity = draft.sighting.identity;
    sqlx::query(
        "INSERT INTO seen (place_id, path, size_bytes, mtime_ns, inode, ctime_ns) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (place_id, path) DO UPDATE SET size_bytes = excluded.size_bytes, mtime_ns = excluded.mtime_ns,
           inode = excluded.inode, ctime_ns = excluded.ctime_ns, sha256 = NULL, gone_at = NULL",
    )
    .bind(draft.place)
    .bind(&draft.sighting.path)
    .bind(identity.size_bytes.cast_signed())
    .bind(identity.mtime_ns)
    .bind(identity.inode.cast_signed())
    .bind(identity.ctime_ns)
    .execute(&mut *tx.db)
    .await?;
    Ok(())
}

async fn insert_payload(tx: &mut Tx<'_>, node: &str, draft: &ArrivalDraft, path: &[u8]) -> Result<i64, sqlx::Error> {
    let identity = draft.sighting.identity;
    let row = sqlx::query(
        "INSERT INTO payloads (place, node, path, size_bytes, mtime_ns, inode, ctime_ns)
         VALUES ('in_place', ?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (path, node, ctime_ns, inode, mtime_ns, size_bytes) WHERE place = 'in_place'
         DO UPDATE SET node = excluded.node RETURNING id",
    )
    .bind(node)
    .bind(path)
    .bind(identity.size_bytes.cast_signed())
    .bind(identity.mtime_ns)
    .bind(identity.inode.cast_signed())
    .bind(identity.ctime_ns)
    .fetch_one(&mut *tx.db)
    .await?;
    Ok(row.get("id"))
}

/// A running job is left alone: it finds out by itself that its file has changed, and the newer one waits for it.
async fn supersede(tx: &mut Tx<'_>, draft: &ArrivalDraft, path: &[u8], payload: i64) -> Result<(), sqlx::Error> {
    let ended = sqlx::query(
        "UPDATE jobs SET state = 'cancelled', reason = 'superseded', ended_at = ?1,
                said = 'a newer version of the file arrived'
          WHERE payload_id IN (SELECT id FROM payloads WHERE place = 'in_place' AND path = ?2 AND id <> ?3)
            AND rule = ?4 AND state IN ('waiting', 'queued', 'held')
          RETURNING id",
    )
    .bind(draft.arrived_at.0)
    .bind(path)
    .bind(payload)
    .bind(&draft.rule)
    .fetch_all(&mut *tx.db)
    .await?;
    for job in ended {
        promote(tx, job.get("id")).await?;
    }
    Ok(())
}

async fn insert_arrival(tx: &mut Tx<'_>, draft: &ArrivalDraft, payload: i64) -> Result<i64, sqlx::Error> {
    let row = sqlx::query(
        "INSERT INTO arrivals (ref, rule_version_id, source, place_id, payload_id, folder, name, arrived_at)
         VALUES (?1, ?2, 'watch', ?3, ?4, ?5, ?6, ?7) RETURNING id",
    )
    .bind(&draft.id.0[..])
    .bind(draft.rule_version)
    .bind(draft.place)
    .bind(payload)
    .bind(&draft.sighting.folder)
    .bind(&draft.sighting.path)
    .bind(draft.arrived_at.0)
    .fetch_one(&mut *tx.db)
    .await?;
    Ok(row.get("id"))
}

async fn insert_job(
    tx: &mut Tx<'_>,
    node: &str,
    draft: &ArrivalDraft,
    job: &JobDraft,
    (arrival, payload): (i64, i64),
) -> Result<(), sqlx::Error> {
    let (state, reason, said) = match &job.beginning {
        Beginning::Ready | Beginning::InOrder => ("queued", None, None),
        Beginning::Paused => ("held", Some(Reason::RulePaused.word()), None),
        Beginning::Refused(reason, said) => ("failed", Some(reason.word()), Some(said.as_str())),
    };
    let ended_at: Option<Moment> = (state == "failed").then_some(draft.arrived_at);
    let row = sqlx::query(INSERT_JOB)
        .bind(&job.id.0[..])
        .bind(arrival)
        .bind(payload)
        .bind(&draft.rule)
        .bind(&job.server)
        .bind(node)
        .bind(job.target.as_ref().map(crate::domain::RemotePath::as_bytes))
        .bind(serde_json::to_string(&job.wishes).unwrap_or_default())
        .bind(job.priority.class())
        .bind(job.rank)
        .bind(job.beginning == Beginning::InOrder)
        .bind(state)
        .bind(reason)
        .bind(said)
        .bind(job.due_at.0)
        .bind(job.expires_at.0)
        .bind(ended_at.map(|moment| moment.0))
        .fetch_one(&mut *tx.db)
        .await?;
    if row.get::<&str, _>("state") == "queued" {
        tx.touched.insert(QueueKey {
            server: job.server.clone(),
            priority: job.priority,
            rule: draft.rule.clone(),
            rank: job.rank,
        });
    }
    Ok(())
}

/// The job of a rule that an operator paused is held. A queued job waits for the youngest open one of its target, and in
/// strict order for the youngest open one of its rule.
/// (Waiting for the youngest is enough: that one waits for the one before it.)
const INSERT_JOB: &str = "
INSERT INTO jobs (ref, arrival_id, payload_id, rule, action, server, node, target, wishes, class, rank, in_order,
                  state, reason, said, waits_for, due_at, expires_at, ended_at)
SELECT ?1, ?2, ?3, ?4, 'upload', ?5, ?6, ?7, ?8, ?9, ?10, ?11,
       CASE WHEN ?12 <> 'queued' THEN ?12 WHEN paused THEN 'held' WHEN older.id IS NOT NULL THEN 'waiting' ELSE 'queued' END,
       iif(?12 = 'queued' AND paused, 'rule_paused', ?13), ?14, iif(?12 = 'queued' AND NOT paused, older.id, NULL), ?15, ?16, ?17
  FROM (SELECT EXISTS (SELECT 1 FROM paused_rules WHERE rule = ?4) AS paused),
       (SELECT max(id) AS id FROM (
         SELECT max(id) AS id FROM jobs
          WHERE server = ?5 AND target = ?7 AND target IS NOT NULL AND state IN ('waiting', 'queued', 'running', 'held')
         UNION ALL
         SELECT max(id) FROM jobs
          WHERE ?11 AND server = ?5 AND rule = ?4 AND in_order = 1 AND state IN ('waiting', 'queued', 'running', 'held'))) AS older
RETURNING state";
