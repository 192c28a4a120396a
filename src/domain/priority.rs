//! Priority classes: who goes first when several rules want the same server.

use serde::{Deserialize, Serialize};

/// Shares of a server's turns, not strict precedence: `High` 8, `Normal` 3, `Low` 1, so that nothing starves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    High,
    #[default]
    Normal,
    Low,
}

impl Priority {
    pub const ALL: [Self; 3] = [Self::High, Self::Normal, Self::Low];

    /// The number it has in rows.
    #[must_use]
    pub fn class(self) -> i64 {
        match self {
            Self::High => 0,
            Self::Normal => 1,
            Self::Low => 2,
        }
    }

    /// The class with this number; what no version ever wrote counts as normal.
    #[must_use]
    pub fn from_class(class: i64) -> Self {
        Self::ALL.into_iter().find(|priority| priority.class() == class).unwrap_or_default()
    }

    /// Turns out of twelve.
    #[must_use]
    pub fn weight(self) -> u32 {
        match self {
            Self::High => 8,
            Self::Normal => 3,
            Self::Low => 1,
        }
    }
}
