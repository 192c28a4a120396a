//! All SQL: one writer that commits in groups, readers apart, and the lock that says whose the database is.

mod after;
mod arrive;
mod attempts;
mod bounced;
mod claim;
mod claimed;
mod error;
mod expansions;
mod expectations;
mod fail_over;
mod gateway_name;
mod incidents;
mod lane_rows;
mod lateness;
mod letters;
mod litter;
mod lock;
mod mail_keys;
mod means;
mod message_keys;
mod messages;
mod migrations;
mod moment;
mod new_jobs;
mod open;
mod operate;
mod operate_jobs;
mod operate_move;
mod operate_pause;
mod originals;
mod places;
mod queue;
#[cfg(feature = "simulation")]
mod quiet;
mod read;
pub use read::json;
mod report;
mod rule_versions;
mod sameness;
mod seen;
mod sender_reports;
mod session;
mod settle;
mod statement;
mod suppressions;
mod take_away;
mod tell;
#[cfg(test)]
mod tests;
mod tidy;
mod tokens;
mod turned_away;
mod unknown;
mod writer;

pub use after::{NextStep, RipeArrival};
pub use arrive::Arrive;
pub use bounced::Bounced;
pub use claim::{Ask, Parcel};
pub use claimed::{
    ClaimedErrand, ClaimedJob, ClaimedPost, ClaimedSave, ClaimedSend, ClaimedSource, ClaimedTakeAway, ClaimedUpload,
};
pub use error::StoreError;
pub use expansions::{ArrivePart, Expansion};
pub use expectations::Arrived;
pub use lane_rows::{LaneRow, LaneState};
pub use lateness::Waiting;
pub use litter::Litter;
pub use lock::{Lock, LockError};
pub use message_keys::{Kept, KeyedMessage};
pub use messages::Received;
pub use open::{Store, database};
pub use operate::{JobVerb, LeftAlone, Operation, Rehearsal, Tally};
pub use operate_move::MoveTo;
pub use places::Place;
pub use queue::{QueueKey, QueueRow};
pub use read::{
    Attempt, Ends, Expected, Found, InVain, JobDetail, JobFilter, JobLine, LaneStatus, MessageAttempt, MessageDetail,
    NotAGlob, OpenCounts, PausedRule, ReceiptFilter, ReceiptLine, Recipient, Rest, RuleStatus, SessionStatus, Status,
    Which,
};
pub use report::Delivery;
pub use sameness::Sameness;
pub use seen::{SeenRow, Touched};
pub use sender_reports::{OwedMail, OwedReport, Reported, Word};
pub use session::{LEASE, SessionId};
pub use settle::{AttemptRow, Settle, Settled, TryOutcome};
pub use suppressions::{BY_OPERATOR, HARD_BOUNCE, Suppression};
pub use tell::{About, NoticeErrand, NoticeJob, Tell};
pub use tidy::Expired;
pub use tokens::{NewToken, TokenLine};
pub use turned_away::TurnedAway;
