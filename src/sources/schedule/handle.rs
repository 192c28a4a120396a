//! What the rest of the program holds of a running schedule.

use crate::rules::Scheduled;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

/// A running schedule. Dropping it leaves it running until it is cancelled.
#[derive(Debug, Clone)]
pub struct Handle {
    pub(super) rule: Scheduled,
    pub(super) cancel: CancellationToken,
    /// Answered after the next look that went well.
    pub(super) wishes: mpsc::Sender<oneshot::Sender<()>>,
    pub(super) status: watch::Receiver<Status>,
}

/// How a schedule is just now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// When all that had passed was first covered since the start.
    pub seen_whole: Option<Instant>,
    /// A tick that has come is not taken in at the moment, and why.
    pub later: Option<String>,
}

/// The schedule has ended, because it was cancelled.
#[derive(Debug, thiserror::Error)]
#[error("the schedule has ended")]
pub struct Ended;

impl Handle {
    /// Whose moments it waits for.
    #[must_use]
    pub fn rule(&self) -> &Scheduled {
        &self.rule
    }

    /// It has ended and nobody asked it to: a fault of ours, and no tick comes any more.
    #[must_use]
    pub fn has_broken_off(&self) -> bool {
        self.wishes.is_closed() && !self.cancel.is_cancelled()
    }

    /// How it is just now.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// Looks at the clock. When it returns, a tick that had passed when it was called is committed.
    ///
    /// # Errors
    /// When the schedule has ended.
    pub async fn look_now(&self) -> Result<(), Ended> {
        let (reply, answer) = oneshot::channel();
        self.wishes.send(reply).await.map_err(|_| Ended)?;
        answer.await.map_err(|_| Ended)
    }

    /// No tick is taken any more from here on.
    pub fn stop(&self) {
        self.cancel.cancel();
    }

    /// Returns when the schedule has ended and has let go of the database.
    pub async fn ended(&self) {
        self.wishes.closed().await;
    }
}
