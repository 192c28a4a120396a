//! A file whose inode or ctime alone is another than its job names: what the ledger says of its bytes.

use crate::{
    domain::Identity,
    store::{ClaimedJob, ClaimedUpload, Store, StoreError, seen::SeenRow},
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
        upload: &ClaimedUpload,
        found: &Identity,
    ) -> Result<Sameness, StoreError> {
        let Some(place) = upload.place else { return Ok(Sameness::Other) };
        let Some(row) = self.seen(place, &job.name).await? else { return Ok(Sameness::Other) };
        let SeenRow { identity, sha256, is_gone, .. } = row;
        if is_gone {
            return Ok(Sameness::Other);
        }
        if identity.is_same(&upload.identity) {
            return Ok(Sameness::Untold);
        }
        let has_newer =
            sqlx::query(NEWER).bind(&job.server).bind(upload.target.as_bytes()).bind(job.id).fetch_one(self.readers());
        let is_told = identity.is_same(found) && sha256.is_some() && !has_newer.await?.get::<bool, _>(0);
        Ok(if is_told { Sameness::SameBytes } else { Sameness::Other })
    }
}

impl Store {
    /// Whether the watch of `job` says that its file is gone: it saw the whole folder, on its own ground, without it. A folder that is
    /// not mounted says nothing.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn is_gone(&self, job: &ClaimedJob, upload: &ClaimedUpload) -> Result<bool, StoreError> {
        let Some(place) = upload.place else { return Ok(true) };
        Ok(self.seen(place, &job.name).await?.is_none_or(|row| row.is_gone))
    }
}

pub(super) const NEWER: &str = "SELECT EXISTS (SELECT 1 FROM jobs t WHERE t.server = ?1 AND t.target = ?2 AND t.id > ?3
   AND t.state IN ('waiting', 'queued', 'running', 'held') AND t.target IS NOT NULL)";
