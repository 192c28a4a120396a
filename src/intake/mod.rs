//! The only door in: seen before? wanted? then planned by its rule and committed with its jobs.

mod door;
mod ground;
mod ledger;
mod prints;
mod room;

pub use door::{Intake, Later};
pub use ledger::{Judgement, Ledger};
