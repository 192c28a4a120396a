//! A server's answer (RFC 5321 section 4.2): three digits that decide, a code that explains (RFC 3463), and words for people.

use crate::config::Secret;
use std::{collections::HashSet, fmt};

/// One reply, all its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The digits of its last line; 0 when they are not digits.
    pub code: u16,
    /// `None` where there is none, or one of another class than the digits.
    pub enhanced: Option<Enhanced>,
    /// What follows the digits in each line; bytes that are not UTF-8 replaced.
    lines: Vec<String>,
}

/// `5.1.1`: class, subject and detail (RFC 3463 section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enhanced(pub u16, pub u16, pub u16);

/// More than a server has ever had to say at once.
pub(super) const MOST_BYTES: usize = 16 * 1024;
/// The most of a server's words that we keep and pass on, in bytes.
const MOST_SAID: usize = 400;

impl Reply {
    /// From the bytes of all its lines.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_end();
        let last = text.lines().last().and_then(|line| digits(line.as_bytes()));
        let code =
            last.map_or(0, |(digits, _)| digits.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0')));
        let words = |line: &str| match digits(line.as_bytes()) {
            Some(_) => line.get(4..).unwrap_or_default().to_owned(),
            None => line.to_owned(),
        };
        let lines: Vec<String> = text.lines().map(words).collect();
        let first_word = lines.first().and_then(|line| line.split_whitespace().next());
        let enhanced = first_word.and_then(Enhanced::parse).filter(|enhanced| enhanced.0 == code / 100);
        Self { code, enhanced, lines }
    }

    /// What follows the digits in the lines after the first.
    pub(super) fn further_lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().skip(1).map(String::as_str)
    }

    /// Without these secrets, which some servers repeat.
    #[must_use]
    pub(super) fn hiding(mut self, secrets: &[Secret]) -> Self {
        self.lines = self.lines.into_iter().map(|line| hide(line, secrets)).collect();
        self
    }

    /// Without any word that has a part of these secrets: whoever repeats a login may cut it, break it or change its case.
    #[must_use]
    pub(super) fn hiding_parts(mut self, secrets: &[Secret]) -> Self {
        self.lines = self.lines.into_iter().map(|line| hide_parts(&line, secrets)).collect();
        self
    }

    /// All its words in lower case, to look for some in.
    #[must_use]
    pub fn lowercase(&self) -> String {
        self.lines.join(" ").to_lowercase()
    }
}

impl Enhanced {
    fn parse(word: &str) -> Option<Self> {
        let number = |part: &str| (part.len() <= 3).then(|| part.parse().ok()).flatten();
        let mut parts = word.split('.').map(number);
        let code = Self(parts.next()??, parts.next()??, parts.next()??);
        parts.next().is_none().then_some(code)
    }
}

impl fmt::Display for Enhanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// One line: each code once, then the words of every line. Not escaped.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.enhanced.map(|enhanced| enhanced.to_string());
        let mut said = format!("{:03}", self.code);
        for (number, line) in self.lines.iter().enumerate() {
            let words = line.trim();
            let repeated = code.as_ref().filter(|_| number > 0);
            let words = repeated.and_then(|code| words.strip_prefix(code.as_str())).unwrap_or(words).trim();
            if !words.is_empty() {
                said.push(' ');
                said.push_str(words);
            }
        }
        f.write_str(&shortened(said))
    }
}

/// The three digits that a line of a reply begins with, and whether another line follows; `None` where it is no such line.
pub(super) fn digits(line: &[u8]) -> Option<(&[u8], Follows)> {
    let (digits, rest) = line.split_at_checked(3).filter(|(digits, _)| digits.iter().all(u8::is_ascii_digit))?;
    match rest.first() {
        Some(b'-') => Some((digits, Follows::Line)),
        None | Some(b' ' | b'\r' | b'\n') => Some((digits, Follows::Nothing)),
        Some(_) => None,
    }
}

/// What comes after a line of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Follows {
    Line,
    Nothing,
}

/// Whether a reply ends with this line. One without digits ends it, too: more will not make it a reply.
pub(super) fn is_last(line: &[u8]) -> bool {
    digits(line).is_none_or(|(_, follows)| follows == Follows::Nothing)
}

/// Where the first reply ends.
pub(super) fn end_of_reply(bytes: &[u8]) -> Option<usize> {
    let mut end = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        end += line.len();
        if line.ends_with(b"\n") && is_last(line) {
            return Some(end);
        }
    }
    None
}

/// `text` without these secrets. One of under four bytes is no secret, and would hide half of the words.
pub(super) fn hide(mut text: String, secrets: &[Secret]) -> String {
    for secret in secrets.iter().map(Secret::reveal).filter(|secret| secret.len() >= 4) {
        text = text.replace(secret, "*******");
    }
    text
}

