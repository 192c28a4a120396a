//! What becomes of a job at the end of a try.

use crate::domain::{JobState, Moment, Reason};

/// Decided by `policy`, written by `store`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    pub state: JobState,
    /// When it is tried again, if it is queued.
    pub due_at: Moment,
    /// The try counts against `retry.attempts` and lengthens the next wait.
    pub counted: bool,
    pub reason: Option<Reason>,
    /// The last words about it; `None`: those before stand.
    pub said: Option<String>,
}
