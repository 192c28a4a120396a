//! The one world of this thread: its disk, its servers, and the log of what happened in it.

use crate::simulation::{Disk, Server};
use std::{cell::RefCell, collections::BTreeMap, sync::Arc};
use tokio::time::Instant;

thread_local! {
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
}

/// What a simulation puts in the place of disk and network.
#[derive(Debug)]
pub struct World {
    pub disk: Disk,
    /// By the host that a configuration names.
    pub servers: BTreeMap<String, Arc<Server>>,
    /// What happened, a line each.
    pub log: Vec<String>,
    /// Milliseconds that earlier lives of the process took, and the times between them.
    pub before_ms: u64,
    /// When this life began.
    pub since: Option<Instant>,
}

impl World {
    /// Makes it the world of this thread, until [`World::end`].
    pub fn begin(self) {
        WORLD.with_borrow_mut(|world| *world = Some(self));
    }

    /// Ends the world of this thread and hands it out, where there is one.
    #[must_use]
    pub fn end() -> Option<Self> {
        WORLD.with_borrow_mut(Option::take)
    }

    /// Looks at the world of this thread, or changes it; `None` where there is none. `act` must not ask for it again.
    pub fn with<T>(act: impl FnOnce(&mut Self) -> T) -> Option<T> {
        WORLD.with_borrow_mut(|world| world.as_mut().map(act))
    }

    /// Milliseconds since it began.
    #[must_use]
    pub fn elapsed_ms(&self) -> u64 {
        let here = self.since.map_or(0, |since| since.elapsed().as_millis());
        self.before_ms + u64::try_from(here).unwrap_or(u64::MAX)
    }
}

/// Whether this thread lives in a simulated world.
#[must_use]
pub fn is_on() -> bool {
    WORLD.with_borrow(Option::is_some)
}

/// Writes a line into the world's log.
pub fn note(what: impl AsRef<str>) {
    World::with(|world| {
        let at_ms = world.elapsed_ms();
        world.log.push(format!("{:>9.3} {}", at_ms as f64 / 1000.0, what.as_ref()));
    });
}
