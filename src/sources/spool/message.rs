//! A file of the spool → a message with its envelope. Pure but for the files of a request's template.

use super::{Origin, folder::ends};
use crate::{
    domain::{Door, Escaped, Instructions, Message, MessageKey, Moment, Ref, Sha256},
    mail::{self, Mailbox, incoming},
    rules::{Asked, Notation, Requests},
    sources::mail_folder::files::Found,
};
use std::{ffi::OsStr, os::unix::ffi::OsStrExt, time::UNIX_EPOCH};

/// What a file is by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Eml,
    Request(Notation),
}

impl Kind {
    pub(super) fn of(name: &OsStr) -> Option<Self> {
        let kinds = [
            (".eml", Self::Eml),
            (".yaml", Self::Request(Notation::Yaml)),
            (".yml", Self::Request(Notation::Yaml)),
            (".json", Self::Request(Notation::Json)),
        ];
        kinds.into_iter().find(|(end, _)| ends(name, end)).map(|(_, kind)| kind)
    }
}

/// The message of a file; `Err`: why it cannot be taken.
pub(super) fn message(
    found: &Found,
    id: Ref,
    (requests, origin): (&Requests, &Origin),
    now: Moment,
) -> Result<Message, String> {
    let bytes = found.bytes.as_ref().map_err(Clone::clone)?;
    let left_at = found.left_at.duration_since(UNIX_EPOCH).map_or(now, |span| Moment(span.as_millis() as i64)).min(now);
    let (given, lines, instructions) = match Kind::of(&found.name) {
        Some(Kind::Eml) => (own_words(bytes, &origin.domain)?, incoming::Lines::Unix, Instructions::default()),
        Some(Kind::Request(notation)) => {
            let shown = Escaped(found.name.as_bytes()).to_string();
            let asked = requests.message((&shown, notation), bytes, (id, left_at)).map_err(|why| why.to_string())?;
            let holder = format!("spool uid {}", found.uid);
            let key = asked.key.map(|text| MessageKey { holder, text, content: Sha256::of(bytes) });
            let Asked { sender, recipients, bytes, instructions, .. } = asked;
            let sender = Some(sender.address().to_owned());
            let instructions = Instructions { key, ..instructions };
            (Given { sender, recipients, bytes: bytes.into() }, incoming::Lines::Strict, instructions)
        }
        None => return Err("its name does not say what it is: it ends in .eml, .yaml, .yml or .json".to_owned()),
    };
    let Given { sender, recipients, bytes } = given;
    let named = sender.clone().unwrap_or_else(|| format!("MAILER-DAEMON@{}", origin.domain));
    let stamp = incoming::Stamp {
        host: &origin.host,
        door: incoming::Door::Spool,
        reference: id,
        domain: &origin.domain,
        sender: &Mailbox::parse(&named).map_err(|why| format!("its sender: {why}"))?,
        at: left_at,
    };
    let bytes = incoming::normalise(&bytes, lines, &stamp).map_err(|why| why.to_string())?;
    let facts = incoming::facts(&bytes);
    let account = Some(format!("uid {}", found.uid));
    Ok(Message { id, door: Door::Spool, account, received_at: now, sender, recipients, bytes, facts, instructions })
}

/// A message as it is handed over, with its envelope.
struct Given<'a> {
    /// `None`: the null sender.
    sender: Option<String>,
    recipients: Vec<String>,
    bytes: std::borrow::Cow<'a, [u8]>,
}

/// Of a message that says itself from whom and to whom it is.
fn own_words<'a>(bytes: &'a [u8], domain: &str) -> Result<Given<'a>, String> {
    let sender = match incoming::sender_of(bytes).map_err(|why| why.to_string())? {
        None => return Err("its header does not say whom it is from: Return-Path, Sender or From".to_owned()),
        Some(null) if null.is_empty() => None,
        Some(sender) => Some(mail::qualified(&sender, domain)?),
    };
    let mut recipients: Vec<String> = Vec::new();
    for recipient in incoming::recipients_of(bytes).map_err(|why| why.to_string())? {
        let address = mail::qualified(&recipient, domain)?;
        if !recipients.contains(&address) {
            recipients.push(address);
        }
    }
    if recipients.is_empty() {
        return Err("its header does not say whom it is for: To, Cc or Bcc".to_owned());
    }
    Ok(Given { sender, recipients, bytes: bytes.into() })
}
