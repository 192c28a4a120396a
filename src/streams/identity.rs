//! Which version of a file an open descriptor shows.

use crate::domain::Identity;
use std::{fs::File, io, os::unix::fs::MetadataExt};

/// One `fstat`.
///
/// # Errors
/// Those of `fstat`.
pub fn identity_of(file: &File) -> io::Result<Identity> {
    let found = file.metadata()?;
    let nanoseconds = |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000).saturating_add(rest);
    Ok(Identity {
        size_bytes: found.size(),
        mtime_ns: nanoseconds(found.mtime(), found.mtime_nsec()),
        inode: found.ino(),
        ctime_ns: nanoseconds(found.ctime(), found.ctime_nsec()),
    })
}
