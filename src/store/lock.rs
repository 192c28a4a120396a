//! STORAGE/lock: only its holder writes (flock(2); it falls with the process, however that dies).

use rustix::fs::{FlockOperation, flock};
use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

/// Held until dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("{0} is held by another packetboat; ask that one, or stop it first")]
    Held(PathBuf),
    #[error("{path} cannot be locked: {why}")]
    Unusable { path: PathBuf, why: io::Error },
}

impl Lock {
    /// Takes the lock of `storage` at once or not at all.
    ///
    /// # Errors
    /// [`LockError::Held`] when another process has it.
    pub fn take(storage: &Path) -> Result<Self, LockError> {
        let path = storage.join("lock");
        let unusable = |why| LockError::Unusable { path: path.clone(), why };
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(unusable)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { _file: file }),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(LockError::Held(path)),
            Err(why) => Err(unusable(why.into())),
        }
    }

    /// Whether a live process holds the lock of `storage`. Asks for a moment's share of it, which a start waits for.
    #[must_use]
    pub fn is_held(storage: &Path) -> bool {
        let Ok(file) = File::open(storage.join("lock")) else { return false };
        flock(&file, FlockOperation::NonBlockingLockShared) == Err(rustix::io::Errno::WOULDBLOCK)
    }
}
