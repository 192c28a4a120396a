//! The bytes of an arrival's own file, as far as its rule's mails are made of them.

use crate::{
    domain::{Sighting, Stage},
    rules::{Fetched, Rule},
    streams::whole::{self, NotRead},
};

/// The file is no longer what was seen: it is no arrival, and whoever watches it will see it anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changed;

/// Reads what `then` of `rule` needs of the file, and no more than that. Blocks.
///
/// # Errors
/// [`Changed`] when it is not, before and after, the version that was seen.
pub fn fetch(rule: &Rule, sighting: &Sighting) -> Result<Fetched, Changed> {
    if rule.most_read(Stage::Then).is_none_or(|most| sighting.identity.size_bytes > most) {
        return Ok(Fetched::Nothing);
    }
    match whole::version(sighting) {
        Ok(bytes) => Ok(Fetched::all(bytes)),
        Err(NotRead::Unreadable(why)) => Ok(Fetched::Unreadable(why)),
        Err(NotRead::Changed) => Err(Changed),
    }
}
