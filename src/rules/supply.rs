//! The bytes that planning takes of files, which whoever plans has read.

use super::plan::Refusal;
use crate::templates::Content;
use std::path::Path;

/// What planning takes of files: reading is not pure, so whoever plans brings it.
#[derive(Debug, Clone, Copy)]
pub struct Supply<'a> {
    /// The arrival's own file.
    pub content: &'a Fetched,
    pub attachment: ReadAttached,
}

/// Another file of this machine, below a folder, of so many bytes at most; or why not.
pub type ReadAttached = fn(&Path, &[u8], u64) -> Result<Vec<u8>, String>;

/// The bytes of an arrival's file, as far as its rule's mails need them ([`Rule::most_read`]).
#[derive(Debug, Clone)]
pub enum Fetched {
    /// Not needed, or more than any of them takes.
    Nothing,
    Whole(Content),
    /// And why.
    Unreadable(String),
}

impl Fetched {
    /// These.
    #[must_use]
    pub fn all(bytes: Vec<u8>) -> Self {
        Self::Whole(Content(bytes.into()))
    }

    /// # Errors
    /// Why there is none, for the operator.
    pub(super) fn whole(&self) -> Result<&Content, Refusal> {
        match self {
            Self::Whole(content) => Ok(content),
            Self::Unreadable(why) => Err(format!("the file cannot be read: {why}")),
            Self::Nothing => Err("the file was not read".to_owned()),
        }
    }
}
