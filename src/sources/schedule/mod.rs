//! A schedule: when a moment of it has come, it goes to intake as a file does.

mod handle;
mod keeper;

use crate::{clock::Clock, intake::Intake, rules::Scheduled};
pub use handle::{Ended, Handle, Status};
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// The source of a rule with `when: schedule`.
#[derive(Debug)]
pub struct ScheduleSource;

impl ScheduleSource {
    /// Starts looking at the clock. Returns at once: a database that refuses is tried again. `rules`: all that there are.
    ///
    /// To be called inside a runtime; ends when `cancel` is.
    #[must_use]
    pub fn start(
        rule: Scheduled,
        rules: Arc<[String]>,
        (intake, clock): (Intake, Clock),
        cancel: CancellationToken,
    ) -> Handle {
        let cancel = cancel.child_token();
        let (wishes, inbox) = mpsc::channel(8);
        let (said, status) = watch::channel(Status::default());
        tokio::spawn(keeper::keep(rule.clone(), rules, (intake, clock), cancel.clone(), (inbox, said)));
        Handle { rule, cancel, wishes, status }
    }
}
