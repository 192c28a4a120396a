//! What an operator can do, for whoever asks: the command line, and others through the socket beside a running process.

mod act;
mod command;
mod operator;
mod socket;
mod wire;

pub use crate::store::{
    Attempt, JobDetail, JobFilter, JobLine, JobVerb, LaneStatus, LeftAlone, NotAGlob, OpenCounts, PausedRule,
    ReceiptFilter, ReceiptLine, Rehearsal, RuleStatus, SessionStatus, Status, StoreError, Tally, Which,
};
pub use act::{ActError, act, read};
pub use command::{Answer, Command, Subject};
pub use operator::{Heard, Known, Operator, PausedInFile};
pub use socket::{Socket, SocketError};

#[cfg(test)]
mod tests;
