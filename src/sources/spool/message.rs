//! A file of the spool → a message with its envelope. Pure but for the files of a request's template.

use super::folder::ends;
use crate::{
    domain::{Door, Escaped, Instructions, Message, MessageKey, Moment, Ref, Sha256},
    mail::incoming,
    rules::{Asked, Notation, Requests},
    sources::{
        mail_folder::files::Found,
        origin::{Given, Hand, Origin},
    },
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
    let given = match Kind::of(&found.name) {
        Some(Kind::Eml) => own_words(bytes, origin)?,
        Some(Kind::Request(notation)) => {
            let shown = Escaped(found.name.as_bytes()).to_string();
            let asked = requests.message((&shown, notation), bytes, (id, left_at)).map_err(|why| why.to_string())?;
            let holder = format!("spool uid {}", found.uid);
            let key = asked.key.map(|text| MessageKey { holder, text, content: Sha256::of(bytes) });
            let Asked { sender, recipients, bytes, instructions, .. } = asked;
            let sender = Some(sender.address().to_owned());
            let instructions = Instructions { key, ..instructions };
            Given { sender, recipients, bytes: bytes.into(), lines: incoming::Lines::Strict, instructions }
        }
        None => return Err("its name does not say what it is: it ends in .eml, .yaml, .yml or .json".to_owned()),
    };
    let hand = Hand {
        id,
        door: Door::Spool,
        way: incoming::Door::Spool,
        account: format!("uid {}", found.uid),
        handed_at: left_at,
        received_at: now,
    };
    origin.message(given, hand)
}

/// Of a message that says itself from whom and to whom it is.
fn own_words<'a>(bytes: &'a [u8], origin: &Origin) -> Result<Given<'a>, String> {
    let (sender, recipients) = (origin.sender_of(bytes)?, origin.recipients_of(bytes)?);
    let (lines, instructions) = (incoming::Lines::Unix, Instructions::default());
    Ok(Given { sender, recipients, bytes: bytes.into(), lines, instructions })
}
