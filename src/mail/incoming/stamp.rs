//! What we write into a message that comes in: how it came (RFC 5321 section 4.4), and what it should have had (RFC 5322 section 3.6).

use crate::{
    domain::{Moment, Ref},
    mail::Mailbox,
};
use chrono::{DateTime, Utc};
use lettre::message::{
    Mailboxes,
    header::{From, Headers},
};
use std::net::IpAddr;

/// What is known of a message apart from its bytes.
#[derive(Debug, Clone, Copy)]
pub struct Stamp<'a> {
    /// This machine's name.
    pub host: &'a str,
    pub door: Door<'a>,
    /// The arrival's: shown in `Received`, and makes the Message-ID of a message that has none, the same at every try.
    pub reference: Ref,
    /// What follows the `@` of a Message-ID.
    pub domain: &'a str,
    /// Whom a message is from that does not say: the envelope's sender, perhaps with a name; where that is nobody, whoever is to be
    /// named instead.
    pub sender: &'a Mailbox,
    pub at: Moment,
}

/// By which door a message came, and from whom.
#[derive(Debug, Clone, Copy)]
pub enum Door<'a> {
    Sendmail {
        uid: u32,
    },
    Spool,
    Http {
        peer: IpAddr,
    },
    Submission {
        /// As the client names itself: anything.
        hello: &'a str,
        peer: IpAddr,
        /// `ESMTP`, `ESMTPS`, `ESMTPA` or `ESMTPSA` (RFC 3848).
        protocol: &'static str,
    },
}

impl Stamp<'_> {
    /// The trace, with its CRLF.
    pub(super) fn received(&self) -> String {
        let host = self.host;
        let how = match self.door {
            Door::Sendmail { uid } => format!("by {host} (Packetboat, from userid {uid})"),
            Door::Spool => format!("by {host} (Packetboat, from the spool)"),
            Door::Http { peer } => format!("from {0} ({0})\r\n\tby {host} (Packetboat) with HTTP", literal(peer)),
            Door::Submission { hello, peer, protocol } => {
                let (hello, peer) = (harmless(hello), literal(peer));
                format!("from {hello} ({peer})\r\n\tby {host} (Packetboat) with {protocol}")
            }
        };
        format!("Received: {how}\r\n\tid {}; {}\r\n", self.reference, date(self.at))
    }

    /// The field of this name, with its CRLF.
    pub(super) fn date(&self) -> String {
        format!("Date: {}\r\n", date(self.at))
    }

    pub(super) fn message_id(&self) -> String {
        format!("Message-ID: <{}@{}>\r\n", self.reference.long(), self.domain)
    }

    pub(super) fn from(&self) -> String {
        let mut headers = Headers::new();
        headers.set(From::from(Mailboxes::from(self.sender.0.clone())));
        headers.to_string()
    }
}

/// RFC 5322 section 3.3.
fn date(at: Moment) -> String {
    DateTime::<Utc>::from_timestamp_millis(at.0.clamp(0, LAST)).unwrap_or_default().to_rfc2822()
}

/// The end of the year 9999: a date has four digits for a year.
const LAST: i64 = 253_402_300_799_000;

/// RFC 5321 section 4.1.3.
fn literal(peer: IpAddr) -> String {
    match peer {
        IpAddr::V4(peer) => format!("[{peer}]"),
        IpAddr::V6(peer) => format!("[IPv6:{peer}]"),
    }
}

/// What a client says of itself, where a trace can hold it.
fn harmless(hello: &str) -> &str {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    if (1..=255).contains(&hello.len()) && hello.bytes().all(is_name) { hello } else { "unknown" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_has_four_digits_for_a_year() {
        for (at, shown) in [
            (-1, "Thu, 1 Jan 1970 00:00:00 +0000"),
            (1_795_776_694_999, "Fri, 27 Nov 2026 10:51:34 +0000"),
            (LAST + 1000, "Fri, 31 Dec 9999 23:59:59 +0000"),
        ] {
            assert_eq!(date(Moment(at)), shown, "{at}");
        }
    }
}
