//! An envelope's sender of its own for each mail, so that what comes back says of which mail it is (VERP). It carries the job, how long it
//! is good, and an HMAC over both: who does not know our key can write of no job that its mail came back.

use crate::domain::{Moment, Ref};
use ring::hmac;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What stands for the token in `mail: return_path`.
const PLACE: &str = "{{ job.token }}";
/// How long after it was sent a mail may come back.
const GOOD_FOR: Duration = Duration::from_secs(30 * 24 * 3600);
const DAY_MS: i64 = 24 * 3600 * 1000;
/// Of the HMAC: 80 bits, of which every guess costs a mail.
const MAC: usize = 10;
/// Job, day, HMAC.
const BYTES: usize = 16 + 2 + MAC;
/// The same in letters, five bits each.
const LETTERS: usize = (BYTES * 8).div_ceil(5);
/// RFC 5321 section 4.5.3.1.1.
const LONGEST_LOCAL: usize = 64;
/// Crockford's base 32, for addresses are the same in any case.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// `mail: return_path`: an address with a place for the token in its local part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnPath {
    before: String,
    after: String,
}

/// What tokens are signed with; made with the database.
#[derive(Clone)]
pub struct BounceKey(hmac::Key);

impl std::fmt::Debug for BounceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BounceKey")
    }
}

/// Why an address is none of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotOurs {
    #[error("its address has a token that is not ours")]
    Forged,
    #[error("its address is no longer good: mail comes back within 30 days")]
    Expired,
}

impl ReturnPath {
    /// Of the text of `return_path`.
    ///
    /// # Errors
    /// What it must have.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (before, after) = text.trim().split_once(PLACE).ok_or("it has no `{{ job.token }}`")?;
        let is_local = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._+-=".contains(&byte));
        let (rest, domain) = after.split_once('@').ok_or("the token stands before the `@`")?;
        let is_domain = !domain.is_empty() && domain.bytes().all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b));
        if !is_local(before) || !is_local(rest) || !is_domain || before.starts_with('.') {
            return Err("it is no address, or has letters that not every server takes");
        }
        if before.len() + LETTERS + rest.len() > LONGEST_LOCAL {
            return Err("with its token it is longer than the 64 letters that may stand before an `@`");
        }
        Ok(Self { before: before.to_owned(), after: after.to_owned() })
    }

    /// The sender of a mail that is sent now.
    #[must_use]
    pub fn address(&self, key: &BounceKey, job: Ref, now: Moment) -> String {
        format!("{}{}{}", self.before, key.token(job, now.plus(GOOD_FOR)), self.after)
    }

    /// The job of the first of these addresses that is of this form; `None` where none is.
    ///
    /// # Errors
    /// [`NotOurs`]: it is of this form, and nothing is to be believed of it.
    pub fn job<'a>(
        &self,
        key: &BounceKey,
        text: impl IntoIterator<Item = &'a str>,
        now: Moment,
    ) -> Option<Result<Ref, NotOurs>> {
        let token = text.into_iter().find_map(|text| self.token_in(text))?;
        Some(key.read(&token, now))
    }

    fn token_in(&self, text: &str) -> Option<String> {
        let text = text.to_ascii_lowercase();
        let (before, after) = (self.before.to_ascii_lowercase(), self.after.to_ascii_lowercase());
        text.split(|letter: char| letter.is_whitespace() || "<>,;:\"".contains(letter))
            .find_map(|word| word.strip_prefix(&*before)?.strip_suffix(&*after).map(str::to_owned))
    }
}

impl BounceKey {
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    fn token(&self, job: Ref, until: Moment) -> String {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.extend_from_slice(&job.0);
        bytes.extend_from_slice(&day(until).to_be_bytes());
        let mac = hmac::sign(&self.0, &bytes);
        bytes.extend_from_slice(&mac.as_ref()[..MAC]);
        encode(&bytes)
    }

    fn read(&self, token: &str, now: Moment) -> Result<Ref, NotOurs> {
        let bytes = decode(token).ok_or(NotOurs::Forged)?;
        let (signed, mac) = bytes.split_at(BYTES - MAC);
        let real = hmac::sign(&self.0, signed);
        // whoever could measure this would have to have each guess delivered
        if real.as_ref()[..MAC] != *mac {
            return Err(NotOurs::Forged);
        }
        let (job, until) = signed.split_at(16);
        if u16::from_be_bytes([until[0], until[1]]) < day(now) {
            return Err(NotOurs::Expired);
        }
        job.try_into().map(Ref).map_err(|_| NotOurs::Forged)
    }
}

/// Days since 1970: until the year 2149.
fn day(at: Moment) -> u16 {
    u16::try_from(at.0.max(0) / DAY_MS).unwrap_or(u16::MAX)
}

fn encode(bytes: &[u8]) -> String {
    let bit = |at: usize| bytes.get(at / 8).is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1);
    let letter = |place: usize| (0..5).fold(0, |value, at| value << 1 | usize::from(bit(place * 5 + at)));
    (0..(bytes.len() * 8).div_ceil(5)).map(|place| char::from(ALPHABET[letter(place)])).collect()
}

fn decode(text: &str) -> Option<[u8; BYTES]> {
    if text.len() != LETTERS {
        return None;
    }
    let mut bytes = [0; BYTES];
    for (place, letter) in text.bytes().enumerate() {
        let value = ALPHABET.iter().position(|known| *known == letter)?;
        for at in 0..5 {
            let bit = place * 5 + at;
            if value >> (4 - at) & 1 == 1 {
                *bytes.get_mut(bit / 8)? |= 1 << (7 - bit % 8);
            }
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment(1_795_776_694_000);

    #[test]
    fn what_was_sent_comes_back_and_nothing_else_does() {
        let path = ReturnPath::parse("Bounces+{{ job.token }}@bounces.example.com").unwrap();
        let (key, other, job) = (BounceKey::new(&[7; 32]), BounceKey::new(&[8; 32]), Ref::new());
        let address = path.address(&key, job, NOW);
        assert!(address.split_once('@').unwrap().0.len() <= 64, "{address}");
        let read = |text: &str, now| path.job(&key, [text], now);
        for text in [address.clone(), format!(" <{}>\r\n", address.to_ascii_uppercase()), format!("rfc822; {address}")]
        {
            assert_eq!(read(&text, NOW), Some(Ok(job)), "{text}");
        }
        assert_eq!(read("ann@bounces.example.com", NOW), None);
        assert_eq!(path.job(&other, [&*address], NOW), Some(Err(NotOurs::Forged)));
        assert_eq!(read("bounces+x@bounces.example.com", NOW), Some(Err(NotOurs::Forged)));
        assert_eq!(read(&address, NOW.plus(Duration::from_secs(32 * 24 * 3600))), Some(Err(NotOurs::Expired)));
        let token = &address[8..8 + LETTERS];
        for at in 0..LETTERS - 1 {
            let mut changed = token.to_owned().into_bytes();
            changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(key.read(&changed, NOW).is_err(), "letter {at}");
        }
    }

    #[test]
    fn a_return_path_is_an_address_with_room_for_its_token() {
        for (text, is_one) in [
            ("bounces+{{ job.token }}@bounces.example.com", true),
            ("{{ job.token }}@b.example", true),
            ("bounces@b.example", false),
            ("bounces@{{ job.token }}.example", false),
            ("a b{{ job.token }}@b.example", false),
            ("a-very-long-name-before-it+{{ job.token }}@b.example", false),
            ("b+{{ job.token }}@", false),
        ] {
            assert_eq!(ReturnPath::parse(text).is_ok(), is_one, "{text}");
        }
    }
}
