//! The fields of a message's header set and removed, the rest of it left as it is byte for byte.

use crate::mail::compose::LONGEST_WORD;
use lettre::message::{
    Mailboxes,
    header::{self, HeaderName, HeaderValue, Headers},
};

/// `message` with these fields removed and, where there is a text, set anew at the end of its header (RFC 5322 section 2.2, RFC 2047).
///
/// # Errors
/// Which text no field can hold.
pub fn with_headers(message: &[u8], changes: &[(&str, Option<String>)]) -> Result<Vec<u8>, String> {
    if changes.is_empty() {
        return Ok(message.to_vec());
    }
    let mut changed = Vec::with_capacity(message.len() + 200);
    let mut rest = message;
    while let Some(field) = next_field(rest) {
        if !changes.iter().any(|(name, _)| is_named(field, name)) {
            changed.extend_from_slice(field);
        }
        rest = &rest[field.len()..];
    }
    for (name, text) in changes {
        if let Some(text) = text {
            changed.extend_from_slice(made(name, text)?.as_bytes());
        }
    }
    changed.extend_from_slice(rest);
    Ok(changed)
}

/// The first field with the lines that continue it; `None` where the header is over.
fn next_field(rest: &[u8]) -> Option<&[u8]> {
    if rest.is_empty() || rest.starts_with(b"\r\n") {
        return None;
    }
    let mut end = 0;
    loop {
        end += rest[end..].iter().position(|byte| *byte == b'\n').map_or(rest.len() - end, |at| at + 1);
        if !matches!(rest.get(end), Some(b' ' | b'\t')) {
            return Some(&rest[..end]);
        }
    }
}

fn is_named(field: &[u8], name: &str) -> bool {
    let end = field.iter().position(|byte| *byte == b':').unwrap_or(0);
    field[..end].trim_ascii_end().eq_ignore_ascii_case(name.as_bytes())
}

fn made(name: &str, text: &str) -> Result<String, String> {
    if text.chars().any(char::is_control) {
        return Err(format!("{name} has a control character in it"));
    }
    if text.split_ascii_whitespace().any(|word| word.is_ascii() && word.len() > LONGEST_WORD) {
        return Err(format!("{name} has a word of more than {LONGEST_WORD} bytes, and no line of a mail can hold it"));
    }
    let mut headers = Headers::new();
    if name.eq_ignore_ascii_case("from") {
        let mailboxes: Mailboxes = text.parse().map_err(|_| format!("{name}: `{text}` is no address"))?;
        headers.set(header::From::from(mailboxes));
    } else {
        let field =
            HeaderName::new_from_ascii(name.to_owned()).map_err(|_| format!("{name} is not a header's name"))?;
        headers.insert_raw(HeaderValue::new(field, text.to_owned()));
    }
    Ok(headers.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_set_and_removed_and_nothing_else_is_touched() {
        let message = b"Received: by a\r\n\tid 1\r\nx-Order : 1\r\n 2\r\nSubject: a  b\r\n\r\nX-Order: of the body\r\n";
        let changed = |changes: &[(&str, Option<&str>)]| {
            let changes: Vec<_> = changes.iter().map(|(name, text)| (*name, text.map(str::to_owned))).collect();
            with_headers(message, &changes).map(|bytes| String::from_utf8(bytes).unwrap())
        };
        let head = "Received: by a\r\n\tid 1\r\n";
        let tail = "\r\n\r\nX-Order: of the body\r\n";
        assert_eq!(changed(&[]).unwrap().as_bytes(), message);
        assert_eq!(changed(&[("X-Order", None)]).unwrap(), format!("{head}Subject: a  b{tail}"));
        let set = changed(&[("x-order", Some("7")), ("X-Tag", Some("Grüße"))]).unwrap();
        assert_eq!(set, format!("{head}Subject: a  b\r\nx-order: 7\r\nX-Tag: =?utf-8?b?R3LDvMOfZQ==?={tail}"));
        let from = changed(&[("From", Some("Grüße <ann@example.org>"))]).unwrap();
        assert!(from.contains("\r\nFrom: =?utf-8?b?R3LDvMOfZQ==?= <ann@example.org>\r\n"), "{from}");
        assert!(changed(&[("X-Tag", Some("a\r\nBcc: eve@evil.example"))]).is_err());
    }
}
