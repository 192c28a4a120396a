//! What is to be sent, and the commands that say so (RFC 5321 section 4.1.1): decided and checked before a byte goes out.

use crate::{domain::is_harmless, smtp::client::Capabilities};
use lettre::{
    Address,
    transport::smtp::{
        commands::{Data, Mail as MailCommand, Rcpt, Rset},
        extension::{MailBodyParameter, MailParameter, RcptParameter},
    },
};
use memchr::{memchr2_iter, memmem};
use std::borrow::Cow;

/// One message for some recipients, in one transaction.
#[derive(Debug, Clone, Copy)]
pub struct Mail<'a> {
    /// `None`: nobody, as notices have it (`<>`, RFC 5321 section 4.5.5).
    pub from: Option<&'a str>,
    pub recipients: &'a [Recipient<'a>],
    /// Header and body, lines ending in CRLF. One CRLF is added where the last line has none.
    pub message: &'a [u8],
    /// ENVID (RFC 3461 section 4.4): comes back in a delivery status. Left out where the server knows no DSN, or where it is not
    /// ASCII.
    pub envelope_id: Option<&'a str>,
    /// RET (RFC 3461 section 4.3), likewise.
    pub returning: Option<Returning>,
}

/// Who is to have it.
#[derive(Debug, Clone, Copy)]
pub struct Recipient<'a> {
    /// `user@domain`, without angle brackets.
    pub address: &'a str,
    /// Left out where the server knows no DSN.
    pub notify: Option<Notify>,
    /// ORCPT (RFC 3461 section 4.2): the address that this one stands for. Left out as an envelope's id is.
    pub original: Option<&'a str>,
}

/// NOTIFY (RFC 3461 section 4.1): when the relay is to tell the sender what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notify {
    Never,
    OfFailure,
    OfFailureAndDelay,
    OfEverything,
}

/// How much of the message comes back in a delivery status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returning {
    Headers,
    Whole,
}

/// The commands of one transaction up to DATA, and whom they leave out.
#[derive(Debug)]
pub(super) struct Envelope {
    pub lines: Vec<Line>,
    /// Places in [`Mail::recipients`], and why in our own words.
    pub refused: Vec<(usize, String)>,
}

#[derive(Debug)]
pub(super) struct Line {
    pub command: Command,
    /// With CRLF.
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    Reset,
    Mail,
    /// The place in [`Mail::recipients`].
    Recipient(usize),
    Data,
}

impl Command {
    /// As on the wire.
    pub(super) fn verb(self) -> &'static str {
        match self {
            Self::Reset => "RSET",
            Self::Mail => "MAIL",
            Self::Recipient(_) => "RCPT",
            Self::Data => "DATA",
        }
    }
}

impl Line {
    pub(super) fn reset() -> Self {
        Self { command: Command::Reset, text: Rset.to_string() }
    }
}

impl Envelope {
    /// # Errors
    /// Why this server can be sent this message for nobody.
    pub(super) fn of(mail: &Mail<'_>, server: &Capabilities) -> Result<Self, String> {
        if mail.recipients.is_empty() {
            return Err("nobody is to have the message".to_owned());
        }
        check_message(mail.message)?;
        let from = mail.from.map(|from| address(from, server)).transpose()?;
        let mut refused = Vec::new();
        let mut recipients = Vec::new();
        for (place, recipient) in mail.recipients.iter().enumerate() {
            match recipient_line(recipient, server) {
                Ok(text) => recipients.push(Line { command: Command::Recipient(place), text }),
                Err(why) => refused.push((place, why)),
            }
        }
        let is_ascii = mail.from.is_none_or(str::is_ascii) && recipients.iter().all(|line| line.text.is_ascii());
        let mut parameters = message_parameters(mail.message, server)?;
        let wide = header_outside_ascii(mail.message);
        if let Some(name) = wide.as_ref().filter(|_| !server.utf8) {
            return Err(format!("`{name}` of the message is not ASCII, and the server does not offer SMTPUTF8"));
        }
        if !is_ascii || wide.is_some() {
            parameters.push(MailParameter::SmtpUtfEight);
        }
        parameters.extend(status_parameters(mail, server));
        let text = MailCommand::new(from, parameters).to_string();
        let mut lines = vec![Line { command: Command::Mail, text }];
        lines.append(&mut recipients);
        lines.push(Line { command: Command::Data, text: Data.to_string() });
        Ok(Self { lines, refused })
    }
}

/// A stray CR or LF could end the message early on the other side, and begin another one there (CVE-2023-51764 and its kin).
fn check_message(message: &[u8]) -> Result<(), String> {
    if message.is_empty() {
        return Err("the message is empty".to_owned());
    }
    let mut ends = memchr2_iter(b'\r', b'\n', message);
    while let Some(place) = ends.next() {
        if message[place] != b'\r' || ends.next() != Some(place + 1) || message[place + 1] != b'\n' {
            return Err("a line of the message ends in CR or LF alone".to_owned());
        }
    }
    Ok(())
}

