//! What an operator can do, for whoever asks: the command line, and others through the socket beside a running process.

mod act;
mod check;
mod command;
mod folders;
mod init;
mod load;
pub mod maildrop;
mod needs;
mod operator;
mod plan;
mod probe;
mod site;
mod socket;
mod wire;

pub use crate::accounts::{Passwords, TokenSecret};
pub use crate::config::{Finding, Paint, ServerKind, render, summary};
pub use crate::store::{
    Attempt, Expected, InVain, JobDetail, JobFilter, JobLine, JobVerb, LaneRow, LaneState, LaneStatus, LeftAlone,
    NotAGlob, OpenCounts, PausedRule, ReceiptFilter, ReceiptLine, Rehearsal, Rest, RuleStatus, SessionStatus, Status,
    Store, StoreError, Suppression, Tally, TokenLine, Which,
};
pub use act::{ActError, act, read};
pub use check::{Checked, check};
pub use command::{Answer, Command, Subject};
pub use folders::{HeartbeatTrouble, SourceTrouble, first_trouble, folders};
pub use init::{DROP_IN_MARK, InitError, Written, drop_in, init};
pub use load::{Configuration, load};
pub use needs::{Need, needs};
pub use operator::{Heard, Known, Operator, PausedInFile};
pub use plan::{FilePlan, JobPlan, PlanError, RulePlan, plan};
pub use probe::{Probed, probe};
pub use site::{Site, node, span};
pub use socket::{Socket, SocketError, is_silent};

#[cfg(test)]
mod tests;
