//! What is known of an arrival before any has come, and so which names a template may use.

use crate::domain::{Arriving, Stage};

/// Where in a rule a template stands, what the rule's source brings, and what there is beside that.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    pub stage: Stage,
    pub arriving: Arriving,
    pub rows: Rows,
    /// Names of `data`.
    pub data: &'a [String],
}

/// Whether the file is read row by row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rows {
    #[default]
    No,
    Yes,
}

impl Known<'_> {
    /// Of this stage of a rule with such a source, and no more than that.
    #[must_use]
    pub fn of(stage: Stage, arriving: Arriving) -> Self {
        Self { stage, arriving, rows: Rows::No, data: &[] }
    }

    pub(super) fn has(&self, dotted: &str) -> bool {
        let name = dotted.split('.').next().unwrap_or("");
        (name == "row" && self.rows == Rows::Yes) || self.data.iter().any(|known| known == dotted)
    }
}

/// Of a source of files.
impl From<Stage> for Known<'_> {
    fn from(stage: Stage) -> Self {
        Self::of(stage, Arriving::File)
    }
}
