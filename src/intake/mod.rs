//! The only door in: seen before? wanted? then planned by its rule and committed with its jobs.

mod door;
pub mod files;
mod ground;
mod ledger;
mod post;
mod prints;
mod room;
mod rows;
mod ticks;

pub use door::{Intake, Later};
pub use ledger::{Judgement, Ledger};
pub use post::{Post, Refused};
pub use ticks::{Covered, Ticks, covered, report_for};
