//! What is known of an arrival whose jobs have ended, for the steps that follow upon that.

use crate::domain::{JobState, Moment, Ref, RemotePath, Sha256};

/// How jobs ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ends {
    pub delivered: u64,
    pub failed: u64,
    pub cancelled: u64,
}

impl Ends {
    /// There were some, and every one is delivered.
    #[must_use]
    pub fn are_delivered(&self) -> bool {
        self.delivered > 0 && self.failed == 0 && self.cancelled == 0
    }
}

/// A job that has ended, as a path or a mail may speak of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedJob {
    pub id: Ref,
    pub state: JobState,
    pub server: String,
    /// Where it was to bring a file.
    pub target: Option<Vec<u8>>,
    /// Whom it was to bring a mail.
    pub recipient: Option<String>,
    pub tries: u32,
    /// The last words about it.
    pub said: String,
    /// Of a delivered one.
    pub receipt: Option<EndedReceipt>,
}

/// What its receipt says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedReceipt {
    /// `None` for a message.
    pub path: Option<Vec<u8>>,
    pub size_bytes: u64,
    pub sha256: Sha256,
    pub proof: String,
    pub reply: String,
    pub delivered_at: Moment,
}

/// Which of a rule's lists a step stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Then,
    /// `after`: every job of `then` is delivered.
    After,
    /// `after_failure`: all have ended, and one is failed.
    Failure,
}

/// A file that was brought to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    pub server: String,
    pub path: RemotePath,
    pub sha256: Sha256,
}
