//! A message of ours from its parts (RFC 5322, 2045): headers that nothing can be smuggled into, lines that every relay takes.

use crate::{
    domain::{Letter, Moment},
    mail::{Mailbox, media_type::media_type},
};
use lettre::{
    Message,
    message::{
        Body, Mailbox as Lettre, MessageBuilder, MultiPart, SinglePart,
        header::{
            ContentDisposition, ContentId, ContentTransferEncoding, ContentType, HeaderName, HeaderValue,
            MIME_VERSION_1_0,
        },
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
    /// One of the two, or both: the same for readers that show HTML, and for others.
    pub text: Option<&'a str>,
    pub html: Option<&'a str>,
    /// More of them, by name; what stands in them is encoded (RFC 2047).
    pub headers: &'a [(String, String)],
    pub attachments: &'a [Attachment],
    /// Without brackets: the same at every try, so that a repeat is recognised.
    pub message_id: &'a str,
    pub date: Moment,
}

/// A file that goes with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Without its folders. What no name may have in it is shown as `_`.
    pub name: String,
    pub bytes: Vec<u8>,
    /// Its media type; `None`: what its name tells.
    pub kind: Option<String>,
    /// Shown within the HTML, which calls it `cid:` and this (RFC 2392).
    pub content_id: Option<String>,
}

impl Attachment {
    /// One that goes by its name.
    #[must_use]
    pub fn of(name: String, bytes: Vec<u8>) -> Self {
        Self { name, bytes, kind: None, content_id: None }
    }
}

/// Bytes: a header's lines are broken between words alone (RFC 5322 section 2.1.1).
pub(super) const LONGEST_WORD: usize = 900;

/// `text` with its words cut so short that a header takes them: a name that somebody else chose may be one long word.
#[must_use]
pub fn with_short_words(text: &str) -> String {
    let short = |word: &str| match word.char_indices().nth(SHORT_WORD) {
        Some((end, _)) => format!("{}…", &word[..end]),
        None => word.to_owned(),
    };
    text.split(' ').map(short).collect::<Vec<_>>().join(" ")
}

/// Characters, of up to four bytes each.
const SHORT_WORD: usize = 200;

/// The message, every line ended by CRLF and none longer than 998 bytes. It says that nobody wrote it by hand (RFC 3834), so that no
/// machine answers.
///
/// # Errors
/// What cannot be made a header of.
pub fn compose(draft: &Draft<'_>) -> Result<Letter, String> {
    for (name, value) in
        draft.headers.iter().map(|(name, value)| (&**name, &**value)).chain([("subject", draft.subject)])
    {
        if value.split_ascii_whitespace().any(|word| word.is_ascii() && word.len() > LONGEST_WORD) {
            return Err(format!(
                "{name} has a word of more than {LONGEST_WORD} bytes, and no line of a mail can hold it"
            ));
        }
    }
    let mailboxes = |all: &[Mailbox]| all.iter().map(|mailbox| mailbox.0.clone()).collect::<Vec<Lettre>>();
    let mut message = Message::builder()
        .from(draft.from.0.clone())
        .subject(draft.subject)
        .message_id(Some(format!("<{}>", draft.message_id)))
        .date(UNIX_EPOCH + Duration::from_millis(u64::try_from(draft.date.0).unwrap_or(0)))
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
        .header(MIME_VERSION_1_0);
    message = mailboxes(draft.to).into_iter().fold(message, lettre::message::MessageBuilder::to);
    message = mailboxes(draft.cc).into_iter().fold(message, lettre::message::MessageBuilder::cc);
    message = mailboxes(draft.reply_to).into_iter().fold(message, lettre::message::MessageBuilder::reply_to);
    for (name, value) in draft.headers {
        let name = HeaderName::new_from_ascii(name.clone()).map_err(|_| format!("{name} is not a header's name"))?;
        message = message.raw_header(HeaderValue::new(name, value.clone()));
    }
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
    let message = with_content(message, draft)?;
    let bytes = message.formatted();
    Ok(Letter::of(bytes))
}

enum Words {
    One(ContentType, String),
    Both(MultiPart),
}

