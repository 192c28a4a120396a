//! A source that is taken away: who still needs it, and which ledgers must know that it is gone.

use crate::{
    domain::{Identity, Moment, Sighting, TakenAway},
    store::{ClaimedJob, ClaimedSource, Store, StoreError, seen::identity_from, writer::Tx},
};
use sqlx::Row;

impl Store {
    /// The rule of another job or arrival that still needs the file of `job`, if there is one: its bytes are to be sent, or what
    /// follows upon that is not planned yet.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn needs_source(&self, job: &ClaimedJob) -> Result<Option<String>, StoreError> {
        let row = sqlx::query(NEEDS_SOURCE).bind(job.id).fetch_optional(self.readers()).await?;
        Ok(row.map(|row| row.get("rule")))
    }

    /// Where the file of `job` lies since a step moved it, if it is for `job`: a delivery finds it there unless a newer version of that
    /// path has come since, a step if its own list moved it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn moved(&self, job: &ClaimedJob) -> Result<Option<ClaimedSource>, StoreError> {
        let row = sqlx::query(MOVED).bind(job.id).fetch_optional(self.readers()).await?;
        Ok(row.map(|row| ClaimedSource {
            place: None,
            folder: row.get("folder"),
            name: row.get("name"),
            identity: identity_from(&row),
        }))
    }

    /// Whether the ledger of (rule, folder) has this very version of the file: taken, or looked at and not wanted. What was gone since is
    /// not known to be back.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn has_met(
        &self,
        rule: &str,
        folder: &[u8],
        path: &[u8],
        version: &Identity,
    ) -> Result<bool, StoreError> {
        let Some(place) = self.find_place(rule, folder).await? else { return Ok(false) };
        Ok(self.seen(place.id, path).await?.is_some_and(|row| !row.is_gone && !row.identity.is_plainly_new(version)))
    }
}

pub(super) const MOVED: &str = "
SELECT m.folder, m.name, p.size_bytes, p.mtime_ns, m.inode, m.ctime_ns
  FROM jobs j CROSS JOIN moved_sources m ON m.payload_id = j.payload_id CROSS JOIN payloads p ON p.id = j.payload_id
 WHERE j.id = ?1
   AND iif(j.is_after, m.arrival_id = j.arrival_id,
           NOT EXISTS (SELECT 1 FROM payloads n WHERE n.place = 'in_place' AND n.path = p.path AND n.id > p.id))";

/// Its file is asked for by its path and by itself, as another rule may know it by another path, or by the ctime that it had before a
/// `chmod`. Of two rules that both take the source away, each comes to that step: they do not wait for each other.
pub(super) const NEEDS_SOURCE: &str = "
WITH same AS (
  SELECT p.id AS id FROM jobs j CROSS JOIN payloads s ON s.id = j.payload_id
    CROSS JOIN payloads p ON p.place = 'in_place' AND p.path = s.path AND p.mtime_ns = s.mtime_ns AND p.size_bytes = s.size_bytes
   WHERE j.id = ?1
  UNION
  SELECT p.id AS id FROM jobs j CROSS JOIN payloads s ON s.id = j.payload_id
    CROSS JOIN payloads p ON p.place = 'in_place' AND p.inode = s.inode AND p.mtime_ns = s.mtime_ns AND p.size_bytes = s.size_bytes
   WHERE j.id = ?1)
SELECT o.rule AS rule FROM same CROSS JOIN jobs o ON o.payload_id = same.id
 WHERE o.id <> ?1 AND o.action <> 'after' AND o.state IN ('waiting', 'queued', 'running', 'held')
UNION ALL
SELECT v.name AS rule FROM same CROSS JOIN arrivals a ON a.payload_id = same.id AND a.after IN ('due', 'ripe')
       JOIN rule_versions v ON v.id = a.rule_version_id
 WHERE a.id IS NOT (SELECT arrival_id FROM jobs WHERE id = ?1)
   AND NOT EXISTS (SELECT 1 FROM jobs t WHERE t.arrival_id = a.id AND t.action = 'after'
                      AND t.state IN ('waiting', 'queued', 'running', 'held'))
LIMIT 1";

/// Where the source lies since `job` moved it; one that is deleted lies nowhere.
pub(super) async fn remember_place(
    tx: &mut Tx<'_>,
    job: &ClaimedJob,
    taken: Option<&TakenAway>,
) -> Result<(), sqlx::Error> {
    let Sighting { folder, path, identity } = match taken {
        Some(TakenAway::Moved { lies: Some(lies), .. }) => lies,
        Some(TakenAway::Deleted) => {
            sqlx::query(FORGET_PLACE).bind(job.id).execute(&mut *tx.db).await?;
            return Ok(());
        }
        Some(TakenAway::Moved { lies: None, .. }) | None => return Ok(()),
    };
    sqlx::query(REMEMBER_PLACE)
        .bind(job.id)
        .bind(folder)
        .bind(path)
        .bind(identity.inode.cast_signed())
        .bind(identity.ctime_ns)
        .execute(&mut *tx.db)
        .await?;
    Ok(())
}

pub(super) const REMEMBER_PLACE: &str = "
INSERT OR REPLACE INTO moved_sources (payload_id, arrival_id, folder, name, inode, ctime_ns)
SELECT payload_id, arrival_id, ?2, ?3, ?4, ?5 FROM jobs WHERE id = ?1 AND payload_id IS NOT NULL";
pub(super) const FORGET_PLACE: &str =
    "DELETE FROM moved_sources WHERE payload_id = (SELECT payload_id FROM jobs WHERE id = ?1)";

/// The source is where it was no more: in every ledger that knows this version of it its next appearance is new.
pub(super) async fn mark_taken(tx: &mut Tx<'_>, source: &ClaimedSource, now: Moment) -> Result<(), sqlx::Error> {
    let path = [&source.folder[..], b"/", &source.name].concat();
    let Identity { size_bytes, mtime_ns, .. } = source.identity;
    sqlx::query(MARK_TAKEN)
        .bind(path)
        .bind(size_bytes.cast_signed())
        .bind(mtime_ns)
        .bind(now.0)
        .execute(&mut *tx.db)
        .await?;
    Ok(())
}

pub(super) const MARK_TAKEN: &str = "
UPDATE seen SET gone_at = ?4 WHERE gone_at IS NULL AND (size_bytes, mtime_ns) = (?2, ?3)
   AND (place_id, path) IN (SELECT id, substr(?1, length(folder) + 2) FROM places
                             WHERE substr(?1, 1, length(folder) + 1) = CAST(folder || x'2f' AS BLOB))";
