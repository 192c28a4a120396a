//! Addresses as people write them: `ann@example.org`, `Ann <ann@example.org>`.

use lettre::message::{Mailbox as Lettre, Mailboxes};
use std::fmt;

/// One mailbox (RFC 5322 section 3.4): an address, perhaps with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox(pub(super) Lettre);

/// Not an address, or not only addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAMailbox {
    #[error("an address has no line breaks and no control characters")]
    Control,
    #[error("nothing, expected an address")]
    Nothing,
    #[error("not an address: write `ann@example.org` or `Ann <ann@example.org>`")]
    Malformed,
    /// RFC 5321 section 4.5.3.1.3, less the brackets.
    #[error("an address has at most 254 letters, and this one has {0}")]
    Long(usize),
}

const LONGEST: usize = 254;

impl Mailbox {
    /// One mailbox.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, NotAMailbox> {
        let mut all = Self::parse_list(text)?;
        match (all.pop(), all.is_empty()) {
            (Some(one), true) => Ok(one),
            _ => Err(NotAMailbox::Malformed),
        }
    }

    /// One or more, with commas between them.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, NotAMailbox> {
        if text.chars().any(|letter| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}')) {
            return Err(NotAMailbox::Control);
        }
        if text.trim().is_empty() {
            return Err(NotAMailbox::Nothing);
        }
        let all: Mailboxes = text.parse().map_err(|_| NotAMailbox::Malformed)?;
        let all: Vec<Self> = all.into_iter().map(Self).collect();
        match all.iter().map(|mailbox| mailbox.address().len()).find(|length| *length > LONGEST) {
            Some(length) => Err(NotAMailbox::Long(length)),
            None => Ok(all),
        }
    }

    /// The address alone, as an envelope has it.
    #[must_use]
    pub fn address(&self) -> &str {
        self.0.email.as_ref()
    }

    /// What follows the last `@`.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.email.domain()
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        for (text, address) in [
            ("ann@example.org", "ann@example.org"),
            ("Ann <ann@example.org>", "ann@example.org"),
            ("\"Ann, of sales\" <ann+x@example.org>", "ann+x@example.org"),
            ("Grüße <ü@bücher.example>", "ü@bücher.example"),
            ("root@localhost", "root@localhost"),
        ] {
            assert_eq!(Mailbox::parse(text).unwrap().address(), address, "{text}");
        }
        let both: Vec<_> = Mailbox::parse_list("a@x.org, Bob <b@x.org>").unwrap();
        assert_eq!(both.iter().map(Mailbox::address).collect::<Vec<_>>(), ["a@x.org", "b@x.org"]);
    }

    #[test]
    fn nothing_that_could_end_a_line_or_a_command_is_an_address() {
        for text in [
            "",
            " ",
            "ann",
            "@example.org",
            "ann@",
            "a@b>\r\nRCPT TO:<x@y",
            "a@b\nBcc: c@d",
            "a\0@b.c",
            "a b@c.d",
            "a@b c",
            "a@b>",
            "<a@b",
            "a@b, ",
            "a@b\u{2028}c",
            "-@",
            "a..b@c.d",
        ] {
            assert!(Mailbox::parse(text).is_err(), "{text:?}");
        }
        let long = format!("{}@{}.org", "a".repeat(60), "b.".repeat(100) + "c");
        assert!(Mailbox::parse(&long).is_err());
        assert!(Mailbox::parse("a@x.org, b@x.org").is_err());
    }
}
