//! The floor of free space below which nothing new is taken in.

use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Looks at the free space of the storage, at most once a second, and says once when it changes sides of the floor.
#[derive(Debug)]
pub(super) struct Room {
    storage: PathBuf,
    floor: u64,
    last: Mutex<Option<(Instant, Option<u64>)>>,
}

const FRESH: Duration = Duration::from_secs(1);

impl Room {
    pub fn new(storage: PathBuf, floor: u64) -> Self {
        Self { storage, floor, last: Mutex::new(None) }
    }

    /// `Err` with the free bytes when there is too little.
    pub fn check(&self) -> Result<(), u64> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let was_short = match *last {
            Some((at, short)) if at.elapsed() < FRESH => return short.map_or(Ok(()), Err),
            Some((_, short)) => short.is_some(),
            None => false,
        };
        let short = self.free().filter(|free| *free < self.floor);
        *last = Some((Instant::now(), short));
        match short {
            Some(free) if !was_short => tracing::error!(
                storage = %self.storage.display(), free_bytes = free, floor_bytes = self.floor,
                "the disk of `storage` is nearly full: nothing new is taken in until there is room; delivery goes on"
            ),
            None if was_short => {
                tracing::info!(storage = %self.storage.display(), "there is room again: new files are taken in");
            }
            _ => (),
        }
        short.map_or(Ok(()), Err)
    }

    /// Bytes; `None` when the file system does not say, and then we do not stand in the way.
    fn free(&self) -> Option<u64> {
        let stat = rustix::fs::statvfs(&self.storage).ok()?;
        Some(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}
