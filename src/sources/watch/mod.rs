//! A watched folder: events are hints, a scan is the truth, and what has settled goes to intake.

mod handle;
mod settling;
mod status;

use crate::{clock::Clock, intake::Intake, rules::Rule};
pub use handle::{Ended, Handle};
pub use status::{Method, ScanReport, Status};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The source of a rule with `when: watch`.
#[derive(Debug)]
pub struct WatchSource;

impl WatchSource {
    /// Starts watching. Returns at once: a folder that is missing, or a database that refuses, is tried again.
    #[must_use]
    pub fn start(_rule: Arc<Rule>, _intake: Intake, _clock: Clock, cancel: CancellationToken) -> Handle {
        let (wishes, mut inbox) = tokio::sync::mpsc::channel(8);
        let (_, status) = tokio::sync::watch::channel(Status::default());
        tokio::spawn(async move {
            while let Some(Some(wish)) = cancel.run_until_cancelled(inbox.recv()).await {
                match wish {
                    handle::Wish::Scan(reply) => drop(reply),
                    handle::Wish::Settled(reply) => drop(reply),
                }
            }
        });
        Handle { wishes, status }
    }
}
