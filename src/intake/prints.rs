//! What a ledger knows, at sixteen bytes a file: enough to say "known" at once, never enough to say "new" without asking.
//!
//! A path and an identity are kept as 64-bit hashes under a key drawn at start, so nobody outside can aim at a collision.
//! Where path and identity both agree the file is known; everything else is decided by its row in the database.

use crate::domain::Identity;
use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::BuildHasher,
};

/// Hash of a path → hash of the identity, its two lowest bits put to use.
#[derive(Debug, Default)]
pub(super) struct Prints {
    key: RandomState,
    prints: HashMap<u64, u64>,
}

/// The scan under way, or else the last one, met it.
const MET: u64 = 1;
/// It was met on the ground that the folder stands on now.
const HERE: u64 = 2;
const FLAGS: u64 = MET | HERE;

impl Prints {
    /// How many files are known.
    pub fn len(&self) -> usize {
        self.prints.len()
    }

    /// From the database; not met yet.
    pub fn load(&mut self, path: &[u8], identity: &Identity) {
        let print = self.print(identity);
        self.prints.insert(self.key.hash_one(path), print);
    }

    /// Committed just now, so it is there.
    pub fn learn(&mut self, path: &[u8], identity: &Identity) {
        let print = self.print(identity) | FLAGS;
        self.prints.insert(self.key.hash_one(path), print);
    }

    pub fn forget(&mut self, path: &[u8]) {
        self.prints.remove(&self.key.hash_one(path));
    }

    /// Something is there under this path. Says whether it is exactly what is known of it.
    pub fn meet(&mut self, path: &[u8], identity: &Identity) -> bool {
        let print = self.print(identity);
        self.meet_path(path).is_some_and(|known| known == print)
    }

    /// Something is there under this path; the print of what is known of it.
    pub fn meet_path(&mut self, path: &[u8]) -> Option<u64> {
        let known = self.prints.get_mut(&self.key.hash_one(path))?;
        *known |= FLAGS;
        Some(*known & !FLAGS)
    }

    /// What is known of it, without meeting it.
    pub fn agrees(&self, path: &[u8], identity: &Identity) -> bool {
        self.prints.get(&self.key.hash_one(path)).is_some_and(|known| known & !FLAGS == self.print(identity))
    }

    /// Whether anything is known of this path.
    pub fn has(&self, path: &[u8]) -> bool {
        self.prints.contains_key(&self.key.hash_one(path))
    }

    /// A scan begins: nothing has been met.
    pub fn begin_turn(&mut self) {
        self.prints.values_mut().for_each(|known| *known &= !MET);
    }

    /// The folder stands on other ground: nothing has been met there.
    pub fn change_ground(&mut self) {
        self.prints.values_mut().for_each(|known| *known &= !HERE);
    }

    /// Not met in this turn.
    pub fn is_unmet(&self, path: &[u8], whom: Unmet) -> bool {
        self.prints.get(&self.key.hash_one(path)).is_some_and(|known| Self::counts(*known, whom))
    }

    /// How many were not met in this turn.
    pub fn unmet(&self, whom: Unmet) -> usize {
        self.prints.values().filter(|known| Self::counts(**known, whom)).count()
    }

    fn counts(known: u64, whom: Unmet) -> bool {
        known & MET == 0 && (whom == Unmet::Any || known & HERE != 0)
    }

    fn print(&self, identity: &Identity) -> u64 {
        self.key.hash_one(identity) & !FLAGS
    }
}

/// Which of the files that were not met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unmet {
    Any,
    /// Only those once met on the ground that the folder stands on now.
    SeenHere,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(version: i64) -> Identity {
        Identity { size_bytes: 1, mtime_ns: version, inode: 7, ctime_ns: version }
    }

    #[test]
    fn known_is_known_and_everything_else_is_not() {
        let mut prints = Prints::default();
        prints.load(b"a", &identity(1));
        assert!(prints.agrees(b"a", &identity(1)));
        assert!(!prints.agrees(b"a", &identity(2)));
        assert!(!prints.agrees(b"b", &identity(1)));
        prints.learn(b"a", &identity(2));
        assert!(prints.meet(b"a", &identity(2)));
        prints.forget(b"a");
        assert!(!prints.has(b"a"));
    }

    #[test]
    fn what_a_scan_does_not_meet_is_unmet_whatever_the_scan_before_met() {
        let mut prints = Prints::default();
        prints.load(b"a", &identity(1));
        prints.load(b"b", &identity(1));
        for _ in 0..3 {
            prints.begin_turn();
            assert_eq!(prints.unmet(Unmet::Any), 2);
            prints.meet(b"a", &identity(2)); // changed, but there
            prints.learn(b"c", &identity(1));
            assert!(!prints.is_unmet(b"a", Unmet::Any) && !prints.is_unmet(b"c", Unmet::Any));
            assert!(prints.is_unmet(b"b", Unmet::Any));
            prints.forget(b"c");
        }
    }

    #[test]
    fn what_was_only_met_on_other_ground_is_not_missed_here() {
        let mut prints = Prints::default();
        prints.load(b"a", &identity(1));
        prints.begin_turn();
        prints.meet(b"a", &identity(1));
        prints.change_ground();
        prints.begin_turn();
        assert_eq!((prints.unmet(Unmet::SeenHere), prints.unmet(Unmet::Any)), (0, 1));
        prints.meet(b"a", &identity(1));
        prints.begin_turn();
        assert_eq!(prints.unmet(Unmet::SeenHere), 1);
    }
}
