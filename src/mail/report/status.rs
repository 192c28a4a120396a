//! The part of a report that machines read (RFC 3464 section 2): fields about the message, and a block for everybody concerned.

use super::{Concerned, Fate, SenderReport, date};
use std::fmt::Write;

/// Bytes of a field that somebody else's words fill.
const MOST_SAID: usize = 2000;
/// Bytes of a line, as far as there are spaces to break it at.
const WIDTH: usize = 76;

/// The blocks, in ASCII.
pub(super) fn fields(report: &SenderReport<'_>) -> String {
    let mut all = String::new();
    field(&mut all, "Reporting-MTA", &format!("dns; {}", report.host));
    field(&mut all, "Arrival-Date", &date(report.arrived_at));
    for concerned in report.concerned {
        all.push_str("\r\n");
        block(&mut all, report.fate, concerned);
    }
    all
}

fn block(all: &mut String, fate: Fate, concerned: &Concerned) {
    let Concerned { address, said, code, remote, last_attempt, until, .. } = concerned;
    field(all, "Final-Recipient", &recipient(address));
    field(all, "Action", if fate == Fate::Failed { "failed" } else { "delayed" });
    field(all, "Status", &status(fate, concerned));
    if let Some(remote) = remote {
        field(all, "Remote-MTA", &format!("dns; {remote}"));
    }
    if !said.is_empty() {
        // RFC 3464 section 2.3.6: `smtp` is for what an SMTP server answered
        let kind = if code.is_some_and(|code| code >= 400) { "smtp" } else { "X-Packetboat" };
        field(all, "Diagnostic-Code", &format!("{kind}; {said}"));
    }
    if let Some(at) = last_attempt {
        field(all, "Last-Attempt-Date", &date(*at));
    }
    if fate == Fate::Delayed {
        field(all, "Will-Retry-Until", &date(*until));
    }
}

/// RFC 3464 section 2.3.2; letters beyond ASCII as RFC 6533 section 3 has them for mail that is not international itself.
fn recipient(address: &str) -> String {
    if address.is_ascii() {
        return format!("rfc822; {address}");
    }
    let mut encoded = String::from("utf-8; ");
    for letter in address.chars() {
        match letter {
            '\\' | '+' | '=' => _ = write!(encoded, "\\x{{{:X}}}", u32::from(letter)),
            letter if letter.is_ascii_graphic() => encoded.push(letter),
            letter => _ = write!(encoded, "\\x{{{:X}}}", u32::from(letter)),
        }
    }
    encoded
}

/// RFC 3463. What its deadline ended is given up on what did not last (4.4.7), as its section 2 has it.
fn status(fate: Fate, concerned: &Concerned) -> String {
    let said = enhanced(&concerned.said);
    match fate {
        Fate::Failed if concerned.is_expired => "4.4.7".to_owned(),
        Fate::Failed => said.unwrap_or("5.0.0").to_owned(),
        Fate::Delayed => said.filter(|said| said.starts_with('4')).unwrap_or("4.0.0").to_owned(),
    }
}

/// The first enhanced status code that the words have near their begin, of a refusal.
fn enhanced(said: &str) -> Option<&str> {
    let is_code = |word: &&str| {
        let mut parts = word.split('.');
        let mut number = |most| {
            parts
                .next()
                .is_some_and(|part| (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()))
        };
        let is_whole = number(1) && number(3) && number(3);
        is_whole && parts.next().is_none() && matches!(word.as_bytes()[0], b'4' | b'5')
    };
    said.split([' ', '-']).take(6).map(|word| word.trim_matches(['(', ')', '#', ':', ','])).find(is_code)
}

/// One field, its words in ASCII and broken into lines (RFC 822 section 3.1.1).
fn field(all: &mut String, name: &str, value: &str) {
    let mut line = format!("{name}:");
    for word in value.get(..MOST_SAID).unwrap_or(value).split_ascii_whitespace() {
        let plain: String = word.chars().map(|letter| if letter.is_ascii_graphic() { letter } else { '?' }).collect();
        for piece in pieces(&plain) {
            if line.len() + 1 + piece.len() > WIDTH && !line.ends_with(':') && line.trim() != "" {
                _ = write!(all, "{line}\r\n");
                line.clear();
            }
            line.push(' ');
            line.push_str(piece);
        }
    }
    _ = write!(all, "{line}\r\n");
}

/// A word that no line can hold is cut.
fn pieces(word: &str) -> impl Iterator<Item = &str> {
    const LONGEST: usize = 900;
    (0..word.len()).step_by(LONGEST).map(move |at| &word[at..word.len().min(at + LONGEST)])
}
