//! What can go wrong with the database, by what the caller would do.

use crate::store::{LockError, NotAGlob};
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process serves this storage.
    #[error(transparent)]
    Locked(#[from] LockError),
    /// It cannot be opened: wrong place, wrong owner, not a database, or of a newer version.
    #[error("the database {path} cannot be opened: {why}")]
    Open { path: PathBuf, why: String },
    /// Its file is no longer where it was opened: what SQLite still wrote to it would be lost.
    #[error(
        "the database {0} was removed or replaced while in use; stop packetboat, put the database back, start again"
    )]
    Gone(PathBuf),
    /// SQLite refused; nothing of the request was committed, and it may be made again.
    #[error("the database refused a request: {0}")]
    Refused(#[from] sqlx::Error),
    /// The caller's own: a pattern that is none.
    #[error(transparent)]
    Glob(#[from] NotAGlob),
    /// As whoever holds the database told us.
    #[error("{0}")]
    Told(String),
    /// The writer has stopped: the process is going down.
    #[error("the store is closed")]
    Closed,
}

/// What a row holds and this version cannot read: another version wrote it, or somebody's hand.
pub(super) fn unreadable(what: &'static str, found: impl std::fmt::Display) -> sqlx::Error {
    sqlx::Error::Decode(format!("the database has a {what} that this version does not know: {found}").into())
}

/// Sixteen or thirty-two bytes.
pub(super) fn bytes<const N: usize>(what: &'static str, found: Vec<u8>) -> Result<[u8; N], sqlx::Error> {
    found.try_into().map_err(|found: Vec<u8>| unreadable(what, format!("{} bytes instead of {N}", found.len())))
}
