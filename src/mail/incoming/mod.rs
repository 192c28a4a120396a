//! Messages that other programs wrote, as they come in by a door: made whole, asked for their recipients, and for what rules may know.

mod attachments;
pub mod bounce;
mod facts;
mod header;
mod lines;
mod normalise;
mod reading;
mod recipients;
mod sender;
mod stamp;
#[cfg(test)]
mod tests;
mod trace;

pub use facts::{TRACE, facts};
pub use lines::Lines;
pub use normalise::normalise;
pub use recipients::recipients_of;
pub use sender::sender_of;
pub use stamp::{Door, Stamp};
pub use trace::{header_length, traced};

/// Bytes of a line without its CRLF (RFC 5322 section 2.1.1).
pub const LONGEST_LINE: usize = 998;

/// Bytes of a whole header, as Postfix has it (`header_size_limit`).
pub const LONGEST_HEADER: usize = 100 << 10;

/// Fields of a header.
pub const MOST_FIELDS: usize = 10_000;

/// Bytes of a field's name: with its colon, a line as RFC 5322 section 2.1.1 would have it.
pub const LONGEST_NAME: usize = 77;

/// Why bytes are no message that could be sent on, or not to whom it says. All of it is for whoever wrote them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAMessage {
    #[error("line {0} of the message has a CR or an LF alone, and lines end in CRLF")]
    StrayLineEnd(usize),
    #[error("line {0} of the message has a NUL")]
    Nul(usize),
    #[error("the header has more than {LONGEST_HEADER} bytes")]
    LongHeader,
    #[error("the header has more than {MOST_FIELDS} fields")]
    ManyFields,
    #[error("the header has a field whose name has {0} bytes, and {LONGEST_NAME} are the most")]
    LongName(usize),
    #[error("{name} has a line of {bytes} bytes and no space to break it at, and {LONGEST_LINE} are the most")]
    LongLine { name: String, bytes: usize },
    #[error("{field} has {text:?}, which is not an address")]
    NotAnAddress { field: String, text: String },
}