/// `text` without the words that share so many characters with a secret.
pub(super) fn hide_parts(text: &str, secrets: &[Secret]) -> String {
    const SHARED: usize = 6;
    let lower = |text: &str| text.to_ascii_lowercase().into_bytes();
    let secrets: Vec<Vec<u8>> = secrets.iter().map(|secret| lower(secret.reveal())).collect();
    let parts: HashSet<&[u8]> = secrets.iter().flat_map(|secret| secret.windows(SHARED)).collect();
    let hidden = text.split_inclusive(char::is_whitespace).map(|word| {
        let bare = word.trim_end();
        match lower(bare).windows(SHARED).any(|part| parts.contains(part)) {
            true => format!("*******{}", &word[bare.len()..]),
            false => word.to_owned(),
        }
    });
    hidden.collect()
}

/// `text`, as much of it as anyone reads.
pub(super) fn shortened(mut text: String) -> String {
    if text.len() > MOST_SAID {
        text.truncate(text.floor_char_boundary(MOST_SAID));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_decide_and_each_code_is_shown_once() {
        for (bytes, code, enhanced, shown) in [
            (&b"250 2.0.0 Ok: queued as 4F\r\n"[..], 250, Some((2, 0, 0)), "250 2.0.0 Ok: queued as 4F"),
            (b"250\r\n", 250, None, "250"),
            (b"220 mx.example ESMTP\n", 220, None, "220 mx.example ESMTP"),
            (
                b"550-5.7.26 no DMARC\r\n550-5.7.26 for you,\r\n550 5.7.26 see x\r\n",
                550,
                Some((5, 7, 26)),
                "550 5.7.26 no DMARC for you, see x",
            ),
            (b"250 5.1.1 contradicts itself\r\n", 250, None, "250 5.1.1 contradicts itself"),
            (b"550 5.1 short\r\n", 550, None, "550 5.1 short"),
            (b"550 5.1.1.1 long\r\n", 550, None, "550 5.1.1.1 long"),
            (b"550 5.1.9999 large\r\n", 550, None, "550 5.1.9999 large"),
            (b"550 caf\xe9\r\n", 550, None, "550 caf\u{fffd}"),
            (b"SSH-2.0-OpenSSH_9.2\r\n", 0, None, "000 SSH-2.0-OpenSSH_9.2"),
            (b"2500 Ok\r\n", 0, None, "000 2500 Ok"),
            (b"\r\n", 0, None, "000"),
        ] {
            let reply = Reply::new(bytes);
            let enhanced = enhanced.map(|(class, subject, detail)| Enhanced(class, subject, detail));
            assert_eq!((reply.code, reply.enhanced, reply.to_string().as_str()), (code, enhanced, shown));
        }
    }

    #[test]
    fn a_server_that_talks_much_is_cut_short() {
        let reply = Reply::new(&[b"550 ".to_vec(), "ä".repeat(9000).into_bytes()].concat());
        assert!(reply.to_string().len() < 500);
    }

    #[test]
    fn a_secret_that_is_repeated_is_hidden() {
        let secrets = [Secret::new("b0at"), Secret::new("AGJvYXQ="), Secret::new("ok")];
        let reply = Reply::new(b"500-b0at?\r\n500 What is AUTH PLAIN AGJvYXQ= ok\r\n").hiding(&secrets);
        assert_eq!(reply.to_string(), "500 *******? What is AUTH PLAIN ******* ok");
    }

    #[test]
    fn a_login_that_is_repeated_in_part_is_hidden() {
        let secrets = [Secret::new("b0at-and-more"), Secret::new("AHBhY2tldABiMGF0LWFuZC1tb3Jl")];
        for (said, shown) in [
            (
                "500 unrecognized: \"AUTH PLAIN AHBhY2tldABiMGF0LWFuZC1tb3...\"",
                "500 unrecognized: \"AUTH PLAIN *******",
            ),
            ("500-AUTH PLAIN AHBhY2tldABi\r\n500 MGF0LWFuZC1tb3Jl ?", "500 AUTH PLAIN ******* ******* ?"),
            ("500 auth plain ahbhy2tldabimgf0lwfuzc1tb3jl", "500 auth plain *******"),
            ("535 5.7.8 no b0at-and for you", "535 5.7.8 no ******* for you"),
            (
                "535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6",
                "535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6",
            ),
        ] {
            assert_eq!(Reply::new(said.as_bytes()).hiding_parts(&secrets).to_string(), shown);
        }
    }

    #[test]
    fn a_reply_ends_with_the_line_that_says_so() {
        for (bytes, end) in [
            (&b""[..], None),
            (b"220 hel", None),
            (b"220 hello\r\n", Some(11)),
            (b"220\r\n", Some(5)),
            (b"220-hello\r\n", None),
            (b"220-\r\n", None),
            (b"220-hello\r\n220 now\r\n", Some(20)),
            (b"220 ready\r\n250 injected\r\n", Some(11)),
            (b"SSH-2.0-OpenSSH\r\n", Some(17)),
        ] {
            assert_eq!(end_of_reply(bytes), end, "{}", bytes.escape_ascii());
        }
    }
}
