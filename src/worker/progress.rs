//! What is being sent at this moment, for whoever wants to look.

use crate::{
    domain::Ref,
    store::{ClaimedJob, ClaimedUpload},
};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// The running transfers of one process. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    running: Arc<Mutex<BTreeMap<Ref, Transfer>>>,
}

/// One running transfer.
#[derive(Debug, Clone)]
pub struct Transfer {
    pub job: Ref,
    pub server: String,
    /// The source below its folder; bytes as the file system has them.
    pub name: Vec<u8>,
    pub size_bytes: u64,
    pub sent: Arc<AtomicU64>,
}

impl Transfer {
    /// Bytes over there or on their way.
    #[must_use]
    pub fn sent_bytes(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

impl Progress {
    /// All running transfers, oldest job first.
    #[must_use]
    pub fn snapshot(&self) -> Vec<Transfer> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Bytes of one job over there or on their way; 0 also if it does not run.
    pub(super) fn sent_bytes(&self, job: Ref) -> u64 {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.get(&job).map_or(0, Transfer::sent_bytes)
    }

    /// Shows a transfer until the answer is dropped.
    pub(super) fn begin(&self, job: &ClaimedJob, errand: &ClaimedUpload) -> Shown<'_> {
        let sent = Arc::new(AtomicU64::new(0));
        let transfer = Transfer {
            job: job.job,
            server: job.server.clone(),
            name: job.name.clone(),
            size_bytes: errand.source.identity.size_bytes,
            sent: sent.clone(),
        };
        self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(job.job, transfer);
        Shown { progress: self, job: job.job, sent }
    }
}

/// A transfer that is shown.
pub(super) struct Shown<'a> {
    progress: &'a Progress,
    job: Ref,
    pub sent: Arc<AtomicU64>,
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        self.progress.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.job);
    }
}
