//! A watched folder: events are hints, a scan is the truth, and what has settled goes to intake.

mod compare;
mod footing;
mod handle;
mod hints;
mod keeper;
mod look;
mod refusals;
mod scanning;
mod settling;
mod status;
mod taking;
mod walk;
mod wanted;

use crate::{clock::Clock, intake::Intake, rules::Watching};
pub use handle::{Ended, Handle};
pub use look::{When, Would, look};
pub use status::{Method, ScanReport, Status};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// The source of a rule with `when: watch`.
#[derive(Debug)]
pub struct WatchSource;

impl WatchSource {
    /// Starts watching. Returns at once: a folder that is missing, or a database that refuses, is tried again.
    ///
    /// To be called inside a runtime; ends when `cancel` is.
    #[must_use]
    pub fn start(rule: Watching, intake: Intake, clock: Clock, cancel: CancellationToken) -> Handle {
        let (wishes, inbox) = mpsc::channel(8);
        let (said, status) = watch::channel(Status::default());
        tokio::spawn(keeper::keep(rule.clone(), intake, clock, cancel.clone(), inbox, said));
        Handle { rule, cancel, wishes, status }
    }
}
