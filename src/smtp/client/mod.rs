//! Our side of a conversation with a relay, over lettre, none of whose types leave this folder.
//!
//! lettre speaks the protocol; what it leaves to its user is here: a deadline on every wait, an answer for each recipient, commands
//! ahead of their answers, everything that EHLO offers, a STARTTLS that lets nobody in between, and the server's own words.

mod capabilities;
mod connect;
mod envelope;
mod error;
mod login;
mod opening;
mod reply;
mod session;
mod token;
mod transaction;
mod wire;

pub use capabilities::Capabilities;
pub use envelope::{Mail, Notify, Recipient, Returning};
pub use error::{Error, Failure, Step};
pub use reply::{Enhanced, Reply};
pub use session::{Facts, Session};
