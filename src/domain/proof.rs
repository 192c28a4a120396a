//! Which proof of a stored copy was reached: honest words, on every receipt.

use serde::{Deserialize, Serialize};
use sha2::Digest as _;
use std::fmt;

/// Thirty-two bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sha256(pub [u8; 32]);

impl Sha256 {
    /// Of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// How we know that what is there is what was sent; weakest first, so that they compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// A relay answered 250 to the message: it has it, and that is not yet delivery.
    Accepted,
    /// The server said the size and it agrees.
    Size,
    /// The server computed a CRC-32 (XCRC): against accidents, not malice.
    Xcrc,
    Xmd5,
    Xsha1,
    Xsha256,
    /// HASH (draft-bryan-ftpext-hash) with SHA-256.
    Hash,
    /// We read the copy back and its SHA-256 agrees.
    ReadBack,
}

impl Proof {
    /// The word of this proof in SQL, CLI and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Size => "size",
            Self::Xcrc => "xcrc",
            Self::Xmd5 => "xmd5",
            Self::Xsha1 => "xsha1",
            Self::Xsha256 => "xsha256",
            Self::Hash => "hash",
            Self::ReadBack => "read_back",
            Self::Accepted => "accepted",
        }
    }
}
