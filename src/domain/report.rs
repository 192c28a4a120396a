//! A report: what each rule did in a span of time, as the mails of a schedule tell it.

use crate::domain::Moment;

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
    /// Jobs.
    pub delivered: u64,
    pub failed: u64,
    /// Jobs on their way when it is written.
    pub waiting: u64,
    /// Of what was delivered.
    pub bytes: u64,
    pub last: Option<Moment>,
    /// By when the rule's `expect` wants the next.
    pub expected: Option<Moment>,
}
