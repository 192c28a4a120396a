//! A file whose inode or ctime alone is another than its job names: what the ledger says of its bytes.

use crate::{
    domain::Identity,
    store::{ClaimedErrand, ClaimedJob, ClaimedSource, Store, StoreError, seen::SeenRow},
};
use sqlx::Row;

/// What the ledger says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sameness {
    /// They were compared and are those that the job names.
    SameBytes,
    /// The watch has not met the file as it is now; it will compare it, or take it as a new version.
    Untold,
    /// Another version, or gone.
    Other,
}

impl Store {
    /// Judges the file of `job`, found as `found`. Same bytes are sent only where no newer version waits behind the job: the
    /// hash in the ledger might be that one's.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn sameness(
        &self,
        job: &ClaimedJob,
        source: &ClaimedSource,
        found: &Identity,
    ) -> Result<Sameness, StoreError> {
        let Some(place) = source.place else { return Ok(Sameness::Other) };
        let Some(row) = self.seen(place, &source.name).await? else { return Ok(Sameness::Other) };
        let SeenRow { identity, sha256, is_gone, .. } = row;
        if is_gone {
            return Ok(Sameness::Other);
        }
        if identity.is_same(&source.identity) {
            return Ok(Sameness::Untold);
        }
        let Some(sha256) = sha256.filter(|_| identity.is_same(found)) else { return Ok(Sameness::Other) };
        let is_told = match &job.errand {
            ClaimedErrand::TakeAway(_) => {
                let sent = sqlx::query(SENT).bind(job.id).bind(&sha256.0[..]).fetch_one(self.readers()).await?;
                sent.get::<bool, _>(0)
            }
            ClaimedErrand::Upload(_) | ClaimedErrand::Save(_) | ClaimedErrand::Send(_) | ClaimedErrand::Webhook(_) => {
                let newer = sqlx::query(NEWER).bind(job.id).fetch_one(self.readers()).await?;
                !newer.get::<bool, _>(0)
            }
        };
        Ok(if is_told { Sameness::SameBytes } else { Sameness::Other })
    }
}

impl Store {
    /// Whether its watch says that the file is gone: it saw the whole folder, on its own ground, without it. A folder that is
    /// not mounted says nothing.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn is_gone(&self, source: &ClaimedSource) -> Result<bool, StoreError> {
        let Some(place) = source.place else { return Ok(true) };
        Ok(self.seen(place, &source.name).await?.is_none_or(|row| row.is_gone))
    }
}

pub(super) const NEWER: &str =
    "SELECT EXISTS (SELECT 1 FROM jobs j CROSS JOIN jobs t ON t.server = j.server AND t.target = j.target
   AND t.id > j.id AND t.state IN ('waiting', 'queued', 'running', 'held') AND t.target IS NOT NULL WHERE j.id = ?1)";

/// Whether a job of the same arrival delivered these bytes, or no later arrival can have given the ledger its hash.
pub(super) const SENT: &str = "SELECT NOT EXISTS (SELECT 1 FROM jobs j CROSS JOIN arrivals a ON a.id = j.arrival_id
                                     CROSS JOIN arrivals n ON n.id > a.id AND n.place_id = a.place_id AND n.name = a.name
   WHERE j.id = ?1) OR EXISTS (SELECT 1 FROM jobs j CROSS JOIN jobs d ON d.arrival_id = j.arrival_id
                                     CROSS JOIN receipts r ON r.rule = d.rule AND r.delivered_at = d.ended_at AND r.job_ref = d.ref
   WHERE j.id = ?1 AND d.payload_id = j.payload_id AND r.sha256 = ?2)";
