//! Addresses as people write them: `ann@example.org`, `Ann <ann@example.org>`.

use crate::{domain::Escaped, mail::compose::LONGEST_WORD};
use lettre::{
    Address,
    message::{Mailbox as Lettre, Mailboxes},
};
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
    #[error("a name has a word of more than {LONGEST_WORD} bytes, and no line of a mail can hold it")]
    LongName,
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

    /// One mailbox whose name and address came from outside and were put together: `Müller, Ann <ann@example.org>`. The name is a name
    /// whatever is in it; there is one address, and nothing in the name can be another.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse_made(text: &str) -> Result<Self, NotAMailbox> {
        let Some((name, address)) = text.trim().strip_suffix('>').and_then(|text| text.split_once('<')) else {
            return Self::parse(text);
        };
        if text.chars().any(is_odd) {
            return Err(NotAMailbox::Control);
        }
        let bare = Self::parse(address)?;
        let name = name.trim();
        let name = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name).trim();
        let Lettre { email, name: None } = bare.0 else { return Err(NotAMailbox::Malformed) };
        if name.split_ascii_whitespace().any(|word| word.is_ascii() && word.len() > LONGEST_WORD) {
            return Err(NotAMailbox::LongName);
        }
        Ok(Self(Lettre::new(Some(name.to_owned()).filter(|name| !name.is_empty()), email)))
    }

    /// One or more, with commas between them.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, NotAMailbox> {
        if text.chars().any(is_odd) {
            return Err(NotAMailbox::Control);
        }
        if text.trim().is_empty() {
            return Err(NotAMailbox::Nothing);
        }
        let all: Mailboxes = text.parse().map_err(|_| NotAMailbox::Malformed)?;
        let all: Vec<Self> = all.into_iter().map(|mailbox| Self(with_plain_domain(mailbox))).collect();
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

/// An address alone, as an envelope has it; one without a domain gets this one.
///
/// # Errors
/// What is wrong with the text, with the text.
pub fn qualified(text: &str, domain: &str) -> Result<String, String> {
    let whole = if text.contains('@') { text.to_owned() } else { format!("{text}@{domain}") };
    let mailbox = Mailbox::parse(&whole).map_err(|why| format!("`{}`: {why}", Escaped(text.as_bytes())))?;
    Ok(mailbox.address().to_owned())
}

/// A domain outside ASCII as the name service has it (A-labels, RFC 5890 section 2.3.2.1), so that any relay takes the address; beside
/// a user outside ASCII it stays as it is written, for SMTPUTF8 is needed all the same.
fn with_plain_domain(mailbox: Lettre) -> Lettre {
    let Lettre { name, email } = mailbox;
    let plain = || Address::new(email.user(), idna::domain_to_ascii(email.domain()).ok()?).ok();
    let plain = if email.user().is_ascii() && !email.domain().is_ascii() { plain() } else { None };
    Lettre { name, email: plain.unwrap_or(email) }
}

fn is_odd(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}')
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
            ("Grüße <gruss@Bücher.example>", "gruss@xn--bcher-kva.example"),
            ("root@localhost", "root@localhost"),
        ] {
            assert_eq!(Mailbox::parse(text).unwrap().address(), address, "{text}");
        }
        let both: Vec<_> = Mailbox::parse_list("a@x.org, Bob <b@x.org>").unwrap();
        assert_eq!(both.iter().map(Mailbox::address).collect::<Vec<_>>(), ["a@x.org", "b@x.org"]);
    }

    #[test]
    fn a_name_from_outside_is_a_name_and_the_address_is_one() {
        for (text, shown) in [
            ("Müller, Ann <ann@example.org>", Some(("Müller, Ann", "ann@example.org"))),
            ("\"Müller, Ann\" <ann@example.org>", Some(("Müller, Ann", "ann@example.org"))),
            ("eve@evil.example <ann@example.org>", Some(("eve@evil.example", "ann@example.org"))),
            ("eve@evil.example, <ann@example.org>", Some(("eve@evil.example,", "ann@example.org"))),
            ("a\"b <ann@example.org>", Some(("a\"b", "ann@example.org"))),
            (" <ann@example.org>", Some(("", "ann@example.org"))),
            ("ann@example.org", Some(("", "ann@example.org"))),
            ("<eve@evil.example> <ann@example.org>", None),
            ("<eve@evil.example>, Ann <ann@example.org>", None),
            ("Ann <ann@example.org> <eve@evil.example>", None),
            ("Ann <ann@example.org, eve@evil.example>", None),
            ("ann@example.org, eve@evil.example", None),
            ("Ann <>", None),
            ("Ann\r\nBcc: x@y.z <ann@example.org>", None),
            ("Ann <Eve <eve@evil.example>>", None),
        ] {
            let read = Mailbox::parse_made(text).ok();
            let read = read.as_ref().map(|read| (read.0.name.as_deref().unwrap_or(""), read.address()));
            assert_eq!(read, shown, "{text}");
        }
    }

    #[test]
    fn a_name_that_no_line_holds_is_refused() {
        let made = |name: &str| Mailbox::parse_made(&format!("{name} <ann@example.org>"));
        assert_eq!(made(&"x".repeat(901)), Err(NotAMailbox::LongName));
        assert!(made(&"x ".repeat(901)).is_ok() && made(&"ü".repeat(901)).is_ok(), "those are folded");
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
