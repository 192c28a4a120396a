//! What a file system refuses, as an outcome.

use crate::domain::{Outcome, Trouble, TroubleKind};
use rustix::io::Errno;

/// `what` could not be done. A full disk and a folder that may not be written to get better: the job is tried until its deadline.
pub(super) fn trouble(what: &str, why: impl Into<std::io::Error>) -> Box<Outcome> {
    let why = why.into();
    let kind = match Errno::from_io_error(&why) {
        Some(Errno::NOSPC | Errno::DQUOT | Errno::FBIG) => TroubleKind::Full,
        _ => TroubleKind::Local,
    };
    Box::new(Outcome::Deferred(Trouble::of_job(kind, format!("{what}: {why}"))))
}

/// It is not the time, which is nobody's failure.
pub(super) fn waits(why: &str) -> Box<Outcome> {
    Box::new(Outcome::SourceUnclear(why.into()))
}

/// Another try would end the same way.
pub(super) fn refused(kind: TroubleKind, why: impl Into<String>) -> Box<Outcome> {
    Box::new(Outcome::Failed(Trouble::of_job(kind, why)))
}

/// The source is not what it was, or not known to be.
pub(super) fn changed(said: impl Into<String>) -> Box<Outcome> {
    Box::new(Outcome::SourceChanged(said.into().into()))
}
