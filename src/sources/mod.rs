//! Where things come from; each source hands what has come to intake.

mod running;
pub mod schedule;
pub mod watch;

pub use running::Running;
