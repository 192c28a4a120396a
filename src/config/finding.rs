//! One problem of the configuration: what it is, where it stands, and the way out.

use crate::domain::Escaped;
use serde::Serialize;
use std::ops::Range;

/// A problem of a file, found while it was read. All its texts are escaped and hold no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub severity: Severity,
    pub message: String,
    #[serde(flatten)]
    pub place: Place,
    /// The second place, where it takes two to make a problem.
    pub related: Option<Place>,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Whether the configuration is refused for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Error,
    Warning,
}

/// A file, and the spot in it where there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// As it is shown: below the working directory by its relative path, else absolute.
    pub file: String,
    #[serde(flatten)]
    pub spot: Option<Spot>,
}

/// A range inside one line of a file, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Spot {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// The line, escaped, secrets masked, shortened around the caret when it is long.
    pub excerpt: String,
    /// What the caret marks, in terminal cells of `excerpt`; never empty.
    pub caret: Range<usize>,
    /// Words beside the caret.
    pub label: Option<String>,
}

impl Finding {
    /// An error about a file as a whole.
    #[must_use]
    pub fn about_file(file: &str, message: &str, hint: Option<&str>) -> Self {
        Self {
            severity: Severity::Error,
            message: escaped(message),
            place: Place { file: escaped(file), spot: None },
            related: None,
            hint: hint.map(escaped),
        }
    }

    /// Whether the configuration is refused for it.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Where it stands in a list: files in their order, then lines.
    pub(super) fn spot_order(&self) -> (usize, usize) {
        self.place.spot.as_ref().map_or((0, 0), |spot| (spot.line, spot.column))
    }
}

pub(super) fn escaped(text: &str) -> String {
    Escaped(text.as_bytes()).to_string()
}
