//! What the bearer of a token may do at the HTTP door.

use serde::{Deserialize, Serialize};

/// One thing that a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// To hand messages over.
    Send,
    /// To ask what became of messages.
    Read,
}

impl Scope {
    pub const ALL: [Self; 2] = [Self::Send, Self::Read];

    /// The word of this scope, everywhere.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Read => "read",
        }
    }

    /// The scope that `word` names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.word() == word)
    }
}
