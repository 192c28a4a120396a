//! What rules may ask of a message (the `mail` of conditions and templates).

use super::{
    Lines,
    attachments::attachment_names,
    header::{Header, Most, split},
    reading::{date, people, plain, plain_people, text},
};
use crate::domain::{MessageFacts, Person};
use std::collections::BTreeMap;

/// The field that says a message has been with us before.
pub const TRACE: &str = "X-Packetboat-Loop";

/// Reads any bytes, a header that is none up to where it ends.
#[must_use]
pub fn facts(message: &[u8]) -> MessageFacts {
    let halves = split(message, Lines::Strict, Most::AS_IT_IS_KEPT);
    let header = &halves.header;
    let mut headers = BTreeMap::new();
    for field in header.fields() {
        headers.entry(field.name.to_ascii_lowercase()).or_insert_with(|| text(field.value));
    }
    MessageFacts {
        from: first(header, "from"),
        to: header.named("to").flat_map(|field| all(field.value)).collect(),
        sender: first(header, "sender"),
        subject: headers.get("subject").cloned().unwrap_or_default(),
        date: header.named("date").next().and_then(|field| date(field.value)),
        id: header.named("message-id").next().map(|field| id(field.value)).unwrap_or_default(),
        size_bytes: message.len() as u64,
        attachments: attachment_names(header, halves.body),
        received_count: header.named("received").count(),
        is_auto_submitted: header.named("auto-submitted").any(|field| !is_no(field.value)),
        passes: header.named(TRACE).map(|field| plain(field.value).trim().to_owned()).collect(),
        headers,
    }
}

fn all(value: &[u8]) -> Vec<Person> {
    people(value).unwrap_or_else(|| plain_people(value))
}

fn first(header: &Header, name: &str) -> Person {
    header.named(name).next().and_then(|field| all(field.value).into_iter().next()).unwrap_or_default()
}

fn id(value: &[u8]) -> String {
    let text = plain(value);
    let bracketed = text.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    bracketed.map_or(text.as_str(), |(id, _)| id).trim().to_owned()
}

/// The keyword `no`, perhaps with a comment or parameters.
fn is_no(value: &[u8]) -> bool {
    plain(value).split([';', '(', ' ', '\t']).next().is_some_and(|word| word.eq_ignore_ascii_case("no"))
}
