//! The bytes of an arrival's own file, as far as its rule's mails are made of them.

use crate::{
    domain::{Sighting, Stage},
    rules::{Fetched, Rule},
    streams::whole::{self, NotRead},
};

/// Why a file is no arrival now: whoever watches it will see it anew.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotNow {
    #[error("it is changing")]
    Changed,
    #[error("it cannot be read now: {0}")]
    Unreadable(String),
}

/// Reads what `then` of `rule` needs of the file, and no more than that. Blocks.
///
/// # Errors
/// [`NotNow`] when it is not, before and after, the version that was seen, or cannot be read at this moment.
pub fn fetch(rule: &Rule, sighting: &Sighting) -> Result<Fetched, NotNow> {
    if rule.most_read(Stage::Then).is_none_or(|most| sighting.identity.size_bytes > most) {
        return Ok(Fetched::Nothing);
    }
    match whole::version(sighting) {
        Ok(bytes) => Ok(Fetched::all(bytes)),
        Err(NotRead::Forbidden(why)) => Ok(Fetched::Unreadable(why)),
        Err(NotRead::NotNow(why)) => Err(NotNow::Unreadable(why)),
        Err(NotRead::Changed) => Err(NotNow::Changed),
    }
}
