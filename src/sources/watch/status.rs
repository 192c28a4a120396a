//! What a watch says of itself: for `status`, and for whoever waits for it.

use crate::domain::Moment;
use tokio::time::Instant;

/// The state of one watched folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    pub method: Method,
    /// Since when the folder is missing, unmounted or unreadable, and why; `None` while all is well.
    pub trouble: Option<(Moment, String)>,
    /// When a scan of the whole folder was first completed since the start: all that it found is committed or settling.
    pub seen_whole: Option<Instant>,
    /// Files known and not gone.
    pub known: usize,
    /// Files that will be taken in a while if nothing changes them.
    pub settling: usize,
    /// Of those, files whose bytes are being read and compared, which takes as long as they are large.
    pub comparing: usize,
    /// Files that wait for their age or their done file.
    pub waiting: usize,
    /// Files with several names and a foreign owner, refused.
    pub refused: usize,
    /// Nothing new is taken in at the moment, and why.
    pub later: Option<String>,
}

/// How changes are noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Method {
    /// By events, and by a scan every `rescan`.
    Events,
    /// By a scan every `rescan` alone, and why.
    Polling(String),
}

/// What a scan that was asked for came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanReport {
    /// The whole folder was seen. If not, `Status::trouble` says why.
    pub is_complete: bool,
    /// Files that have not settled yet.
    pub settling: usize,
    /// Files that wait for their age or their done file.
    pub waiting: usize,
}

impl Default for Status {
    fn default() -> Self {
        Self {
            method: Method::Events,
            trouble: None,
            seen_whole: None,
            known: 0,
            settling: 0,
            comparing: 0,
            waiting: 0,
            refused: 0,
            later: None,
        }
    }
}
