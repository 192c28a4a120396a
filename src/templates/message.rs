//! `mail`: the message that came, as templates know it.

use crate::{
    domain::{Message, Person},
    templates::{facts::map, given},
};
use minijinja::{Value, value::Object};
use std::{collections::BTreeMap, sync::Arc};

/// What `mail` stands for.
pub(super) fn value(message: &Message) -> Value {
    let Message { door, sender, recipients, facts, instructions, .. } = message;
    let envelope = |address: &str| person(&Person { address: address.to_owned(), name: String::new() });
    map([
        ("from", person(&facts.from)),
        ("to", facts.to.iter().map(person).collect()),
        ("sender", envelope(sender.as_deref().unwrap_or(""))),
        ("recipients", recipients.iter().map(|address| envelope(address)).collect()),
        ("subject", facts.subject.as_str().into()),
        ("id", facts.id.as_str().into()),
        ("size", facts.size_bytes.into()),
        ("headers", Value::from_object(Headers(facts.headers.clone()))),
        ("attachments", facts.attachments.iter().map(String::as_str).collect()),
        ("received_count", (facts.received_count as u64).into()),
        ("door", door.word().into()),
        ("tags", instructions.tags.iter().map(String::as_str).collect()),
        ("data", Value::from(given::fields(&instructions.data))),
    ])
}

fn person(person: &Person) -> Value {
    map([
        ("address", person.address.as_str().into()),
        ("local", person.local().into()),
        ("domain", person.domain().into()),
        ("name", person.name.as_str().into()),
    ])
}

/// Fields by their names in any case (RFC 5322 section 1.2.2); one that is not there says nothing.
#[derive(Debug)]
struct Headers(BTreeMap<String, String>);

impl Object for Headers {
    fn get_value(self: &Arc<Self>, name: &Value) -> Option<Value> {
        let value = self.0.get(&name.as_str()?.to_ascii_lowercase());
        Some(Value::from(value.map_or("", String::as_str)))
    }
}
