//! What a field says, as mail-parser reads it: the one place that it is asked in. It has panicked on odd input before (its issues 63, 120,
//! 145), so that it is asked about one field at a time, and a panic costs that field's reading alone.
//!
//! It is asked about fields and never about a whole message: some 10,000 messages, one in the other, are 320 KB, and when what it made of
//! them is dropped the stack overflows, which nothing catches.

use crate::{
    domain::{Moment, Person},
    mail::Mailbox,
};
use mail_parser::{Addr, Address, ContentType, Group, HeaderValue, parsers::MessageStream};
use memchr::memmem;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Of a field that describes a part (RFC 2045 section 5, RFC 2183).
#[derive(Debug, Default)]
pub(super) struct Content {
    pub is_multipart: bool,
    pub boundary: Option<String>,
    /// `filename` or `name`.
    pub name: Option<String>,
}

/// Encoded words of a field that are read: one without an end is looked for to the end of the field, each anew.
const MOST_WORDS: usize = 1000;

/// The words of a field, unfolded, encoded words decoded (RFC 2047).
pub(super) fn text(value: &[u8]) -> String {
    let read = || match MessageStream::new(value).parse_unstructured() {
        HeaderValue::Text(text) => text.into_owned(),
        _ => String::new(),
    };
    read_words(value, read).unwrap_or_else(|| plain(value))
}

/// The words of a field as they stand there, unfolded.
pub(super) fn plain(value: &[u8]) -> String {
    String::from_utf8_lossy(value).replace("\r\n", "").trim().to_owned()
}

/// The people of a field, those in groups among them; `None` where it cannot be read. Where a group's name has an `@`, commas are missing,
/// and it is one of them.
pub(super) fn people(value: &[u8]) -> Option<Vec<Person>> {
    let person = |read: &Addr<'_>| Person {
        address: read.address().unwrap_or_default().to_owned(),
        name: read.name().unwrap_or_default().to_owned(),
    };
    let odd = |group: &Group<'_>| {
        let name = group.name.as_deref().filter(|name| name.contains('@'));
        name.map(|name| Person { address: String::new(), name: name.to_owned() })
    };
    read_words(value, || match MessageStream::new(value).parse_address() {
        HeaderValue::Address(Address::List(all)) => all.iter().map(person).collect(),
        HeaderValue::Address(Address::Group(groups)) => {
            groups.iter().flat_map(|group| odd(group).into_iter().chain(group.addresses.iter().map(person))).collect()
        }
        _ => Vec::new(),
    })
}

fn read_words<T>(value: &[u8], read: impl FnOnce() -> T) -> Option<T> {
    if memmem::find_iter(value, "=?").count() > MOST_WORDS { None } else { guarded(read) }
}

/// The people of a field that [`people`] cannot read.
pub(super) fn plain_people(value: &[u8]) -> Vec<Person> {
    let person = |read: Mailbox| Person { address: read.address().to_owned(), name: read.0.name.unwrap_or_default() };
    Mailbox::parse_list(&plain(value)).unwrap_or_default().into_iter().map(person).collect()
}

/// RFC 5322 section 3.3.
pub(super) fn date(value: &[u8]) -> Option<Moment> {
    let read = || match MessageStream::new(value).parse_date() {
        HeaderValue::DateTime(date) if date.is_valid() => Some(Moment(date.to_timestamp().saturating_mul(1000))),
        _ => None,
    };
    guarded(read).flatten()
}

/// What a field says of a part.
pub(super) fn content(value: &[u8]) -> Content {
    let of = |read: &ContentType<'_>| Content {
        is_multipart: read.ctype() == "multipart",
        boundary: read.attribute("boundary").map(str::to_owned),
        name: read.attribute("filename").or_else(|| read.attribute("name")).map(str::to_owned),
    };
    let read = || match MessageStream::new(value).parse_content_type() {
        HeaderValue::ContentType(read) => of(&read),
        _ => Content::default(),
    };
    guarded(read).unwrap_or_default()
}

fn guarded<T>(read: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(read)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_taken_as_it_stands() {
        assert_eq!(guarded(|| 1), Some(1));
        assert_eq!(guarded(|| -> u8 { panic!("as mail-parser may") }), None);
        let words = |times| "=?utf-8?q?=C3=BC?=\r\n ".repeat(times) + "\r\n";
        assert_eq!(text(words(1000).as_bytes()), "\u{fc}".repeat(1000));
        assert_eq!(text(words(1001).as_bytes()), ["=?utf-8?q?=C3=BC?="; 1001].join(" "));
        let named = |times| format!("{} <ann@x.org>\r\n", words(times).trim());
        let ann = |name| vec![Person { address: "ann@x.org".to_owned(), name }];
        assert_eq!(people(named(1000).as_bytes()), Some(ann("\u{fc}".repeat(1000))));
        assert_eq!(people(named(1001).as_bytes()), None);
        assert_eq!(plain_people(b" Ann\r\n <ann@x.org>\r\n"), ann("Ann".to_owned()));
        assert_eq!(plain_people(b"Ann <>\r\n"), []);
    }
}
