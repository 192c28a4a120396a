//! A report: what each rule did in a span of time, as the mails of a schedule and digests tell it.

use crate::domain::Moment;
use std::time::Duration;

/// Outcomes of a moment are on disk a little later: a report ends so long ago, and the next one goes on there.
pub const SETTLED: Duration = Duration::from_secs(30);

/// Everything that happened after `since` and not after `until`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub since: Moment,
    pub until: Moment,
    /// In the order of the rules' names.
    pub lines: Vec<ReportLine>,
    /// Nothing failed in that time, and nothing is held, late, missed or in trouble when it is written.
    pub is_well: bool,
}

/// One rule's share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReportLine {
    pub rule: String,
    /// Jobs that have a receipt: those that moved or deleted a source have none.
    pub delivered: u64,
    /// Of what was delivered.
    pub bytes: u64,
    pub failed: u64,
    /// A newer version took their place.
    pub superseded: u64,
    /// Jobs on their way when it is written.
    pub waiting: u64,
    /// Jobs that a pause or an operator holds then.
    pub held: u64,
    pub last_delivered: Option<Moment>,
    /// By when the rule's `expect` wants the next.
    pub expected: Option<Moment>,
}

impl ReportLine {
    /// Nothing failed, and nothing is held.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.failed == 0 && self.held == 0
    }
}
