//! Where things come from; each source hands what has settled to intake.

pub mod watch;
