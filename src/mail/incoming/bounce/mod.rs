//! What comes back of a mail, read from any bytes: delivery status notifications (RFC 3464), and other shapes as far as they say that it
//! failed. Pure; nothing in it recurses, and what it keeps is bounded.

mod status;
#[cfg(test)]
mod tests;

use super::{
    Lines,
    header::{Header, Most, split},
    reading::{content, plain},
};
use crate::domain::{BounceKey, Moment, Ref, ReturnPath};

/// What a report says of the mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Returned {
    pub fate: ReturnedFate,
    /// RFC 3463, where it is told.
    pub status: Option<String>,
    /// The remote's words, one line; empty where there are none.
    pub said: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnedFate {
    Failed,
    /// Delayed, relayed, delivered or expanded: nothing is to be done.
    UnderWay,
}

impl Returned {
    /// The three digits of the remote's reply, where its words begin with them.
    #[must_use]
    pub fn code(&self) -> Option<u16> {
        refusal(&self.said).and_then(|code| code.parse().ok())
    }

    /// The remote's words, with the status where they have none.
    #[must_use]
    pub fn words(&self) -> String {
        match &self.status {
            Some(status) if self.said.is_empty() => format!("it came back: {status}"),
            Some(status) if !self.said.contains(&**status) => format!("{status} {}", self.said),
            _ if self.said.is_empty() => "it came back, and was not told why".to_owned(),
            _ => self.said.clone(),
        }
    }
}

/// Letters of the remote's words.
const MOST_SAID: usize = 500;
/// Lines of a body that are looked at for a reason.
const MOST_LINES: usize = 500;

/// The addresses that a message says it was delivered to, for whoever looks for his own among them; unread texts.
#[must_use]
pub fn delivered_to(message: &[u8]) -> Vec<String> {
    let header = split(message, Lines::Unix, Most::AS_IT_IS_KEPT).header;
    let named = ["delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "to"];
    named.iter().flat_map(|name| header.named(name)).map(|field| plain(field.value)).collect()
}

/// What a message that came back says; `None` where it says nothing of a delivery: an answer of a person or of his machine.
#[must_use]
pub fn returned(message: &[u8]) -> Option<Returned> {
    let halves = split(message, Lines::Unix, Most::AS_IT_IS_KEPT);
    let kind = halves.header.named("content-type").next().map(|field| content(field.value)).unwrap_or_default();
    if let Some(boundary) = kind.boundary.filter(|_| kind.is_multipart)
        && let Some(returned) = status::read(halves.body, boundary.as_bytes())
    {
        return Some(returned);
    }
    other(&halves.header, halves.body)
}

/// A message to the return path of one of our mails: which of them failed, and how. `None`: it is to none of those.
///
/// # Errors
/// Why nothing is to be done about it.
pub fn of_ours<'a>(
    message: &[u8],
    addresses: impl IntoIterator<Item = &'a str>,
    (path, key): (&ReturnPath, &BounceKey),
    now: Moment,
) -> Option<Result<(Ref, Returned), String>> {
    let job = match path.job(key, addresses, now)? {
        Ok(job) => job,
        Err(why) => return Some(Err(why.to_string())),
    };
    Some(match returned(message) {
        None => Err(format!("it is no report: an answer to {job}, perhaps")),
        Some(returned) if returned.fate == ReturnedFate::UnderWay => {
            Err(format!("{job} is under way: {}", returned.words()))
        }
        Some(returned) => Ok((job, returned)),
    })
}

/// Exim names them in a field of the header, qmail in a phrase.
fn other(header: &Header, body: &[u8]) -> Option<Returned> {
    let is_qmail = String::from_utf8_lossy(&body[..body.len().min(200)])
        .trim_start()
        .starts_with("Hi. This is the qmail-send program");
    if !header.has("x-failed-recipients") && !is_qmail {
        return None;
    }
    let said = body.split(|byte| *byte == b'\n').take(MOST_LINES).map(line).find(|line| refusal(line).is_some());
    let said = said.unwrap_or_default();
    Some(Returned { fate: ReturnedFate::Failed, status: status_in(&said), said })
}

/// A line as text: short, without control characters.
fn line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(MOST_SAID * 4)]);
    let words: Vec<&str> = text
        .split(|letter: char| letter.is_control() || letter.is_whitespace())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ").chars().take(MOST_SAID).collect()
}

/// The digits of a refusal for good: `550`, alone or with what follows.
fn refusal(line: &str) -> Option<&str> {
    let is_code =
        |word: &&str| word.len() == 3 && word.starts_with('5') && word.bytes().all(|byte| byte.is_ascii_digit());
    line.split([' ', '-', ':']).find(is_code)
}

/// The first enhanced status code of the words (RFC 3463).
#[must_use]
pub fn status_in(words: &str) -> Option<String> {
    let is_number =
        |part: &str, most| (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_code = |word: &&str| match word.split('.').collect::<Vec<_>>()[..] {
        [class, subject, detail] => matches!(class, "2" | "4" | "5") && is_number(subject, 3) && is_number(detail, 3),
        _ => false,
    };
    let words = words.split([' ', '-']).map(|word| word.trim_matches(['(', ')', '#', ':', ',', ';']));
    words.take(50).find(is_code).map(str::to_owned)
}
