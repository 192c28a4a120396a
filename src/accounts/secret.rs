//! A token as its bearer shows it: 256 random bits. We keep its hash alone, which needs no salt and no slowness: nobody guesses such bits.

use crate::domain::Sha256;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::rand::{SecureRandom, SystemRandom};
use std::fmt;

/// So that one that lies in the wrong place is recognised.
const PREFIX: &str = "pb_";
const BYTES: usize = 32;

/// A token in full. Shown once, to whoever makes it.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenSecret(String);

/// The system gives no random bytes.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the system has no random bytes to make a token of")]
pub struct NoRandom;

impl TokenSecret {
    /// A new one.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn new() -> Result<Self, NoRandom> {
        let mut bytes = [0; BYTES];
        SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandom)?;
        Ok(Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// One that somebody shows; `None` for what no token looks like.
    #[must_use]
    pub fn shown(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        (bytes.len() == BYTES).then(|| Self(text.to_owned()))
    }

    /// What is kept of it, and looked up: how long that takes tells of the hash at most, and that is no help in finding the token.
    #[must_use]
    pub fn hash(&self) -> Sha256 {
        Sha256::of(self.0.as_bytes())
    }

    /// The text itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_are_alike_and_only_whole_ones_are_tokens() {
        let [one, other] = [TokenSecret::new().unwrap(), TokenSecret::new().unwrap()];
        assert_ne!(one.hash(), other.hash());
        assert_eq!(TokenSecret::shown(one.reveal()).unwrap().hash(), one.hash());
        let text = one.reveal();
        for wrong in ["", "pb_", &text[3..], &text[..text.len() - 1], &format!("{text}A"), &text.replace("pb_", "PB_")]
        {
            assert_eq!(TokenSecret::shown(wrong), None, "{wrong}");
        }
        assert!(!format!("{one:?}").contains(&text[3..]));
    }
}
