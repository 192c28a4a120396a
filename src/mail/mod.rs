//! Messages as bytes: addresses and composing, over lettre, none of whose types leave this folder. Pure.

mod address;
mod compose;

pub use address::{Mailbox, NotAMailbox};
pub use compose::{Draft, compose};
