//! To whom a message is to go by its own words: `sendmail -t`.

use super::{
    Lines, NotAMessage,
    header::{Field, Most, split},
    reading::{people, plain},
};
use crate::domain::{Person, is_harmless};
use lettre::Address;
use std::collections::HashSet;

/// Bytes of an address (RFC 5321 section 4.5.3.1.3, less the brackets).
const LONGEST: usize = 254;

/// The addresses of To, Cc and Bcc, each once and in that order; where the message has been sent on, and so has Resent- fields, of those
/// instead (RFC 5322 section 3.6.6). `raw` is the message as it came, before its Bcc is dropped. An address without a domain is given back
/// as it is, for the caller to complete; a message that names nobody gives back nobody.
///
/// # Errors
/// A header that is none, and the first text that is no address: nobody is left out unsaid.
pub fn recipients_of(raw: &[u8]) -> Result<Vec<String>, NotAMessage> {
    let message = split(raw, Lines::Unix, Most::AS_IT_COMES);
    if let Some(why) = message.excess {
        return Err(why);
    }
    let is_resent = message.header.fields().any(|field| is_resent(field.name));
    let wanted = if is_resent { ["resent-to", "resent-cc", "resent-bcc"] } else { ["to", "cc", "bcc"] };
    let (mut recipients, mut seen) = (Vec::new(), HashSet::new());
    for field in wanted.iter().flat_map(|name| message.header.named(name)) {
        for address in addresses(field)? {
            if seen.insert(key(&address)) {
                recipients.push(address);
            }
        }
    }
    Ok(recipients)
}

fn is_resent(name: &str) -> bool {
    name.get(..7).is_some_and(|begin| begin.eq_ignore_ascii_case("resent-"))
}

/// Domains are the same in any case (RFC 5321 section 2.4).
fn key(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, domain)) => format!("{local}@{}", domain.to_ascii_lowercase()),
        None => address.to_owned(),
    }
}

/// Those of a field, in their order.
pub(super) fn addresses(field: Field<'_>) -> Result<Vec<String>, NotAMessage> {
    let text = plain(field.value);
    let no_address = |text: &str| NotAMessage::NotAnAddress {
        field: field.name.to_owned(),
        text: text.chars().take(LONGEST).collect(),
    };
    let all = people(field.value).ok_or_else(|| no_address(&text))?;
    let is_nobody = text.trim_matches([',', ' ', '\t']).is_empty() || text.ends_with(';');
    if all.is_empty() && !is_nobody {
        return Err(no_address(&text));
    }
    let mut from = 0;
    let mut found = Vec::with_capacity(all.len());
    for person in all {
        let (address, end) = address(&person, &text, from).ok_or_else(|| no_address(&shown(&person)))?;
        found.push(address.to_owned());
        from = end;
    }
    Ok(found)
}

/// The address, and where it ends in the field: it is looked for from where the last one ended.
fn address<'a>(person: &'a Person, field: &str, from: usize) -> Option<(&'a str, usize)> {
    let Person { address, name } = person;
    // `root` is read as a name: so is much that is none
    let text = if address.is_empty() { name } else { address };
    let completed = if text.contains('@') { text.clone() } else { format!("{text}@localhost") };
    let is_address = text.len() <= LONGEST && completed.parse::<Address>().is_ok() && text.chars().all(is_harmless);
    let end = is_address.then(|| alone(text, field, from))??;
    Some((text, end))
}

/// Where the text ends in the field, if it is there in one piece and with nothing but marks and spaces around it: `<root> <ann@example.org>`
/// is read as `rootann@example.org`, and `Ann <>` as somebody called Ann.
fn alone(text: &str, field: &str, from: usize) -> Option<usize> {
    let mut places = field.get(from..)?.match_indices(text).map(|(at, _)| (from + at, from + at + text.len()));
    let is_alone = |(begin, end): &(usize, usize)| {
        let before = field[..*begin].trim_end().chars().next_back();
        let after = field[*end..].trim_start().chars().next();
        matches!(before, None | Some(',' | ':' | ';' | '<' | ')'))
            && matches!(after, None | Some(',' | ';' | '>' | '('))
    };
    places.find(is_alone).map(|(_, end)| end)
}

fn shown(person: &Person) -> String {
    match person {
        Person { address, name } if address.is_empty() => name.clone(),
        Person { address, name } if name.is_empty() => address.clone(),
        Person { address, name } => format!("{name} <{address}>"),
    }
}
