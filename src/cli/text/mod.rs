//! How things look: pure functions from what was read to text.

mod amount;
mod calendar;
pub mod csv;
pub mod job;
pub mod jobs;
mod json;
mod paint;
pub mod plan;
pub mod receipts;
pub mod status;
pub mod suppressions;
mod table;
pub mod tally;
pub mod tokens;

pub use amount::{count, plural, span};
pub use calendar::Calendar;
pub use json::{JsonList, json};
pub use paint::{Ink, Painter};
pub use table::{Column, Table, cut, pad, width};

pub use crate::domain::show_size as size;

use crate::domain::Escaped;
use std::path::Path;

/// A name or reply from outside, safe to print; `-` where there is none.
pub fn outside(bytes: Option<&[u8]>) -> String {
    bytes.map_or_else(|| "-".to_owned(), |bytes| Escaped(bytes).to_string())
}

/// In place of an empty list.
pub fn nothing_yet(storage: &Path) -> String {
    let storage = outside(Some(storage.as_os_str().as_encoded_bytes()));
    format!("Nothing has run yet in {storage}: packetboat run or packetboat once begins.\n")
}

#[cfg(test)]
mod tests;
