//! What an operator may ask: status, jobs, one job, receipts. Read-only, beside whoever writes.

mod filter;
mod find;
mod job;
mod jobs;
pub mod json;
mod message;
mod pages;
mod receipts;
mod status;
mod tally;

pub(super) use filter::rules_with_ended_jobs;
pub use filter::{JobFilter, NotAGlob};
pub use find::{Found, Which};
pub use job::{Attempt, JobDetail};
pub use jobs::{JobLine, Rest};
pub use message::{MessageAttempt, MessageDetail, Recipient};
pub use receipts::{ReceiptFilter, ReceiptLine};
pub use status::{Expected, InVain, LaneStatus, OpenCounts, PausedRule, RuleStatus, SessionStatus, Status};
pub use tally::Ends;
#[cfg(test)]
pub(super) use {
    find::BY_TYPED_ID,
    message::{ATTEMPTS, MESSAGE},
    receipts::RECEIPT_OF,
    status::{DELIVERED, FAILED, OPEN},
    tally::ENDS,
};
