//! An expectation: what has come for a rule that expects something, and when the next must have.

use crate::domain::Moment;

/// How a rule's `expect` stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    pub rule: String,
    /// The `expect` that this is of, in its own words: another one begins anew.
    pub spec: String,
    /// What came before counts no more.
    pub counts_from: Moment,
    /// When the last files came that count, the oldest first; as many as are expected.
    pub came: Vec<Moment>,
    /// Bytes of the last one that counted.
    pub last_size: Option<u64>,
    /// The last one that did not count since, and why; unescaped.
    pub unfit: Option<String>,
    /// The moment by which it had not come, while it still has not.
    pub missed_at: Option<Moment>,
    /// The next moment by which it must have come; none after the end of the calendar.
    pub due_at: Option<Moment>,
}

/// An arrival of a rule that expects something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Came {
    pub rule: String,
    /// Unescaped.
    pub name: String,
    pub at: Moment,
    pub size_bytes: Option<u64>,
}
