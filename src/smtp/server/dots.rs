//! A message as DATA sends it (RFC 5321 sections 4.1.1.4 and 4.5.2): dots that were added come off, and CRLF.CRLF alone is its end. Whatever
//! else somebody might take for an end stays inside, and makes the message one that is refused (CVE-2023-51764 and its kin).

use memchr::memchr3;

/// Where in a message we are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    LineStart,
    /// Behind a dot that begins a line.
    Dot,
    /// Behind that and a CR.
    DotCr,
    Text,
    Cr,
}

/// What no message may hold (RFC 5321 section 2.3.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Stray {
    #[error("a line of the message ends in CR or LF alone, and lines end in CRLF")]
    LineEnd,
    #[error("the message has a NUL")]
    Nul,
}

/// Reads a message in pieces of any size.
#[derive(Debug, Default)]
pub struct Dots {
    place: Place,
    stray: Option<Stray>,
}

impl Dots {
    /// The first thing in it that no message may hold.
    #[must_use]
    pub fn stray(&self) -> Option<Stray> {
        self.stray
    }

    /// Adds what `piece` has of the message to `message`; where the message ends in it, how many of its bytes were read up to there.
    pub fn read(&mut self, piece: &[u8], message: &mut Vec<u8>) -> Option<usize> {
        let mut at = 0;
        while let Some(&byte) = piece.get(at) {
            at += 1;
            self.place = match (self.place, byte) {
                (Place::LineStart, b'.') => Place::Dot,
                (Place::Dot, b'\r') => Place::DotCr,
                (Place::DotCr, b'\n') => return Some(at),
                (Place::Cr, b'\n') => {
                    message.extend_from_slice(b"\r\n");
                    Place::LineStart
                }
                (place, byte) => {
                    if matches!(place, Place::Cr | Place::DotCr) {
                        self.is_astray(Stray::LineEnd);
                    }
                    match byte {
                        b'\r' => Place::Cr,
                        b'\n' => {
                            self.is_astray(Stray::LineEnd);
                            Place::Text
                        }
                        0 => {
                            self.is_astray(Stray::Nul);
                            Place::Text
                        }
                        _ => {
                            let rest = &piece[at - 1..];
                            let text = memchr3(b'\r', b'\n', 0, rest).map_or(rest, |end| &rest[..end]);
                            message.extend_from_slice(text);
                            at += text.len() - 1;
                            Place::Text
                        }
                    }
                }
            };
        }
        None
    }

    fn is_astray(&mut self, stray: Stray) {
        self.stray.get_or_insert(stray);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The message, whether it is refused, and what follows it; in pieces of so many bytes.
    fn read(bytes: &[u8], pieces: usize) -> Option<(Vec<u8>, Option<Stray>, Vec<u8>)> {
        let (mut dots, mut message, mut read) = (Dots::default(), Vec::new(), 0);
        for piece in bytes.chunks(pieces) {
            if let Some(end) = dots.read(piece, &mut message) {
                return Some((message, dots.stray(), bytes[read + end..].to_vec()));
            }
            read += piece.len();
        }
        None
    }

    #[test]
    fn crlf_dot_crlf_is_the_end_and_dots_that_were_added_come_off() {
        for (bytes, message, rest) in [
            ("hello\r\n.\r\nQUIT\r\n", "hello\r\n", "QUIT\r\n"),
            (".\r\n", "", ""),
            ("..\r\n...\r\n.x\r\n.\r\n", ".\r\n..\r\nx\r\n", ""),
            ("a\r\n\r\n.\r\n.\r\n", "a\r\n\r\n", ".\r\n"),
        ] {
            for pieces in [1, 2, 3, 100] {
                let wanted = Some((message.as_bytes().to_vec(), None, rest.as_bytes().to_vec()));
                assert_eq!(read(bytes.as_bytes(), pieces), wanted, "{bytes:?} by {pieces}");
            }
        }
        assert_eq!(read(b"hello\r\n.\r", 1), None);
    }

    #[test]
    fn nothing_else_is_an_end_and_whoever_tries_is_refused() {
        for smuggled in [
            "\n.\n",
            "\n.\r\n",
            "\r\n.\n",
            "\r.\r",
            "\r\n.\r",
            "\n.\r",
            "\r\n\0.\r\n",
            "\r\n.\0\r\n",
            "\r\n.\r\r\n",
            "\r.\r\n",
            "\r\r\n.\n",
            "\n\n.\r\n",
        ] {
            let bytes = format!("a{smuggled}MAIL FROM:<x@y.example>\r\nDATA\r\nb\r\n.\r\nNOOP\r\n");
            for pieces in [1, 2, 3, 5, 100] {
                let (message, stray, rest) = read(bytes.as_bytes(), pieces).unwrap();
                assert!(stray.is_some(), "{smuggled:?}");
                assert_eq!(rest, b"NOOP\r\n", "{smuggled:?} by {pieces}");
                assert!(String::from_utf8(message).unwrap().contains("MAIL FROM"), "{smuggled:?}");
            }
        }
    }

    /// As a client sends it (RFC 5321 section 4.5.2).
    fn with_dots(message: &[u8]) -> Vec<u8> {
        let lines = message.split_inclusive(|byte| *byte == b'\n');
        let lines = lines.flat_map(|line| [if line.starts_with(b".") { &b"."[..] } else { b"" }, line]);
        [&lines.collect::<Vec<_>>().concat()[..], b".\r\n"].concat()
    }

    proptest! {
        #[test]
        fn what_a_client_sends_is_read_back_whatever_pieces_it_comes_in(lines in prop::collection::vec("[.a\u{e9}\u{0}\r\n]{0,5}", 0..8), pieces in 1usize..9) {
            let message: Vec<u8> = lines.iter().flat_map(|line| [line.as_bytes(), b"\r\n"]).collect::<Vec<_>>().concat();
            let is_whole = !String::from_utf8_lossy(&message).replace("\r\n", "").contains(['\r', '\n', '\0']);
            let read = read(&with_dots(&message), pieces);
            if is_whole {
                prop_assert_eq!(read, Some((message, None, Vec::new())));
            } else if let Some((_, stray, _)) = read {
                prop_assert!(stray.is_some());
            }
        }
    }
}
