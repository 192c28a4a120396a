//! Texts that mean a value: spans, sizes, rates. Each says what is wrong with a text, where in it, and how it is written.

mod quantity;
mod rate;
mod size;
mod span;

pub use rate::{byte_rate, rate};
pub use size::size;
pub use span::span;

use std::ops::Range;

/// Why a text is not the value it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub message: String,
    /// The bytes of the text that are wrong; `None` for all of it.
    pub range: Option<Range<usize>>,
    pub hint: Option<String>,
}

impl Fault {
    #[must_use]
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), range: None, hint: Some(hint.into()) }
    }

    /// About a part of the text only.
    #[must_use]
    pub fn at(self, range: Range<usize>) -> Self {
        Self { range: Some(range), ..self }
    }
}
