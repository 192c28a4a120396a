//! From whom a message is by its own words, for a door that is told nothing else.

use super::{
    Lines, NotAMessage,
    header::{Most, split},
    reading::plain,
    recipients::addresses,
};

/// The first of Return-Path, Resent-Sender, Resent-From, Sender and From that names somebody; an empty text where Return-Path is `<>`, the
/// null sender. `None`: nobody is named. An address without a domain is given back as it is.
///
/// # Errors
/// A header that is none, and a field that has no address.
pub fn sender_of(raw: &[u8]) -> Result<Option<String>, NotAMessage> {
    let message = split(raw, Lines::Unix, Most::AS_IT_COMES);
    if let Some(why) = message.excess {
        return Err(why);
    }
    for name in ["return-path", "resent-sender", "resent-from", "sender", "from"] {
        let Some(field) = message.header.named(name).next() else { continue };
        if name == "return-path" && plain(field.value) == "<>" {
            return Ok(Some(String::new()));
        }
        if let Some(first) = addresses(field)?.into_iter().next() {
            return Ok(Some(first));
        }
    }
    Ok(None)
}
