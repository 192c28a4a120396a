//! A part of a text that knows where it stands, so that a mistake in it has a place.

use std::ops::Range;

/// A text that means no time, with the place in it and what to write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TextError {
    pub message: String,
    /// Bytes of the text.
    pub range: Range<usize>,
    pub hint: String,
}

/// Letters of a piece that a message repeats.
const SHOWN: usize = 20;

/// A part of the text.
#[derive(Clone, Copy)]
pub(super) struct Piece<'a> {
    pub text: &'a str,
    start: usize,
}

impl<'a> Piece<'a> {
    pub fn whole(text: &'a str) -> Self {
        Self { text, start: 0 }
    }

    /// The pieces between `separator`s; one more than there are separators.
    pub fn split(self, separator: char) -> impl Iterator<Item = Self> {
        self.split_where(move |letter| letter == separator)
    }

    /// The pieces between blanks, as ASCII has them.
    pub fn words(self) -> impl Iterator<Item = Self> {
        self.split_where(|letter| letter.is_ascii_whitespace()).filter(|word| !word.text.is_empty())
    }

    /// What stands before the first `separator` and what after it.
    pub fn split_once(self, separator: char) -> Option<(Self, Self)> {
        let (before, after) = self.text.split_once(separator)?;
        let start = self.start + self.text.len() - after.len();
        Some((Self { text: before, ..self }, Self { text: after, start }))
    }

    /// Separators are a byte long.
    fn split_where(self, is_separator: impl Fn(char) -> bool) -> impl Iterator<Item = Self> {
        self.text.split(is_separator).scan(self.start, |start, text| {
            let piece = Self { text, start: *start };
            *start += text.len() + 1;
            Some(piece)
        })
    }

    /// The text for a message: escaped, and short however long it is.
    pub fn shown(self) -> String {
        let mut letters = self.text.chars();
        let shown = letters.by_ref().take(SHOWN).collect::<String>().escape_debug().to_string();
        if letters.next().is_some() { shown + "…" } else { shown }
    }

    pub fn wrong(self, message: impl Into<String>, hint: impl Into<String>) -> TextError {
        TextError { message: message.into(), range: self.start..self.start + self.text.len(), hint: hint.into() }
    }
}
