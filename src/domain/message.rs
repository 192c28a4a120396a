//! A message that somebody else wrote, as it came in by a door.

use crate::domain::{Moment, OnUnknown, Ref, Sha256};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// How others reach us with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Door {
    Http,
    Submission,
    Sendmail,
    Spool,
}

impl Door {
    pub const ALL: [Self; 4] = [Self::Http, Self::Submission, Self::Sendmail, Self::Spool];

    /// The word of this door in SQL, rules and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Submission => "submission",
            Self::Sendmail => "sendmail",
            Self::Spool => "spool",
        }
    }

    /// The door that `word` names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|door| door.word() == word)
    }
}

/// A message with its envelope, as every rule meets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Made by the door: it is taken in once under this name.
    pub id: Ref,
    pub door: Door,
    /// Who gave it in, where the door knows: an account, or `uid 1000`.
    pub account: Option<String>,
    pub received_at: Moment,
    /// Of the envelope; `None`: the null sender (RFC 5321 section 4.5.5).
    pub sender: Option<String>,
    /// Of the envelope, each once.
    pub recipients: Vec<String>,
    /// RFC 5322, every line ended by CRLF.
    pub bytes: Vec<u8>,
    pub facts: MessageFacts,
    pub instructions: Instructions,
}

/// What whoever gave a message in wants of it, beside its envelope; nothing where it came without.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Instructions {
    /// Words that rules may ask for.
    pub tags: Vec<String>,
    /// Values that rules may ask for, by name.
    pub data: Map<String, Value>,
    /// Its mails are not due before.
    pub not_before: Option<Moment>,
    /// Its mails are failed then; the rule's deadline wins if it is sooner.
    pub expires_at: Option<Moment>,
    /// In place of the rule's.
    pub on_unknown: Option<OnUnknown>,
    pub key: Option<MessageKey>,
}

/// Under it a message is taken in once: the same content again is the same message, another is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageKey {
    /// Whose key it is: another's of the same text is another.
    pub holder: String,
    pub text: String,
    /// Of what was given in.
    pub content: Sha256,
}

/// What rules may ask of a message. All of it is what its writer says, and none of it is checked: it may hold anything, and be of any
/// length that a header may have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessageFacts {
    /// The first, where several are named; nobody where none is.
    pub from: Person,
    pub to: Vec<Person>,
    /// The Sender field's.
    pub sender: Person,
    pub subject: String,
    pub date: Option<Moment>,
    /// Of Message-ID, without its brackets.
    pub id: String,
    pub size_bytes: u64,
    /// The first of each name, decoded; names in small letters.
    pub headers: BTreeMap<String, String>,
    /// Names of the first hundred.
    pub attachments: Vec<String>,
    /// Machines that had it, we among them.
    pub received_count: usize,
    /// Whether no person sent it (RFC 3834 section 5): no machine answers to that.
    pub is_auto_submitted: bool,
    /// The gateways of our kind that had it, one for each time.
    pub passes: Vec<String>,
}

/// Somebody as a header names them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// Empty where only a name is given.
    pub address: String,
    pub name: String,
}

impl Person {
    /// What precedes the last `@`: all of an address without one.
    #[must_use]
    pub fn local(&self) -> &str {
        self.address.rsplit_once('@').map_or(&*self.address, |(local, _)| local)
    }

    /// What follows the last `@`, or nothing.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.address.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}
