//! The names of what a message carries (RFC 2046 section 5.1, RFC 2183), found without decoding or holding any of it.

use super::{
    Lines,
    header::{Header, Most, split},
    lines::split_line,
    reading::content,
};
use crate::domain::Escaped;

/// Names that are kept.
const MOST: usize = 100;

/// Multiparts in multiparts that are looked into.
const DEEPEST: usize = 10;

/// Bytes of a field that is read: a name has 255 of them.
const LONGEST_FIELD: usize = 8 << 10;

/// The first hundred, in their order, as they are but for what cannot be shown: `../x` and `C:\x` are names here. A message within the
/// message is one attachment, and not looked into.
pub(super) fn attachment_names(header: &Header, body: &[u8]) -> Vec<String> {
    let (mut names, mut open) = (Vec::new(), Vec::new());
    note(header, &mut names, &mut open);
    let mut rest = body;
    while !open.is_empty() && !rest.is_empty() && names.len() < MOST {
        let (line, after) = split_line(rest);
        rest = after;
        match mark(line, &open) {
            Some(Mark::Part(depth)) => {
                open.truncate(depth + 1);
                let part = split(rest, Lines::Strict, Most::AS_IT_IS_KEPT);
                note(&part.header, &mut names, &mut open);
                rest = part.body;
            }
            Some(Mark::End(depth)) => open.truncate(depth),
            None => {}
        }
    }
    names
}

/// A part with parts is open from now on; of any other its name is kept.
fn note(header: &Header, names: &mut Vec<String>, open: &mut Vec<Vec<u8>>) {
    let of = |name| header.named(name).next().map(|field| field.value).filter(|value| value.len() <= LONGEST_FIELD);
    let kind = of("content-type").map(content).unwrap_or_default();
    let disposition = of("content-disposition").map(content).unwrap_or_default();
    match kind.boundary.filter(|_| kind.is_multipart) {
        Some(boundary) if open.len() < DEEPEST => open.push(boundary.into_bytes()),
        Some(_) => {}
        None => names.extend(disposition.name.or(kind.name).map(|name| Escaped(name.as_bytes()).to_string())),
    }
}

/// What a line of dashes means, to the multipart of that depth.
enum Mark {
    Part(usize),
    End(usize),
}

fn mark(line: &[u8], open: &[Vec<u8>]) -> Option<Mark> {
    let dashed = line.strip_prefix(b"--")?.trim_ascii_end();
    let depth = |wanted: &[u8]| open.iter().rposition(|boundary| boundary == wanted);
    depth(dashed).map(Mark::Part).or_else(|| depth(dashed.strip_suffix(b"--")?).map(Mark::End))
}
