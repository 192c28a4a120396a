//! Hashing in passing: SHA-256 always, and the one other digest that a server may compute.

use crate::domain::Sha256;
use sha2::Digest;

/// A digest beside SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Second {
    Sha1,
    Md5,
    Crc32,
}

/// Of all bytes that passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digests {
    pub sha256: Sha256,
    /// As many bytes as the digest has, first byte first.
    pub second: Option<Vec<u8>>,
}

impl Digests {
    /// The one that was asked for beside SHA-256, or SHA-256; empty if the one asked for was not computed.
    #[must_use]
    pub fn of(&self, second: Option<Second>) -> &[u8] {
        match second {
            None => &self.sha256.0,
            Some(_) => self.second.as_deref().unwrap_or_default(),
        }
    }
}

/// Hashes what it is shown.
#[derive(Debug, Clone)]
pub struct Hasher {
    sha256: sha2::Sha256,
    second: Option<SecondHasher>,
}

#[derive(Debug, Clone)]
enum SecondHasher {
    Sha1(sha1::Sha1),
    Md5(md5::Md5),
    Crc32(crc32fast::Hasher),
}

impl Hasher {
    /// Of nothing yet.
    #[must_use]
    pub fn new(second: Option<Second>) -> Self {
        let second = second.map(|second| match second {
            Second::Sha1 => SecondHasher::Sha1(sha1::Sha1::default()),
            Second::Md5 => SecondHasher::Md5(md5::Md5::default()),
            Second::Crc32 => SecondHasher::Crc32(crc32fast::Hasher::new()),
        });
        Self { sha256: sha2::Sha256::new(), second }
    }

    /// The next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        match &mut self.second {
            None => {}
            Some(SecondHasher::Sha1(hasher)) => hasher.update(bytes),
            Some(SecondHasher::Md5(hasher)) => hasher.update(bytes),
            Some(SecondHasher::Crc32(hasher)) => hasher.update(bytes),
        }
    }

    /// That was all.
    #[must_use]
    pub fn finish(self) -> Digests {
        let second = self.second.map(|second| match second {
            SecondHasher::Sha1(hasher) => hasher.finalize().to_vec(),
            SecondHasher::Md5(hasher) => hasher.finalize().to_vec(),
            SecondHasher::Crc32(hasher) => hasher.finalize().to_be_bytes().to_vec(),
        });
        Digests { sha256: Sha256(self.sha256.finalize().into()), second }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digests_are_those_of_hello() {
        for (second, hex) in [
            (Second::Sha1, "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"),
            (Second::Md5, "5d41402abc4b2a76b9719d911017c592"),
            (Second::Crc32, "3610a686"),
        ] {
            let mut hasher = Hasher::new(Some(second));
            hasher.update(b"hel");
            hasher.update(b"lo");
            let digests = hasher.finish();
            let sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
            assert_eq!(digests.sha256.to_string(), sha256);
            let shown: String = digests.second.unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(shown, hex);
        }
    }
}
