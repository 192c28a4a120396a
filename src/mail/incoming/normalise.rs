//! A message as it came, made one that every relay takes (RFC 5321 section 2.3.8, RFC 5322 section 2.1.1), before it is stored.

use super::{
    LONGEST_LINE, Lines, NotAMessage, Stamp,
    header::{Field, Most, split},
    lines::{check_ends, push_body, split_line},
};

/// Fields that do not leave the house, as Postfix's `message_drop_headers` has them.
const DROPPED: [&str; 4] = ["bcc", "resent-bcc", "content-length", "return-path"];

/// The message with CRLF at the end of every line and no line too long; hidden recipients gone, our trace in front, and a date, a
/// Message-ID and a sender where there was none. What else its header has stays byte for byte. Once more, and only another trace is added.
///
/// Whether there are bytes above 127 is not told: who sends looks at what is sent.
///
/// # Errors
/// What makes it no message.
pub fn normalise(raw: &[u8], ends: Lines, stamp: &Stamp<'_>) -> Result<Vec<u8>, NotAMessage> {
    if ends == Lines::Strict {
        check_ends(raw)?;
    }
    let message = split(raw, ends, Most::AS_IT_COMES);
    if let Some(why) = message.excess {
        return Err(why);
    }
    let header = message.header;
    let mut whole = Vec::with_capacity(raw.len() + raw.len() / 32 + 1024);
    whole.extend_from_slice(stamp.received().as_bytes());
    for field in header.fields().filter(|field| !DROPPED.iter().any(|name| field.is(name))) {
        push_field(&mut whole, field)?;
    }
    for (name, missing) in
        [("date", Stamp::date as fn(&_) -> _), ("message-id", Stamp::message_id), ("from", Stamp::from)]
    {
        if !header.has(name) {
            whole.extend_from_slice(missing(stamp).as_bytes());
        }
    }
    whole.extend_from_slice(b"\r\n");
    push_body(&mut whole, message.body);
    Ok(whole)
}

fn push_field(whole: &mut Vec<u8>, field: Field<'_>) -> Result<(), NotAMessage> {
    let mut rest = field.whole;
    // a name is not parted from its colon
    let mut earliest = field.whole.len() - field.value.len();
    while !rest.is_empty() {
        let (mut line, after) = split_line(rest);
        let bytes = line.len();
        while line.len() > LONGEST_LINE {
            let long = || NotAMessage::LongLine { name: field.name.to_owned(), bytes };
            let (first, folded) = line.split_at(fold_at(line, earliest).ok_or_else(long)?);
            whole.extend_from_slice(first);
            whole.extend_from_slice(b"\r\n");
            (line, earliest) = (folded, 1);
        }
        whole.extend_from_slice(line);
        whole.extend_from_slice(b"\r\n");
        (rest, earliest) = (after, 1);
    }
    Ok(())
}

/// The last place for a fold (RFC 5322 section 2.2.3): where spaces begin, and neither line is left with nothing but them.
fn fold_at(line: &[u8], earliest: usize) -> Option<usize> {
    let is_space = |byte: u8| matches!(byte, b' ' | b'\t');
    let end = line.iter().rposition(|byte| !is_space(*byte))?;
    (earliest..=LONGEST_LINE.min(end)).rev().find(|at| is_space(line[*at]) && !is_space(line[at - 1]))
}
