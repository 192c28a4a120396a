//! What we do on a server; each protocol its folder with one `failure.rs`.

mod endpoint;
pub mod ftp;
pub mod here;
#[cfg(feature = "simulation")]
pub mod simulated;
pub mod smtp;
pub mod webhook;

pub use endpoint::{Connection, Endpoint};
