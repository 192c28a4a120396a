//! A server in memory: files under their names, letters in their mailboxes, and moods.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// See the module. Shared by its conversations and by whoever runs the world.
#[derive(Debug)]
pub struct Server {
    pub name: String,
    state: Mutex<State>,
}

#[derive(Debug)]
pub(super) struct State {
    pub moods: fastrand::Rng,
    pub conditions: Conditions,
    /// Grows when it goes down: conversations of before are dead.
    pub epoch: u64,
    pub conversations: u32,
    pub files: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Renames that it has refused for now, by name.
    pub refused: BTreeMap<Vec<u8>, u32>,
    pub placed: Vec<Placed>,
    pub letters: Vec<Letter>,
}

/// How it is at the moment. Chances are in percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conditions {
    pub entry: Entry,
    /// Conversations that it bears; one more hears 421.
    pub conversations: u32,
    /// That it drops the connection at a step.
    pub drops: u8,
    /// That it does what was asked and its answer is lost, or loses both.
    pub loses: u8,
    /// That it refuses a step for now.
    pub grumbles: u8,
    /// The longest that a step takes.
    pub slowest_ms: u64,
}

/// Whom it lets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    Open,
    /// No connection; those that stood are cut.
    Refused,
    /// Nobody new; those that stand go on.
    WrongPassword,
}

/// A name that got other bytes, not of a temporary name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    pub name: Vec<u8>,
    pub bytes: Vec<u8>,
}

/// A message in the mailbox of one of its recipients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    pub recipient: String,
    pub bytes: Vec<u8>,
}

impl Conditions {
    /// Everything is well.
    pub const FAIR: Self =
        Self { entry: Entry::Open, conversations: 100, drops: 0, loses: 0, grumbles: 0, slowest_ms: 20 };
}

impl Server {
    /// An empty one whose moods are seeded.
    #[must_use]
    pub fn new(name: &str, moods: fastrand::Rng) -> Arc<Self> {
        let state = State {
            moods,
            conditions: Conditions::FAIR,
            epoch: 0,
            conversations: 0,
            files: BTreeMap::new(),
            refused: BTreeMap::new(),
            placed: vec![],
            letters: vec![],
        };
        Arc::new(Self { name: name.to_owned(), state: Mutex::new(state) })
    }

    /// From now on it is like this.
    pub fn set(&self, conditions: Conditions) {
        let mut state = self.state();
        if conditions.entry == Entry::Refused {
            state.epoch += 1;
        }
        state.conditions = conditions;
    }

    /// The process at the other end is gone: so are its conversations.
    pub fn hang_up(&self) {
        let mut state = self.state();
        state.epoch += 1;
        state.conversations = 0;
    }

    /// Its files, temporary names among them.
    #[must_use]
    pub fn files(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        self.state().files.clone()
    }

    /// Every change of a name that is not temporary, in the order they came.
    #[must_use]
    pub fn placed(&self) -> Vec<Placed> {
        self.state().placed.clone()
    }

    /// All that came for anybody, in the order it came.
    #[must_use]
    pub fn letters(&self) -> Vec<Letter> {
        self.state().letters.clone()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    pub fn chance(&mut self, percent: u8) -> bool {
        self.moods.u8(..100) < percent
    }

    /// Gives a name these bytes.
    pub fn put(&mut self, name: &[u8], bytes: Vec<u8>) {
        let last = name.rsplit(|byte| *byte == b'/').next().unwrap_or(name);
        if !last.starts_with(b".pb-") {
            self.placed.push(Placed { name: name.to_vec(), bytes: bytes.clone() });
        }
        self.files.insert(name.to_vec(), bytes);
    }
}
