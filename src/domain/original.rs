//! What a job was made of, and how that comes again: for a job that cannot be tried again by itself.

use crate::domain::arrival::{MAIL, SCHEDULE};
use serde::Serialize;

/// Of an arrival, as far as it is on record.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Original {
    /// A file, where it was seen.
    #[default]
    File,
    /// A file that was moved or deleted since: the words of the step that did.
    Taken(String),
    /// A moment of a schedule.
    Tick,
    /// A message that another program wrote.
    Message,
}

impl Original {
    /// Of an arrival with this folder.
    #[must_use]
    pub fn of(folder: Option<&[u8]>, taken: Option<String>) -> Self {
        match taken {
            _ if folder == Some(SCHEDULE) => Self::Tick,
            _ if folder == Some(MAIL) => Self::Message,
            Some(said) => Self::Taken(said),
            None => Self::File,
        }
    }

    /// What makes jobs of it anew, once the rule or what it names is corrected, and what comes of that; unescaped.
    #[must_use]
    pub fn again(&self) -> (String, &'static str) {
        const ANEW: &str = "it is taken anew, all of it, but for mail whose `idempotency_key` was mailed before";
        match self {
            Self::File => ("touch the file, or put it back into the watched folder".to_owned(), ANEW),
            Self::Taken(said) => (format!("put the file back into the watched folder (it was {said})"), ANEW),
            Self::Tick => ("wait for the next tick".to_owned(), "it makes all of it anew"),
            Self::Message => ("hand the message in again".to_owned(), "all of it goes out anew"),
        }
    }
}
