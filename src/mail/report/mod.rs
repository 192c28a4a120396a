//! What the sender of a message is told of it by mail: a delivery status notification (RFC 3464) in a report (RFC 6522). Pure.

mod status;
#[cfg(test)]
mod tests;
mod words;

use crate::{
    domain::{Letter, Moment},
    mail::{Mailbox, incoming},
};
use chrono::{DateTime, Utc};
use lettre::message::{
    Body, SinglePart,
    header::{ContentTransferEncoding, ContentType},
};
use sha2::Digest;
use std::fmt::Write;

/// What became of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It waits, and is tried on.
    Delayed,
    /// It failed for good.
    Failed,
}

/// One of those it was for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concerned {
    pub address: String,
    /// The last words about it, the relay's or ours.
    pub said: String,
    /// The relay's answer; `None` where there was none.
    pub code: Option<u16>,
    /// The relay's host.
    pub remote: Option<String>,
    pub last_attempt: Option<Moment>,
    /// Its deadline: passed, or until when it is tried.
    pub until: Moment,
    /// Whether it was the deadline that ended it.
    pub is_expired: bool,
}

/// A report to be.
#[derive(Debug, Clone)]
pub struct SenderReport<'a> {
    pub from: &'a Mailbox,
    /// The sender of the message's envelope.
    pub to: &'a str,
    /// This machine's name.
    pub host: &'a str,
    pub fate: Fate,
    /// In its order.
    pub concerned: &'a [Concerned],
    pub arrived_at: Moment,
    /// Of the message's header: anything.
    pub subject: &'a str,
    pub header_id: &'a str,
    /// The message, of which the header is returned; `None`: it is gone.
    pub original: Option<&'a [u8]>,
    pub time_zone: chrono_tz::Tz,
    /// Without brackets.
    pub message_id: &'a str,
    pub date: Moment,
}

impl SenderReport<'_> {
    /// The report, every line ended by CRLF and none longer than 998 bytes; nothing that was said can become a field of its header.
    /// It is to go out with the null sender: no report is made about it (RFC 3464 section 2).
    ///
    /// # Errors
    /// An address that no header can hold.
    pub fn letter(&self) -> Result<Letter, String> {
        let to = Mailbox::parse(self.to).map_err(|why| format!("{}: {why}", self.to))?;
        let digest = sha2::Sha256::digest(format!("{}/report", self.message_id));
        let boundary: String = digest[..18].iter().map(|byte| format!("{byte:02x}")).collect();
        let mut whole = String::new();
        for line in [
            format!("From: Mail Delivery System <{}>", self.from.address()),
            format!("To: <{}>", to.address()),
            format!("Subject: {}", words::subject(self.fate, self.concerned)),
            format!("Date: {}", date(self.date)),
            format!("Message-ID: <{}>", self.message_id),
            "Auto-Submitted: auto-replied".to_owned(),
            "MIME-Version: 1.0".to_owned(),
            "Content-Type: multipart/report; report-type=delivery-status;".to_owned(),
            format!("\tboundary=\"{boundary}\""),
        ] {
            let _ = write!(whole, "{line}\r\n"); // to a string it cannot fail
        }
        if is_an_id(self.header_id) {
            let _ = write!(whole, "In-Reply-To: <{0}>\r\nReferences: <{0}>\r\n", self.header_id);
        }
        let mut whole = whole.into_bytes();
        let human = part("text/plain", words::text(self))?;
        let status = status::fields(self);
        let status = format!("Content-Type: message/delivery-status\r\n\r\n{status}").into_bytes();
        let mut parts = vec![human, status];
        if let Some(original) = self.original {
            let header = String::from_utf8_lossy(header_of(original)).into_owned();
            parts.push(part("text/rfc822-headers", header)?);
        }
        for part in parts {
            whole.extend_from_slice(format!("\r\n--{boundary}\r\n").as_bytes());
            whole.extend_from_slice(&part);
        }
        whole.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        Ok(Letter::of(whole))
    }
}

/// In 7 bits as it is, or in quoted-printable: any relay takes it.
fn part(kind: &str, text: String) -> Result<Vec<u8>, String> {
    if text.is_ascii() && text.lines().all(|line| line.len() <= 998) {
        let lines: String = text.lines().map(|line| format!("{line}\r\n")).collect();
        return Ok(format!("Content-Type: {kind}; charset=us-ascii\r\n\r\n{lines}").into_bytes());
    }
    let kind = ContentType::parse(&format!("{kind}; charset=utf-8")).map_err(|why| why.to_string())?;
    let body = Body::new_with_encoding(text, ContentTransferEncoding::QuotedPrintable);
    let body = body.map_err(|_| "a part of a report cannot be encoded".to_owned())?;
    Ok(SinglePart::builder().header(kind).body(body).formatted())
}

/// Up to the empty line, or the part of it that a report returns.
fn header_of(message: &[u8]) -> &[u8] {
    &message[..incoming::header_length(message).min(MOST_RETURNED)]
}

/// Bytes of the header that a report returns.
const MOST_RETURNED: usize = 128 << 10;

/// One that came in a header and may stand in another.
fn is_an_id(id: &str) -> bool {
    (3..=250).contains(&id.len())
        && id.contains('@')
        && id.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>'))
}

/// RFC 5322 section 3.3.
fn date(at: Moment) -> String {
    DateTime::<Utc>::from_timestamp_millis(at.0.max(0)).unwrap_or_default().to_rfc2822()
}
