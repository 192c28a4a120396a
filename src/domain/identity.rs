//! What makes a file at a path this version of it, without reading it.

use serde::{Deserialize, Serialize};

/// From one `fstat`: enough to tell that a file is the one we looked at, never enough to tell that it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identity {
    pub size_bytes: u64,
    /// Last change of the bytes, nanoseconds since 1970 UTC. A program can set it back.
    pub mtime_ns: i64,
    pub inode: u64,
    /// Last change of bytes or attributes, nanoseconds since 1970 UTC. Only the kernel sets it.
    pub ctime_ns: i64,
}

impl Identity {
    /// Same bytes as far as anyone can tell without reading: size, mtime, inode and ctime agree.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self == other
    }

    /// Size or mtime differs: these are other bytes, no need to read them.
    #[must_use]
    pub fn is_plainly_new(&self, known: &Self) -> bool {
        self.size_bytes != known.size_bytes || self.mtime_ns != known.mtime_ns
    }
}