/// The words alone, or what RFC 2046 makes of more: `alternative` text and HTML, `mixed` with attachments; what the HTML shows is
/// `related` to it (RFC 2387).
fn with_content(message: MessageBuilder, draft: &Draft<'_>) -> Result<Message, String> {
    let part = |kind, text| SinglePart::builder().header(kind).body(whole_lines(text));
    let (shown, attachments): (Vec<&Attachment>, Vec<&Attachment>) =
        draft.attachments.iter().partition(|attachment| attachment.content_id.is_some());
    let related = |html| -> Result<MultiPart, String> {
        let parts =
            MultiPart::related().boundary(boundary(draft, "shown")).singlepart(part(ContentType::TEXT_HTML, html));
        shown.iter().try_fold(parts, |parts, shown| Ok(parts.singlepart(attached(shown)?)))
    };
    let words = match (draft.text, draft.html) {
        (Some(text), Some(html)) => {
            let parts = MultiPart::alternative().boundary(boundary(draft, "words"));
            let parts = parts.singlepart(part(ContentType::TEXT_PLAIN, text));
            Words::Both(match &shown[..] {
                [] => parts.singlepart(part(ContentType::TEXT_HTML, html)),
                _ => parts.multipart(related(html)?),
            })
        }
        (None, Some(html)) if !shown.is_empty() => Words::Both(related(html)?),
        (None, Some(html)) => Words::One(ContentType::TEXT_HTML, whole_lines(html)),
        (text, None) => Words::One(ContentType::TEXT_PLAIN, whole_lines(text.unwrap_or_default())),
    };
    let made = match (words, &attachments[..]) {
        (Words::One(kind, text), []) => message.header(kind).body(text),
        (Words::Both(parts), []) => message.multipart(parts),
        (words, attachments) => {
            let parts = MultiPart::mixed().boundary(boundary(draft, "parts"));
            let parts = match words {
                Words::One(kind, text) => parts.singlepart(SinglePart::builder().header(kind).body(text)),
                Words::Both(both) => parts.multipart(both),
            };
            let attached = attachments.iter().map(|attachment| attached(attachment)).collect::<Result<Vec<_>, _>>()?;
            message.multipart(attached.into_iter().fold(parts, MultiPart::singlepart))
        }
    };
    made.map_err(|why| why.to_string())
}

