//! The ground under the engine's own simulation: a disk and servers in memory whose moods are seeded. Without the feature
//! `simulation` it is nothing at all; a release never has it.
//!
//! Everything of one simulated world happens on one thread. A statement of SQLite is waited for by that thread itself: nothing
//! else happens meanwhile, and tokio's paused clock stands still. What a disk takes in truth is put back as a seeded sleep.

#[cfg(feature = "simulation")]
mod disk;
#[cfg(feature = "simulation")]
mod net;
#[cfg(feature = "simulation")]
mod server;
#[cfg(feature = "simulation")]
mod talk;
#[cfg(feature = "simulation")]
mod world;

#[cfg(feature = "simulation")]
pub use disk::{Cut, Death, Disk, aside, at_once, commit, read};
#[cfg(feature = "simulation")]
pub use net::server;
#[cfg(feature = "simulation")]
pub use server::{Conditions, Entry, Letter, Placed, Server};
#[cfg(feature = "simulation")]
pub use talk::{Said, Talk};
#[cfg(feature = "simulation")]
pub use world::{World, is_on, note};

/// Nothing is simulated.
#[cfg(not(feature = "simulation"))]
#[inline(always)]
#[must_use]
pub fn is_on() -> bool {
    false
}

/// By a thread that may wait for ever.
///
/// # Errors
/// It panicked, or the process is ending.
#[cfg(not(feature = "simulation"))]
#[inline(always)]
pub async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, tokio::task::JoinError> {
    tokio::task::spawn_blocking(work).await
}

/// The commit itself.
#[cfg(not(feature = "simulation"))]
#[inline(always)]
pub async fn commit<F: Future>(commit: F) -> F::Output {
    commit.await
}
