//! STORAGE/lock: only its holder writes (flock(2); it falls with the process, however that dies).

use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};
use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

/// Held until dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
    /// Who removes the file does not remove the lock.
    _folder: File,
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
        let folder = File::open(storage).map_err(unusable)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Err(LockError::Held(path)),
            Err(why) => return Err(unusable(why.into())),
        }
        match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => Err(LockError::Held(path)),
            // some file systems lock no folders: there the file alone must do
            Ok(()) | Err(_) => Ok(Self { _file: file, _folder: folder }),
        }
    }

    /// Whether a live process holds the lock of `storage`. Asks for a moment's share of it, which a start waits for.
    #[must_use]
    pub fn is_held(storage: &Path) -> bool {
        let Ok(file) = File::open(storage.join("lock")) else { return false };
        flock(&file, FlockOperation::NonBlockingLockShared) == Err(Errno::WOULDBLOCK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_outlives_its_file() {
        let storage = tempfile::tempdir().unwrap();
        let lock = Lock::take(storage.path()).unwrap();
        std::fs::remove_file(storage.path().join("lock")).unwrap();
        assert!(matches!(Lock::take(storage.path()), Err(LockError::Held(_))));
        drop(lock);
        Lock::take(storage.path()).unwrap();
    }
}