/// Made from what only this message has, so that composing it again gives the same bytes, and nothing in it could know.
fn boundary(draft: &Draft<'_>, of: &str) -> String {
    let digest = sha2::Sha256::digest(format!("{}/{of}", draft.message_id));
    digest[..18].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// In base64, whatever it is: an attachment comes out byte for byte.
fn attached(attachment: &Attachment) -> Result<SinglePart, String> {
    let name: String = attachment.name.chars().map(|letter| if is_odd(letter) { '_' } else { letter }).collect();
    let kind = attachment.kind.as_deref().unwrap_or_else(|| media_type(&name));
    let kind = ContentType::parse(kind).map_err(|_| format!("{name}: `{kind}` is not a media type"))?;
    let body = Body::new_with_encoding(attachment.bytes.clone(), ContentTransferEncoding::Base64);
    let body = body.map_err(|_| format!("{name} cannot be attached"))?;
    Ok(match &attachment.content_id {
        None => SinglePart::builder().header(ContentDisposition::attachment(&name)).header(kind).body(body),
        Some(id) => SinglePart::builder()
            .header(ContentDisposition::inline_with_name(&name))
            .header(ContentId::from(format!("<{id}>")))
            .header(kind)
            .body(body),
    })
}

fn is_odd(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}' | '/' | '\\')
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

    #[test]
    fn words_that_no_header_takes_are_cut() {
        for word in ["x".repeat(1000), "\u{1f600}".repeat(1000)] {
            let subject = with_short_words(&format!("failed: {word}, and  more"));
            assert!(subject.starts_with("failed: ") && subject.ends_with("… and  more"), "{subject}");
            let _ = composed(&subject, "");
        }
        assert_eq!(with_short_words("as it was"), "as it was");
    }

    fn composed(subject: &str, text: &str) -> Vec<u8> {
        let parse = |text| Mailbox::parse(text).unwrap();
        let draft = Draft {
            from: &parse("\"Acme, Grüße\" <noreply@example.com>"),
            to: &[parse("Ann <ann@example.org>")],
            cc: &[parse("b@example.org")],
            reply_to: &[parse("sales@example.com")],
            subject,
            text: Some(text),
            html: None,
            headers: &[],
            attachments: &[],
            message_id: "0w3ge1r7.0@example.com",
            date: Moment(0),
        };
        compose(&draft).unwrap().bytes
    }

    fn whole(text: Option<&str>, html: Option<&str>, attachments: &[Attachment]) -> Vec<u8> {
        let from = Mailbox::parse("noreply@example.com").unwrap();
        let to = [Mailbox::parse("ann@example.org").unwrap()];
        let (cc, reply_to, headers, date, message_id) = (&[], &[], &[], Moment(0), "1.0@example.com");
        let draft = Draft {
            from: &from,
            to: &to,
            cc,
            reply_to,
            subject: "s",
            text,
            html,
            headers,
            attachments,
            message_id,
            date,
        };
        let bytes = compose(&draft).unwrap().bytes;
        assert_eq!(compose(&draft).unwrap().bytes, bytes, "made again it is the same");
        bytes
    }

    fn attachment(name: &str, bytes: &[u8]) -> Attachment {
        Attachment::of(name.to_owned(), bytes.to_vec())
    }

    /// The media types of a message, from the outside in.
    fn shape(message: &mail_parser::Message<'_>) -> Vec<String> {
        let kinds = message.parts.iter().map(|part| {
            use mail_parser::MimeHeaders;
            let kind = part.content_type().unwrap();
            format!("{}/{}", kind.ctype(), kind.subtype().unwrap())
        });
        kinds.collect()
    }

    #[test]
    fn text_html_and_attachments_come_out_as_they_went_in() {
        let pdf: Vec<u8> = (0..=255).cycle().take(5000).collect();
        let all = [attachment("invoice.pdf", &pdf), attachment("lines.txt", b"a\nb\r\nc\r\r\n.\n")];
        let text = Some("Grüße\n");
        for (text, html, attachments, kinds) in [
            (text, None, &all[..0], &["text/plain"][..]),
            (None, Some("<p>Grüße</p>"), &all[..0], &["text/html"]),
            (text, Some("<p>ä</p>"), &all[..0], &["multipart/alternative", "text/plain", "text/html"]),
            (text, None, &all[..], &["multipart/mixed", "text/plain", "application/pdf", "text/plain"]),
            (None, Some("<p>Grüße</p>"), &all[..1], &["multipart/mixed", "text/html", "application/pdf"]),
            (
                text,
                Some("<p>ä</p>"),
                &all[..1],
                &["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "application/pdf"],
            ),
        ] {
            let bytes = whole(text, html, attachments);
            let message = MessageParser::default().parse(&bytes).unwrap();
            assert!(is_sound(&bytes));
            assert_eq!(shape(&message), kinds);
            assert_eq!(message.body_text(0).unwrap().trim_end(), "Grüße");
            assert_eq!(html.is_some(), message.html_bodies().any(|part| part.is_text_html()));
            let read: Vec<_> = message.attachments().map(|part| part.contents().to_vec()).collect();
            assert_eq!(read, attachments.iter().map(|attachment| attachment.bytes.clone()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn names_of_attachments_are_shown_and_become_no_header() {
        use mail_parser::MimeHeaders;
        for (name, shown) in [
            ("a.pdf", "a.pdf"),
            ("Rechnung Müller № 7.pdf", "Rechnung Müller № 7.pdf"),
            ("日本語の長い名前".repeat(12).as_str(), "日本語の長い名前".repeat(12).as_str()),
            ("a\"b; filename=evil.exe", "a\"b; filename=evil.exe"),
            ("caf\u{fffd}.pdf", "caf\u{fffd}.pdf"),
            ("a\r\nBcc: x@y.z\r\n\r\nb", "a__Bcc: x@y.z____b"),
            ("a\0b\u{2028}c", "a_b_c"),
            ("../etc/passwd", ".._etc_passwd"),
        ] {
            let bytes = whole(Some("t"), None, &[attachment(name, b"1")]);
            assert!(is_sound(&bytes), "{}", String::from_utf8_lossy(&bytes));
            let message = MessageParser::default().parse(&bytes).unwrap();
            let read = message.attachments().next().unwrap();
            assert_eq!(read.attachment_name(), Some(shown), "{}", String::from_utf8_lossy(&bytes));
            assert!(message.bcc().is_none() && message.attachment_count() == 1);
            assert_eq!(read.contents(), b"1");
        }
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

    #[test]
    fn of_addresses_a_user_outside_ascii_alone_makes_headers_outside_ascii() {
        let from = Mailbox::parse("Grüße <a@bücher.example>").unwrap();
        for (to, is_ascii) in [("Jürgen <b@grün.example>", true), ("jürgen@grün.example", false)] {
            let to = [Mailbox::parse(to).unwrap()];
            let (cc, reply_to, headers, attachments) = (&[], &[], &[], &[]);
            let (subject, text, message_id, date) = ("Grüße", Some("Grüße\n"), "1.0@example.com", Moment(0));
            let draft = Draft {
                from: &from,
                to: &to,
                cc,
                reply_to,
                subject,
                text,
                html: None,
                headers,
                attachments,
                message_id,
                date,
            };
            let bytes = compose(&draft).unwrap().bytes;
            assert_eq!(bytes.is_ascii(), is_ascii, "{}", String::from_utf8_lossy(&bytes));
        }
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
        fn no_html_and_no_attachment_breaks_a_message(text: String, html: String, name: String, bytes: Vec<u8>) {
            let made = whole(Some(&text), Some(&html), &[attachment(&name, &bytes)]);
            prop_assert!(is_sound(&made), "{}", String::from_utf8_lossy(&made));
            let message = MessageParser::default().parse(&made).unwrap();
            prop_assert_eq!(message.parts.len(), 5);
            let attached = message.attachments().next().unwrap();
            prop_assert_eq!(attached.contents(), &bytes[..]);
        }

        #[test]
        fn every_message_has_whole_lines_of_a_bearable_length(subject: String, text: String) {
            let bytes = composed(&subject, &text);
            prop_assert!(is_sound(&bytes), "{}", String::from_utf8_lossy(&bytes));
        }
    }
}
