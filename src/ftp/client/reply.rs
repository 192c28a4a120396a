//! A server's answer (RFC 959 section 4.2): three digits that decide, and words for people.

use crate::config::Secret;
use std::fmt;

/// One reply, all its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The digits of its last line; 0 when they are not digits.
    pub code: u16,
    /// The lines as they came, without their ends; bytes that are not UTF-8 replaced.
    text: String,
}

/// The most of a server's words that we keep and pass on.
const MOST_SAID: usize = 400;

impl Reply {
    /// From the bytes of all its lines.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes).trim_end().replace("\r\n", "\n");
        let digits = text.lines().last().and_then(|line| line.get(..3));
        let code = digits.and_then(|digits| digits.parse().ok()).unwrap_or(0);
        Self { code, text }
    }

    /// 200 to 299.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.code / 100 == 2
    }

    /// 500, 501, 502, 504, 202: the server does not know the command, or not with such an argument.
    #[must_use]
    pub fn is_not_known(&self) -> bool {
        matches!(self.code, 202 | 500 | 501 | 502 | 504)
    }

    /// The lines between the first and the last.
    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        let count = self.text.lines().count();
        self.text.lines().skip(1).take(count.saturating_sub(2))
    }

    /// What follows the digits of the last line.
    pub(super) fn words(&self) -> &str {
        self.text.lines().last().and_then(|line| line.get(4..)).unwrap_or_default().trim()
    }

    /// Without `secret`, which some servers repeat. One of under four bytes is no secret, and would hide half of the words.
    #[must_use]
    pub(super) fn hiding(mut self, secret: &Secret) -> Self {
        self.text = hide(self.text, secret);
        self
    }

    /// With more words of ours at the end.
    #[must_use]
    pub fn and(mut self, words: &str) -> Self {
        self.text = format!("{} {words}", self.text.trim_end());
        self
    }

    /// All of it in lower case, to look for words in.
    #[must_use]
    pub fn lowercase(&self) -> String {
        self.text.to_lowercase()
    }
}

/// `text` without `secret`.
pub(super) fn hide(text: String, secret: &Secret) -> String {
    if secret.reveal().len() < 4 || !text.contains(secret.reveal()) {
        return text;
    }
    text.replace(secret.reveal(), "*******")
}

/// One line: the digits once, then the words of every line. Not escaped.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = format!("{:03}", self.code);
        for line in self.text.lines() {
            let is_coded = line.len() >= 3 && line.as_bytes()[..3].iter().all(u8::is_ascii_digit);
            let words = if is_coded { line.get(4..).unwrap_or_default() } else { line };
            if !words.trim().is_empty() {
                said.push(' ');
                said.push_str(words.trim());
            }
        }
        if said.len() > MOST_SAID {
            said.truncate(said.floor_char_boundary(MOST_SAID));
            said.push('…');
        }
        f.write_str(&said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_decides() {
        for (bytes, code, shown) in [
            (&b"226 Done.\r\n"[..], 226, "226 Done."),
            (b"522 session reuse required\r\n", 522, "522 session reuse required"),
            (b"230-Welcome\r\n230-to us\r\n230 ok\r\n", 230, "230 Welcome to us ok"),
            (b"211-Features:\r\n MDTM\r\n SIZE\r\n211 End\r\n", 211, "211 Features: MDTM SIZE End"),
            (b"550 caf\xe9\r\n", 550, "550 caf\u{fffd}"),
            (b"250\r\n", 250, "250"),
            (b"\r\n", 0, "000"),
        ] {
            let reply = Reply::new(bytes);
            assert_eq!((reply.code, reply.to_string().as_str()), (code, shown));
        }
    }

    #[test]
    fn a_server_that_talks_much_is_cut_short() {
        let reply = Reply::new(&[b"550 ".to_vec(), "ä".repeat(9000).into_bytes()].concat());
        assert!(reply.to_string().len() < 500);
    }
}
