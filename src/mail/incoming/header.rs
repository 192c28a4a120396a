//! A header's fields (RFC 5322 section 2.2), and where the header ends.

use super::{
    LONGEST_HEADER, LONGEST_NAME, Lines, MOST_FIELDS, NotAMessage,
    lines::{split_line, with_spaces},
};

/// How much of a header is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Most {
    bytes: usize,
    fields: usize,
}

impl Most {
    pub(super) const AS_IT_COMES: Self = Self { bytes: LONGEST_HEADER, fields: MOST_FIELDS };
    /// With what [`normalise`](super::normalise) writes into it.
    pub(super) const AS_IT_IS_KEPT: Self = Self { bytes: LONGEST_HEADER + (8 << 10), fields: MOST_FIELDS + 4 };
}

/// A header, its lines ended by CRLF.
#[derive(Debug, Default)]
pub(super) struct Header {
    bytes: Vec<u8>,
    fields: Vec<Place>,
}

/// Where a field begins and its name ends; it goes on to where the next one begins.
#[derive(Debug)]
struct Place {
    begin: usize,
    name_end: usize,
    value: usize,
}

/// One field, with its folded lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    pub name: &'a str,
    /// What follows the colon, CRLF at the end and in folds.
    pub value: &'a [u8],
    pub whole: &'a [u8],
}

/// A message's two halves.
#[derive(Debug)]
pub(super) struct Split<'a> {
    pub header: Header,
    /// As it came: what follows the empty line, or begins at the first line that is none of the header's.
    pub body: &'a [u8],
    /// Why the header was not read to its end: then the body begins there.
    pub excess: Option<NotAMessage>,
}

/// Ends the header at the first line that is neither a field nor folded.
pub(super) fn split(raw: &[u8], ends: Lines, most: Most) -> Split<'_> {
    let mut header = Header::default();
    let mut rest = if ends == Lines::Unix { without_mbox_line(raw) } else { raw };
    let excess = loop {
        let (line, after) = split_line(rest);
        if line.is_empty() {
            rest = after;
            break None;
        }
        match header.push(&with_spaces(line, b"\r\0"), most) {
            Ok(true) => rest = after,
            Ok(false) => break None,
            Err(why) => break Some(why),
        }
    };
    Split { header, body: rest, excess }
}

/// As mbox files have it before each message, and pipes into `sendmail`.
fn without_mbox_line(raw: &[u8]) -> &[u8] {
    let (line, rest) = split_line(raw);
    if line.starts_with(b"From ") && name_end(line).is_none() { rest } else { raw }
}

fn is_folded(line: &[u8]) -> bool {
    matches!(line.first(), Some(b' ' | b'\t'))
}

/// Where the name ends, if the line begins a field: printable ASCII, then a colon, perhaps with spaces before it (RFC 5322 section 4.5).
fn name_end(line: &[u8]) -> Option<usize> {
    let end = line.iter().position(|byte| !matches!(byte, b'!'..=b'9' | b';'..=b'~'))?;
    let colon = line[end..].iter().position(|byte| !matches!(byte, b' ' | b'\t'))?;
    (end > 0 && line[end + colon] == b':').then_some(end)
}

impl Header {
    /// Whether the line is the header's; it is taken then.
    fn push(&mut self, line: &[u8], most: Most) -> Result<bool, NotAMessage> {
        let name_end = name_end(line);
        let is_folded = is_folded(line) && !self.fields.is_empty();
        if !is_folded && name_end.is_none() {
            return Ok(false);
        }
        if self.bytes.len() + line.len() + 2 > most.bytes {
            return Err(NotAMessage::LongHeader);
        }
        if let (false, Some(end)) = (is_folded, name_end) {
            if end > LONGEST_NAME {
                return Err(NotAMessage::LongName(end));
            }
            if self.fields.len() == most.fields {
                return Err(NotAMessage::ManyFields);
            }
            let begin = self.bytes.len();
            let colon = line.iter().position(|byte| *byte == b':').unwrap_or(end);
            self.fields.push(Place { begin, name_end: begin + end, value: begin + colon + 1 });
        }
        self.bytes.extend_from_slice(line);
        self.bytes.extend_from_slice(b"\r\n");
        Ok(true)
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        self.fields.iter().enumerate().map(|(at, place)| {
            let end = self.fields.get(at + 1).map_or(self.bytes.len(), |next| next.begin);
            Field {
                name: str::from_utf8(&self.bytes[place.begin..place.name_end]).unwrap_or_default(),
                value: &self.bytes[place.value..end],
                whole: &self.bytes[place.begin..end],
            }
        })
    }

    /// Those of one name, in any case.
    pub(super) fn named(&self, name: &str) -> impl Iterator<Item = Field<'_>> {
        self.fields().filter(move |field| field.is(name))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.named(name).next().is_some()
    }
}

impl Field<'_> {
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}
