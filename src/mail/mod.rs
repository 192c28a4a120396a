//! Messages as bytes: addresses and composing, over lettre; what other programs wrote, over mail-parser. None of their types leave this
//! folder. Pure.

mod address;
mod compose;
mod fields;
pub mod incoming;
pub mod maildrop;
mod media_type;
pub mod report;

pub use address::{Mailbox, NotAMailbox, qualified};
pub use compose::{Attachment, Draft, compose, with_short_words};
pub use fields::with_headers;
