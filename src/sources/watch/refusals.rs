//! Files that are refused because somebody may have linked in what is not theirs; each is said once.

use crate::{domain::Escaped, streams::beneath::Facts};
use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

/// The refused files of one watch, by inode.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<HashSet<u64>>);

impl Refusals {
    /// Says it, if it was not said before.
    pub fn refuse(&self, rule: &str, path: &[u8], facts: &Facts) {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if said.insert(facts.identity.inode) {
            tracing::warn!(
                rule, file = %Escaped(path), links = facts.links, owner = facts.owner,
                "not taken: it has several names and another owner than the folder; `hard_links: take` takes such files"
            );
        }
    }

    /// How many there are or were.
    pub fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}
