mod any_bytes;
mod facts;
mod normalise;
mod recipients;

use super::{Door, Lines, NotAMessage, Stamp};
use crate::{
    domain::{Moment, Ref},
    mail::Mailbox,
};

const RECEIVED: &str = "Received: by gate.example (Packetboat, from userid 1000)\r\n\
    \tid 0w3ge1r7; Thu, 1 Jan 1970 00:00:00 +0000\r\n";

const ADDED: &str = "Date: Thu, 1 Jan 1970 00:00:00 +0000\r\n\
    Message-ID: <07070707070707070707070707070707@id.example>\r\n\
    From: =?utf-8?b?QW5uLCBvZiBzYWxlcw==?= <ann@gate.example>\r\n";

/// A message by the door, as `stamp` has it.
fn by(door: Door<'_>, raw: &[u8], ends: Lines) -> Result<Vec<u8>, NotAMessage> {
    let sender = &Mailbox::parse("\"Ann, of sales\" <ann@gate.example>").unwrap();
    let (reference, at) = (Ref([7; 16]), Moment(0));
    super::normalise(raw, ends, &Stamp { host: "gate.example", door, reference, domain: "id.example", sender, at })
}

fn made(raw: &[u8]) -> Result<Vec<u8>, NotAMessage> {
    by(Door::Sendmail { uid: 1000 }, raw, Lines::Unix)
}

/// What becomes of a message that has no date, no Message-ID and no sender, without what it is given of these.
fn kept(raw: impl AsRef<[u8]>) -> String {
    let whole = made(raw.as_ref()).unwrap();
    let whole = String::from_utf8_lossy(&whole).into_owned();
    whole.strip_prefix(RECEIVED).unwrap().replacen(ADDED, "", 1)
}
