//! Our side of a conversation with an FTP server (RFC 959), over suppaftp, none of whose types leave this folder.
//!
//! suppaftp speaks the protocol; what it leaves to its user is here: a deadline on every call, a session that is dropped after
//! anything but a plain answer, replies judged by their own digits, names as bytes, and TLS settings of our own.

mod ahead;
mod commands;
mod connect;
mod data;
mod error;
mod features;
mod files;
mod names;
mod naming;
mod opening;
mod profile;
mod pulse;
mod reply;
mod session;
mod shared;
mod transfer;
mod wire;

pub use error::Error;
pub use features::{Checksum, Features};
pub use files::Found;
pub use naming::{Prepared, Told};
pub use profile::Profile;
pub use reply::Reply;
pub use session::{Facts, Next, Session};
pub use transfer::{Incoming, Outgoing};
