//! `Ref`: the name that CLI, API and remote temporary names use for a job or an arrival (UUIDv7, RFC 9562 section 5.7).

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// 128 bits made by whoever accepts; printed as its last 40 bits in eight letters, which are random and so differ at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ref(pub [u8; 16]);

/// Crockford's base 32: no i, l, o, u, so that an id read aloud is typed back right.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl Ref {
    /// A new one, ordered by time to the millisecond.
    #[must_use]
    pub fn new() -> Self {
        Self(*uuid::Uuid::now_v7().as_bytes())
    }

    /// The last five bytes: what [`fmt::Display`] shows and what an operator types.
    #[must_use]
    pub fn tail(self) -> [u8; 5] {
        let [.., a, b, c, d, e] = self.0;
        [a, b, c, d, e]
    }

    /// All of it, in 32 hexadecimal digits: for a Message-ID, which is for ever.
    #[must_use]
    pub fn long(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Ref {
    /// Of the digits that [`Ref::long`] gives.
    #[must_use]
    pub fn from_long(text: &str) -> Option<Self> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() != 32 || !text.bytes().all(is_digit) {
            return None;
        }
        u128::from_str_radix(text, 16).ok().map(|bits| Self(bits.to_be_bytes()))
    }
}

impl Default for Ref {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        RefTail(self.tail()).fmt(f)
    }
}

/// The eight letters of a [`Ref`] as an operator typed them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RefTail(pub [u8; 5]);

impl From<RefTail> for String {
    fn from(tail: RefTail) -> Self {
        tail.to_string()
    }
}

impl TryFrom<String> for RefTail {
    type Error = NotARef;

    fn try_from(text: String) -> Result<Self, NotARef> {
        text.parse()
    }
}

impl fmt::Display for RefTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.0.iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
        for place in (0..8).rev() {
            let letter = LETTERS[(bits >> (place * 5) & 31) as usize];
            write!(f, "{}", char::from(letter))?;
        }
        Ok(())
    }
}

/// The text is not eight letters of the alphabet that ids are written in.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a job id: eight letters and digits, as `packetboat jobs` prints them")]
pub struct NotARef(String);

impl FromStr for RefTail {
    type Err = NotARef;

    fn from_str(text: &str) -> Result<Self, NotARef> {
        let wrong = || NotARef(text.to_owned());
        if text.len() != 8 {
            return Err(wrong());
        }
        let mut bits = 0u64;
        for typed in text.bytes().map(|byte| byte.to_ascii_lowercase()) {
            let place = LETTERS.iter().position(|letter| *letter == typed).ok_or_else(wrong)?;
            bits = bits << 5 | place as u64;
        }
        let [_, _, _, a, b, c, d, e] = bits.to_be_bytes();
        Ok(Self([a, b, c, d, e]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_can_be_typed_back() {
        for _ in 0..1000 {
            let id = Ref::new();
            assert_eq!(id.to_string().to_uppercase().parse(), Ok(RefTail(id.tail())));
        }
    }

    #[test]
    fn other_texts_are_refused_with_the_text() {
        for text in ["", "8f3k2", "8f3k2m7qq", "8f3k2m7u", "'; drop"] {
            assert!(text.parse::<RefTail>().unwrap_err().to_string().contains(text));
        }
    }
}
