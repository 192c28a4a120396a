//! Lines as programs end them, and as RFC 5321 section 2.3.8 wants them ended.

use super::{LONGEST_LINE, NotAMessage};
use memchr::{memchr, memchr3_iter};
use std::borrow::Cow;

/// What ends a line where the bytes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    /// Files and pipes: LF or CRLF. A CR alone is a space in the header and ends a line in the body, where progress bars have them; a
    /// NUL is a space.
    Unix,
    /// SMTP: CRLF and nothing else, and no NUL. Who would read a lone LF as the end of a line may see another message than the next
    /// one does (CVE-2023-51764 and its kin).
    Strict,
}

/// # Errors
/// The first line with a CR or LF alone, or with a NUL; lines are counted from 1.
pub(super) fn check_ends(bytes: &[u8]) -> Result<(), NotAMessage> {
    let (mut line, mut places) = (1, memchr3_iter(b'\r', b'\n', 0, bytes));
    while let Some(place) = places.next() {
        if bytes[place] == 0 {
            return Err(NotAMessage::Nul(line));
        }
        if bytes[place] != b'\r' || places.next() != Some(place + 1) || bytes[place + 1] != b'\n' {
            return Err(NotAMessage::StrayLineEnd(line));
        }
        line += 1;
    }
    Ok(())
}

/// The first line without its end, and what follows it. CRs before an LF belong to the end.
pub(super) fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (mut line, rest) = match memchr(b'\n', bytes) {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (bytes, &bytes[bytes.len()..]),
    };
    while let [shorter @ .., b'\r'] = line {
        line = shorter;
    }
    (line, rest)
}

/// With a space in the place of each byte of `stray`.
pub(super) fn with_spaces<'a>(line: &'a [u8], stray: &[u8]) -> Cow<'a, [u8]> {
    if !line.iter().any(|byte| stray.contains(byte)) {
        return Cow::Borrowed(line);
    }
    Cow::Owned(line.iter().map(|byte| if stray.contains(byte) { b' ' } else { *byte }).collect())
}

/// The body's lines, none too long: one that is goes on in the next, behind a space, as Postfix's client does it
/// (`smtp_line_length_limit`).
pub(super) fn push_body(whole: &mut Vec<u8>, body: &[u8]) {
    let mut rest = body;
    while !rest.is_empty() {
        let (line, after) = split_line(rest);
        for line in line.split(|byte| *byte == b'\r') {
            push_broken(whole, &with_spaces(line, b"\0"));
        }
        rest = after;
    }
}

fn push_broken(whole: &mut Vec<u8>, line: &[u8]) {
    let (mut rest, mut room) = (line, LONGEST_LINE);
    while rest.len() > room {
        let (first, after) = rest.split_at(before_letter(rest, room));
        whole.extend_from_slice(first);
        whole.extend_from_slice(b"\r\n ");
        (rest, room) = (after, LONGEST_LINE - 1);
    }
    whole.extend_from_slice(rest);
    whole.extend_from_slice(b"\r\n");
}

/// `place`, or a little before it where a letter of UTF-8 would be cut in two.
fn before_letter(line: &[u8], place: usize) -> usize {
    let is_inside = |place: usize| line[place] & 0b1100_0000 == 0b1000_0000;
    (place - 3..=place).rev().find(|place| !is_inside(*place)).unwrap_or(place)
}
