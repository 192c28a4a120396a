//! Which version of a file an open descriptor shows.

use crate::{domain::Identity, streams::beneath::facts_of};
use std::{fs::File, io};

/// One `fstat`.
///
/// # Errors
/// Those of `fstat`.
pub fn identity_of(file: &File) -> io::Result<Identity> {
    Ok(facts_of(&rustix::fs::fstat(file)?).identity)
}
