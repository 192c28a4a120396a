//! Deadlines: silence counts from the last thing that *we* did, so a server that dribbles is as late as one that is mute.

use std::{
    pin::pin,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, timeout_at};

/// When we last did something that the server owes an answer to.
#[derive(Debug)]
pub(super) struct Pulse(Mutex<Instant>);

/// The server was silent for this long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Silent(pub Duration);

impl Pulse {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Instant::now()))
    }

    /// We did something: a command written, a connection begun.
    pub(super) fn beat(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn last(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work`, which may take several steps: each beat gives it `limit` anew.
    pub(super) async fn within<F: Future>(&self, limit: Duration, work: F) -> Result<F::Output, Silent> {
        self.beat();
        let mut work = pin!(work);
        loop {
            let until = self.last() + limit;
            match timeout_at(until, work.as_mut()).await {
                Ok(done) => return Ok(done),
                Err(_) if self.last() + limit > until => {}
                Err(_) => return Err(Silent(limit)),
            }
        }
    }
}
