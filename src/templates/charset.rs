//! Bytes of other programs as text, by the name of their charset: those of the WHATWG's list that are read byte by byte, and the two of
//! DOS that old machines still print in, which it lacks.

use encoding_rs::Encoding;
use std::borrow::Cow;

/// A charset in which every ASCII byte is itself, so that lines and columns are found before anything is read as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    Utf8,
    /// One byte a letter.
    Single(&'static Encoding),
    /// A code page of DOS: its letters from 0x80 on.
    Dos(&'static str),
}

/// Not a charset that is read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotACharset {
    #[error("there is no charset of this name")]
    Unknown,
    #[error("this charset is not built yet")]
    NotYet,
}

/// Bytes that mean nothing in their charset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the byte {byte:#04x} at {place} means nothing in {charset}")]
pub struct Undecodable {
    pub byte: u8,
    /// Bytes before it.
    pub place: usize,
    pub charset: &'static str,
}

const CP850: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";
const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

impl Charset {
    /// By its name, capital or small.
    ///
    /// # Errors
    /// No such charset, or one whose letters have several bytes and are not UTF-8.
    pub fn named(name: &str) -> Result<Self, NotACharset> {
        match name.trim().to_ascii_lowercase().as_str() {
            "cp850" | "ibm850" | "850" => return Ok(Self::Dos(CP850)),
            "cp437" | "ibm437" | "437" => return Ok(Self::Dos(CP437)),
            _ => {}
        }
        let found = Encoding::for_label(name.trim().as_bytes()).ok_or(NotACharset::Unknown)?;
        match found {
            utf8 if utf8 == encoding_rs::UTF_8 => Ok(Self::Utf8),
            single if single.is_single_byte() && single != encoding_rs::X_USER_DEFINED => Ok(Self::Single(single)),
            _ => Err(NotACharset::NotYet),
        }
    }

    /// The text of `bytes`; a mark of UTF-8 at their beginning is no part of it.
    ///
    /// # Errors
    /// The first byte that means nothing.
    pub fn decode(self, bytes: &[u8]) -> Result<Cow<'_, str>, Undecodable> {
        match self {
            Self::Utf8 => {
                let marked = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
                let skipped = bytes.len() - marked.len();
                let text = std::str::from_utf8(marked).map_err(|why| self.cannot(bytes, skipped + why.valid_up_to()));
                text.map(Cow::Borrowed)
            }
            Self::Single(encoding) => {
                encoding.decode_without_bom_handling_and_without_replacement(bytes).ok_or_else(|| {
                    self.cannot(bytes, bytes.iter().position(|byte| is_unknown(encoding, *byte)).unwrap_or(0))
                })
            }
            Self::Dos(_) if bytes.is_ascii() => Ok(String::from_utf8_lossy(bytes)),
            Self::Dos(letters) => {
                let letters: Vec<char> = letters.chars().collect();
                let letter = |byte: &u8| match byte.checked_sub(0x80) {
                    Some(place) => letters.get(usize::from(place)).copied().unwrap_or(char::REPLACEMENT_CHARACTER),
                    None => char::from(*byte),
                };
                Ok(Cow::Owned(bytes.iter().map(letter).collect()))
            }
        }
    }

    fn cannot(self, bytes: &[u8], place: usize) -> Undecodable {
        let charset = match self {
            Self::Utf8 => "utf-8",
            Self::Single(encoding) => encoding.name(),
            Self::Dos(_) => "DOS",
        };
        Undecodable { byte: bytes.get(place).copied().unwrap_or_default(), place, charset }
    }
}

fn is_unknown(encoding: &'static Encoding, byte: u8) -> bool {
    encoding.decode_without_bom_handling_and_without_replacement(&[byte]).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_in_the_charset_they_were_written_in() {
        for (name, bytes, text) in [
            ("utf-8", &b"Gr\xc3\xbc\xc3\x9fe"[..], "Grüße"),
            ("UTF8", b"\xef\xbb\xbfa", "a"),
            ("windows-1252", b"Gr\xfc\xdfe \x80", "Grüße €"),
            ("iso-8859-1", b"\xe4", "ä"),
            ("iso-8859-15", b"\xa4", "€"),
            ("cp850", b"Gr\x81\xe1e \x9b\x9d \xb3\xff", "Grüße øØ │\u{a0}"),
            ("CP437", b"Gr\x81\xe1e \x9b\x9d", "Grüße ¢¥"),
            ("ibm866", b"\x80", "А"),
        ] {
            assert_eq!(Charset::named(name).unwrap().decode(bytes).unwrap(), text, "{name}");
        }
        assert_eq!((CP850.chars().count(), CP437.chars().count()), (128, 128));
    }

    #[test]
    fn what_means_nothing_is_said_with_its_place() {
        let said = |name, bytes: &[u8]| Charset::named(name).unwrap().decode(bytes).unwrap_err().to_string();
        assert_eq!(said("utf-8", b"caf\xe9"), "the byte 0xe9 at 3 means nothing in utf-8");
        assert_eq!(said("utf-8", b"\xef\xbb\xbfcaf\xe9"), "the byte 0xe9 at 6 means nothing in utf-8");
        assert_eq!(said("iso-8859-3", b"ab\xa5"), "the byte 0xa5 at 2 means nothing in ISO-8859-3");
        for (name, why) in [
            ("utf-9", NotACharset::Unknown),
            ("", NotACharset::Unknown),
            ("utf-16le", NotACharset::NotYet),
            ("shift_jis", NotACharset::NotYet),
            ("gb18030", NotACharset::NotYet),
        ] {
            assert_eq!(Charset::named(name), Err(why), "{name}");
        }
    }
}
