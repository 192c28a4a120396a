//! Bytes from outside made safe to print: the one place where names, listings and replies meet a terminal, a log or a page.

use std::fmt;

/// Shows bytes as text in which nothing can move a cursor, start a line or reverse the direction of reading.
///
/// Valid UTF-8 is shown as it is; control characters, bidirectional overrides, line separators and stray bytes are
/// shown as `\n`, `\u{202e}` or `\xff`. It is for eyes: it is not meant to be read back.
pub struct Escaped<'a>(pub &'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for letter in chunk.valid().chars() {
                if is_harmless(letter) {
                    write!(f, "{letter}")?;
                } else {
                    write!(f, "{}", letter.escape_default())?;
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// Whether `letter` can be shown as it is: it moves no cursor, starts no line and turns no direction of reading.
#[must_use]
pub fn is_harmless(letter: char) -> bool {
    !letter.is_control()
        && !matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_steer_a_terminal_is_spelt_out() {
        for (bytes, shown) in [
            (&b"plain.txt"[..], "plain.txt"),
            ("Grüße €.pdf".as_bytes(), "Grüße €.pdf"),
            (b"a\r\nDELE x", "a\\r\\nDELE x"),
            (b"\x1b[2Jgone", "\\u{1b}[2Jgone"),
            ("fdp.\u{202e}exe".as_bytes(), "fdp.\\u{202e}exe"),
            (b"caf\xe9", "caf\\xe9"),
        ] {
            assert_eq!(Escaped(bytes).to_string(), shown);
        }
    }
}
