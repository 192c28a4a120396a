//! `when: mail`: which messages a rule takes.

use crate::domain::{Door, Globs, Message};

/// The messages that a rule takes. What it does not name may be anything.
#[derive(Debug, Clone, Default)]
pub struct Inbox {
    /// Empty: every door.
    pub doors: Vec<Door>,
    /// Of the envelope's sender, as [`Inbox::letters`] has it.
    pub from: Option<Globs>,
    /// Of one of the envelope's recipients, likewise.
    pub to: Option<Globs>,
    /// One of those of its message request; empty: any, and none.
    pub tags: Vec<String>,
    /// Only what no other rule relays.
    pub is_unmatched: bool,
}

impl Inbox {
    /// Whether the message is one of these, but for what other rules do with it.
    #[must_use]
    pub fn takes(&self, message: &Message) -> bool {
        let is_one = |globs: &Option<Globs>, address: &str| {
            globs.as_ref().is_none_or(|globs| globs.matches(Self::letters(address).as_bytes()))
        };
        (self.doors.is_empty() || self.doors.contains(&message.door))
            && is_one(&self.from, message.sender.as_deref().unwrap_or(""))
            && message.recipients.iter().any(|recipient| is_one(&self.to, recipient))
            && (self.tags.is_empty() || message.instructions.tags.iter().any(|tag| self.tags.contains(tag)))
    }

    /// An address, or a glob of one, so that both are compared whole and in small letters (RFC 5321 section 2.4 for the domain; nobody
    /// tells local parts apart by their case).
    #[must_use]
    pub fn letters(address: &str) -> String {
        address.to_lowercase().replace('/', "_")
    }
}
