//! Messages as bytes: addresses and composing, over lettre, none of whose types leave this folder. Pure.

mod address;
mod compose;
mod media_type;

pub use address::{Mailbox, NotAMailbox};
pub use compose::{Attachment, Draft, compose, with_short_words};
