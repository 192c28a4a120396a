//! Where things come from; each source hands what has come to intake.

mod listening;
pub mod mail_folder;
pub mod maildrop;
mod origin;
mod running;
pub mod schedule;
pub mod spool;
pub mod submission;
pub mod watch;

pub use listening::{Doorkeeper, Listening};
pub use origin::{Given, Hand, Origin};
pub use running::Running;
