//! SMTP (RFC 5321): no jobs, no rules, only what two machines say to each other.

pub mod client;
pub mod server;
