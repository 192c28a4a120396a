//! Which version of a file an open descriptor shows.

use crate::{domain::Identity, streams::beneath::facts_of};
use std::{fs::File, io};

/// How a file was opened, and so how its folder is to be spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Without a wait: on a disk of this machine.
    AtOnce,
    /// After a wait: perhaps over a network, which may hang.
    Waited,
}

/// One `fstat`.
///
/// # Errors
/// Those of `fstat`.
pub fn identity_of(file: &File) -> io::Result<Identity> {
    Ok(facts_of(&rustix::fs::fstat(file)?).identity)
}
