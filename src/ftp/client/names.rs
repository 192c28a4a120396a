//! Names are bytes: they go out and come back byte for byte, whatever their encoding.

use std::io;
use suppaftp::Encoding;

/// Each byte is the character of the same number, both ways; so suppaftp's texts are our bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bytes;

impl Encoding for Bytes {
    fn decode(&self, bytes: &[u8]) -> String {
        text(bytes)
    }

    fn encode(&self, text: &str) -> io::Result<Vec<u8>> {
        let byte = |letter: char| u8::try_from(letter).map_err(|_| io::ErrorKind::InvalidInput.into());
        text.chars().map(byte).collect()
    }
}

/// The text that [`Bytes`] turns into `bytes` again.
pub(super) fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// The bytes of such a text; what no byte stands for is left out.
pub(super) fn bytes(text: &str) -> impl Iterator<Item = u8> {
    text.chars().filter_map(|letter| u8::try_from(letter).ok())
}

/// A relative path as an argument that no server takes for an option, a home folder or blanks to skip.
pub(super) fn argument(path: &[u8]) -> String {
    match path.first() {
        Some(b'-' | b'~' | b' ') => format!("./{}", text(path)),
        _ => text(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(Bytes.encode(&Bytes.decode(&all)).unwrap(), all);
        assert!(Bytes.encode("€").is_err());
    }

    #[test]
    fn odd_beginnings_are_plain_names() {
        for (path, sent) in
            [(&b"a/b"[..], "a/b"), (b"-rf", "./-rf"), (b"~root", "./~root"), (b" x", "./ x"), (b".a", ".a")]
        {
            assert_eq!(argument(path), sent);
        }
    }
}
