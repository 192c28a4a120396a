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
