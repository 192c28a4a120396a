//! A message of ours from its parts (RFC 5322, 2045): headers that nothing can be smuggled into, lines that every relay takes.

use crate::{
    domain::{Letter, Moment, Sha256},
    mail::Mailbox,
};
use lettre::{
    Message,
    message::{
        Mailbox as Lettre,
        header::{ContentType, HeaderName, HeaderValue, MIME_VERSION_1_0},
    },
};
use sha2::Digest;
use std::time::{Duration, UNIX_EPOCH};

/// What a message is made of.
#[derive(Debug, Clone)]
pub struct Draft<'a> {
    pub from: &'a Mailbox,
    pub to: &'a [Mailbox],
    pub cc: &'a [Mailbox],
    pub reply_to: &'a [Mailbox],
    pub subject: &'a str,
    pub text: &'a str,
    /// Without brackets: the same at every try, so that a repeat is recognised.
    pub message_id: &'a str,
    pub date: Moment,
}

/// The message, every line ended by CRLF and none longer than 998 bytes. It says that nobody wrote it by hand (RFC 3834), so that no
/// machine answers.
///
/// # Errors
/// What cannot be made a header of.
pub fn compose(draft: &Draft<'_>) -> Result<Letter, String> {
    let mailboxes = |all: &[Mailbox]| all.iter().map(|mailbox| mailbox.0.clone()).collect::<Vec<Lettre>>();
    let mut message = Message::builder()
        .from(draft.from.0.clone())
        .subject(draft.subject)
        .message_id(Some(format!("<{}>", draft.message_id)))
        .date(UNIX_EPOCH + Duration::from_millis(u64::try_from(draft.date.0).unwrap_or(0)))
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
        .header(MIME_VERSION_1_0)
        .header(ContentType::TEXT_PLAIN);
    message = mailboxes(draft.to).into_iter().fold(message, lettre::message::MessageBuilder::to);
    message = mailboxes(draft.cc).into_iter().fold(message, lettre::message::MessageBuilder::cc);
    message = mailboxes(draft.reply_to).into_iter().fold(message, lettre::message::MessageBuilder::reply_to);
    if draft.to.is_empty() && draft.cc.is_empty() {
        // only hidden recipients: the envelope has them
        let undisclosed = HeaderValue::dangerous_new_pre_encoded(
            HeaderName::new_from_ascii_str("To"),
            "undisclosed-recipients:;".to_owned(),
            "undisclosed-recipients:;".to_owned(),
        );
        message = message.raw_header(undisclosed);
        let sender = draft.from.0.email.clone();
        let envelope =
            lettre::address::Envelope::new(Some(sender.clone()), vec![sender]).map_err(|why| why.to_string())?;
        message = message.envelope(envelope);
    }
    let message = message.body(whole_lines(draft.text)).map_err(|why| why.to_string())?;
    let bytes = message.formatted();
    Ok(Letter { sha256: Sha256(sha2::Sha256::digest(&bytes).into()), bytes })
}

/// The text with one kind of line end, which lettre makes CRLF, and one at its end.
fn whole_lines(text: &str) -> String {
    let mut text = text.replace("\r\n", "\n").replace('\r', "\n");
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail_parser::MessageParser;
    use proptest::prelude::*;

    fn composed(subject: &str, text: &str) -> Vec<u8> {
        let parse = |text| Mailbox::parse(text).unwrap();
        let draft = Draft {
            from: &parse("\"Acme, Grüße\" <noreply@example.com>"),
            to: &[parse("Ann <ann@example.org>")],
            cc: &[parse("b@example.org")],
            reply_to: &[parse("sales@example.com")],
            subject,
            text,
            message_id: "0w3ge1r7.0@example.com",
            date: Moment(0),
        };
        compose(&draft).unwrap().bytes
    }

    #[test]
    fn what_went_in_comes_out_at_a_reader_of_mail() {
        let bytes = composed("Grüße, order 7", "Zeile eins ä\nline two\n.\n..\n");
        let message = MessageParser::default().parse(&bytes).unwrap();
        assert_eq!(message.subject(), Some("Grüße, order 7"));
        assert_eq!(message.message_id(), Some("0w3ge1r7.0@example.com"));
        assert_eq!(message.body_text(0).unwrap().replace("\r\n", "\n").trim_end(), "Zeile eins ä\nline two\n.\n..");
        assert_eq!(message.from().unwrap().first().unwrap().name(), Some("Acme, Grüße"));
        assert_eq!(message.header_raw("Auto-Submitted").map(str::trim), Some("auto-generated"));
        assert_eq!(message.header_raw("MIME-Version").map(str::trim), Some("1.0"));
        assert!(message.date().is_some() && message.reply_to().is_some() && message.cc().is_some());
    }

    fn is_sound(bytes: &[u8]) -> bool {
        let text = String::from_utf8_lossy(bytes).replace("\r\n", "\u{1}");
        !text.contains(['\r', '\n']) && text.split('\u{1}').all(|line| line.len() <= 998)
    }

    #[test]
    fn no_value_becomes_a_header() {
        for subject in
            ["a\r\nBcc: x@y.z", "a\nBcc: x@y.z", "a\rBcc: x@y.z", "a\u{2028}Bcc: x@y.z", "a\0b", &"long ".repeat(999)]
        {
            let bytes = composed(subject, "text");
            let message = MessageParser::default().parse(&bytes).unwrap();
            assert!(message.bcc().is_none() && is_sound(&bytes), "{subject:?}: {}", String::from_utf8_lossy(&bytes));
            let usual = composed("a", "text");
            let usual = MessageParser::default().parse(&usual).unwrap();
            assert_eq!(message.headers().len(), usual.headers().len());
        }
    }

    proptest! {
        #[test]
        fn every_message_has_whole_lines_of_a_bearable_length(subject: String, text: String) {
            let bytes = composed(&subject, &text);
            prop_assert!(is_sound(&bytes), "{}", String::from_utf8_lossy(&bytes));
        }
    }
}