/// The name of the first header that is not ASCII: such a message needs SMTPUTF8, whoever is to have it (RFC 6531 section 3.4, RFC 6532).
fn header_outside_ascii(message: &[u8]) -> Option<Cow<'_, str>> {
    let headers = &message[..memmem::find(message, b"\r\n\r\n").unwrap_or(message.len())];
    let wide = headers.iter().position(|byte| !byte.is_ascii())?;
    let is_first = |line: &&[u8]| !line.starts_with(b" ") && !line.starts_with(b"\t");
    let line = headers[..wide].split(|byte| *byte == b'\n').rfind(is_first)?;
    line.split(|byte| *byte == b':').next().map(String::from_utf8_lossy)
}

fn message_parameters(message: &[u8], server: &Capabilities) -> Result<Vec<MailParameter>, String> {
    let mut parameters = Vec::new();
    if let Some(most) = server.size {
        let size = message.len() + if message.ends_with(b"\r\n") { 0 } else { 2 };
        if most > 0 && size as u64 > most {
            return Err(format!("the message has {size} bytes, and the server takes {most}"));
        }
        parameters.push(MailParameter::Size(size));
    }
    if !message.is_ascii() {
        if !server.eight_bit {
            return Err("the message has bytes outside ASCII, and the server does not offer 8BITMIME".to_owned());
        }
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    Ok(parameters)
}

/// What is asked of a delivery status, where the server knows of such.
fn status_parameters(mail: &Mail<'_>, server: &Capabilities) -> Vec<MailParameter> {
    let returning = mail.returning.map(|returning| match returning {
        Returning::Headers => "HDRS",
        Returning::Whole => "FULL",
    });
    let all = [("RET", returning), ("ENVID", mail.envelope_id.filter(|id| is_printable(id)))];
    let asked = all.into_iter().filter(|_| server.dsn).filter_map(|(keyword, value)| Some((keyword, value?)));
    asked.map(|(keyword, value)| MailParameter::Other { keyword: keyword.into(), value: Some(value.into()) }).collect()
}

fn recipient_line(recipient: &Recipient<'_>, server: &Capabilities) -> Result<String, String> {
    let address = address(recipient.address, server)?;
    let notify = recipient.notify.map(|notify| match notify {
        Notify::Never => "NEVER".to_owned(),
        Notify::OfFailure => "FAILURE".to_owned(),
        Notify::OfFailureAndDelay => "FAILURE,DELAY".to_owned(),
        Notify::OfEverything => "SUCCESS,FAILURE,DELAY".to_owned(),
    });
    let original = recipient.original.filter(|original| is_printable(original));
    let all = [("NOTIFY", notify), ("ORCPT", original.map(|original| format!("rfc822;{original}")))];
    let asked = all.into_iter().filter(|_| server.dsn).filter_map(|(keyword, value)| Some((keyword, value?)));
    let parameters = asked.map(|(keyword, value)| RcptParameter::Other { keyword: keyword.into(), value: Some(value) });
    Ok(Rcpt::new(address, parameters.collect()).to_string())
}

/// An address that goes into a command as it is, where the server can take it.
fn address(text: &str, server: &Capabilities) -> Result<Address, String> {
    // lettre takes every letter outside ASCII, and some of them end a line for somebody.
    let parsed = text.parse::<Address>().ok().filter(|_| text.chars().all(is_harmless));
    let address = parsed.ok_or_else(|| format!("{text:?} is not an address"))?;
    if !text.is_ascii() && !server.utf8 {
        return Err(format!("{text} is not ASCII, and the server does not offer SMTPUTF8"));
    }
    Ok(address)
}

/// What lettre can write as xtext (RFC 3461 section 4).
fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn everything() -> Capabilities {
        Capabilities { size: Some(100), eight_bit: true, utf8: true, dsn: true, ..Capabilities::default() }
    }

    fn to(address: &str) -> Recipient<'_> {
        Recipient { address, notify: None, original: None }
    }

    fn mail<'a>(recipients: &'a [Recipient<'a>]) -> Mail<'a> {
        let message = b"Subject: x\r\n\r\nHello\r\n";
        Mail { from: Some("me@here.example"), recipients, message, envelope_id: None, returning: None }
    }

    fn text(envelope: &Envelope) -> String {
        envelope.lines.iter().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn a_plain_server_is_told_nothing_it_did_not_offer() {
        let recipients =
            [Recipient { notify: Some(Notify::Never), original: Some("x@y.example"), ..to("you@there.example") }];
        let mail = Mail { envelope_id: Some("id"), returning: Some(Returning::Whole), ..mail(&recipients) };
        let envelope = Envelope::of(&mail, &Capabilities::default()).unwrap();
        assert_eq!(text(&envelope), "MAIL FROM:<me@here.example>\r\nRCPT TO:<you@there.example>\r\nDATA\r\n");
    }

    #[test]
    fn what_is_offered_and_asked_for_is_told() {
        let recipients = [
            Recipient {
                notify: Some(Notify::OfFailureAndDelay),
                original: Some("a+b@y.example"),
                ..to("you@there.example")
            },
            Recipient {
                notify: Some(Notify::OfEverything),
                original: Some("gr\u{fc}n@y.example"),
                ..to("gr\u{fc}n@there.example")
            },
        ];
        let message = "Subject: \u{fc}\r\n\r\nno end".as_bytes();
        let mail =
            Mail { message, envelope_id: Some("job+1=x"), returning: Some(Returning::Headers), ..mail(&recipients) };
        let envelope = Envelope::of(&mail, &everything()).unwrap();
        assert_eq!(
            text(&envelope),
            "MAIL FROM:<me@here.example> SIZE=23 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=job+2B1+3Dx\r\n\
             RCPT TO:<you@there.example> NOTIFY=FAILURE,DELAY ORCPT=rfc822;a+2Bb@y.example\r\n\
             RCPT TO:<gr\u{fc}n@there.example> NOTIFY=SUCCESS,FAILURE,DELAY\r\nDATA\r\n"
        );
    }

    #[test]
    fn nobody_has_the_null_sender() {
        let recipients = [to("you@there.example")];
        let mail = Mail { from: None, ..mail(&recipients) };
        assert!(text(&Envelope::of(&mail, &Capabilities::default()).unwrap()).starts_with("MAIL FROM:<>\r\n"));
    }

    #[test]
    fn what_this_server_cannot_take_is_refused_before_it_is_sent() {
        let recipients = [to("you@there.example")];
        let stray = "a line of the message ends in CR or LF alone";
        let large = "x".repeat(99);
        for (message, why) in [
            ("", "the message is empty"),
            ("a\nb\r\n", stray),
            ("a\rb\r\n", stray),
            ("a\r\n.\n", stray),
            ("a\r\n.\r", stray),
            ("a\r\r\n", stray),
            ("\n", stray),
            (&large, "the message has 101 bytes, and the server takes 100"),
            ("\u{fc}\r\n", "the message has bytes outside ASCII, and the server does not offer 8BITMIME"),
        ] {
            let mail = Mail { message: message.as_bytes(), ..mail(&recipients) };
            let server = Capabilities { eight_bit: false, ..everything() };
            assert_eq!(Envelope::of(&mail, &server).unwrap_err(), why, "{message:?}");
        }
        let narrow = Capabilities { utf8: false, ..everything() };
        for (message, name) in [
            ("Subject: x\r\nTo: gr\u{fc}n@c.example\r\n\r\nHello\r\n", "To"),
            ("From: a@b\r\nCc: c@d,\r\n gr\u{fc}n@c.example\r\nX: y\r\n\r\n", "Cc"),
            ("Subject: gr\u{fc}n", "Subject"),
        ] {
            let mail = Mail { message: message.as_bytes(), ..mail(&recipients) };
            let why = format!("`{name}` of the message is not ASCII, and the server does not offer SMTPUTF8");
            assert_eq!(Envelope::of(&mail, &narrow).unwrap_err(), why);
            let said = text(&Envelope::of(&mail, &everything()).unwrap());
            assert!(said.contains(" SMTPUTF8\r\nRCPT TO:<you@there.example>\r\n"), "{said}");
        }
        let message = "Subject: x\r\n\r\ngr\u{fc}n\r\n".as_bytes();
        let said = text(&Envelope::of(&Mail { message, ..mail(&recipients) }, &narrow).unwrap());
        assert!(!said.contains("SMTPUTF8"), "a body needs none: {said}");
        let mail = Mail { from: Some("gr\u{fc}n@here.example"), ..mail(&recipients) };
        let why = Envelope::of(&mail, &Capabilities { utf8: false, ..everything() }).unwrap_err();
        assert_eq!(why, "gr\u{fc}n@here.example is not ASCII, and the server does not offer SMTPUTF8");
    }

    #[test]
    fn an_address_is_an_address_or_is_left_out() {
        let good = [
            "a@b",
            "a.b+c@d.example",
            "\"a b\"@c.example",
            "\"<>\"@c.example",
            "a@[127.0.0.1]",
            "-x@y.example",
            "gr\u{fc}n@c.example",
        ];
        let bad = [
            "",
            "a",
            "@b",
            "a@",
            "a b@c",
            "a@b>\r\nRCPT TO:<x@y",
            "a@b\r\n",
            "\"a\r\nb\"@c",
            "\"a\0b\"@c",
            "<a@b>",
            "a@b,c@d",
            "a\u{85}b@c",
            "a\u{2028}b@c",
        ];
        let recipients: Vec<_> = good.iter().chain(&bad).map(|address| to(address)).collect();
        let envelope = Envelope::of(&mail(&recipients), &everything()).unwrap();
        let places: Vec<_> = envelope.refused.iter().map(|(place, _)| *place).collect();
        assert_eq!(places, (good.len()..recipients.len()).collect::<Vec<_>>());
        assert_eq!(text(&envelope).matches("\r\n").count(), good.len() + 2);
        assert_eq!(envelope.refused[5].1, "\"a@b>\\r\\nRCPT TO:<x@y\" is not an address");
    }
}
