//! What is wrong with a template, where in it, and the way out.

use minijinja::ErrorKind;
use std::ops::Range;

/// A template or condition that cannot be used: found at `check`, or at the one arrival that shows it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    /// One line, lower case, what is wrong; whatever came from outside in it is escaped.
    pub message: String,
    /// Bytes of the template's text.
    pub range: Option<Range<usize>>,
    /// What to write instead.
    pub hint: Option<String>,
    /// What else is wrong with it, each by itself.
    pub others: Vec<Self>,
}

impl TemplateError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), range: None, hint: None, others: Vec::new() }
    }

    pub(super) fn at(self, range: Option<Range<usize>>) -> Self {
        Self { range: self.range.or(range), ..self }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// All mistakes of a text, the first of which stands for them.
    pub(super) fn of_all(mistakes: impl IntoIterator<Item = Self>) -> Result<(), Self> {
        let mut mistakes = mistakes.into_iter();
        match mistakes.next() {
            Some(first) => Err(Self { others: mistakes.collect(), ..first }),
            None => Ok(()),
        }
    }

    /// Each mistake by itself.
    pub fn each(mut self) -> impl Iterator<Item = Self> {
        let others = std::mem::take(&mut self.others);
        std::iter::once(self).chain(others)
    }

    /// In a text that `length` bytes stand before.
    #[must_use]
    pub fn shifted(self, length: usize) -> Self {
        let range = self.range.map(|range| range.start + length..range.end + length);
        let others = self.others.into_iter().map(|other| other.shifted(length)).collect();
        Self { range, others, ..self }
    }

    /// At the first place of `part` in `text`, if it is there.
    pub(super) fn where_it_says(self, part: &str, text: &str) -> Self {
        let range = text.find(part).map(|start| start..start + part.len());
        self.at(range)
    }

    /// minijinja's error in our words; a `TemplateError` that one of our own functions raised comes out as it went in.
    pub(super) fn from_engine(error: &minijinja::Error) -> Self {
        let range = error.range().filter(|range| !range.is_empty());
        let ours = std::error::Error::source(error).and_then(|source| source.downcast_ref::<Self>());
        if let Some(ours) = ours {
            return ours.clone().at(range);
        }
        let detail = error.detail().unwrap_or("");
        let raised = match error.kind() {
            ErrorKind::SyntaxError if detail.contains("unknown statement") => {
                Self::new(detail).hint("there are `if`, `for` and `set`; no include, import or macro")
            }
            ErrorKind::SyntaxError => Self::new(format!("this cannot be read: {detail}")),
            ErrorKind::UndefinedError if !detail.is_empty() => Self::new(detail),
            ErrorKind::OutOfFuel => Self::new("this takes too long").hint("loops end after some 10,000 rounds"),
            ErrorKind::UnknownMethod => Self::new(detail).hint("write `x | lower`, not `x.lower()`"),
            kind if detail.is_empty() => Self::new(kind.to_string()),
            _ => Self::new(detail),
        };
        raised.at(range)
    }
}

/// So that our own filters and guards can say a hint too.
impl From<TemplateError> for minijinja::Error {
    fn from(error: TemplateError) -> Self {
        Self::new(ErrorKind::InvalidOperation, error.message.clone()).with_source(error)
    }
}
