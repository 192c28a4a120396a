//! Where things come from; each source hands what has come to intake.

pub mod mail_folder;
pub mod maildrop;
mod running;
pub mod schedule;
pub mod spool;
pub mod watch;

pub use running::Running;
