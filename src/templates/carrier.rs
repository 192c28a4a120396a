//! File names are bytes and templates are text: bytes that are no UTF-8 travel through a rendering as private characters.
//!
//! U+10FF80 to U+10FFFF stand for the bytes 0x80 to 0xFF. A name that holds one of these characters itself (valid, if
//! odd) has its four bytes carried one by one, so every name comes back byte for byte and no two names meet.

const FIRST: u32 = 0x0010_FF00;
const LAST: u32 = 0x0010_FFFF;

/// Stands where nothing was inserted on purpose: the folder of a file that lies at the root.
pub(super) const NOTHING: char = '\u{10FF00}';

/// Whether a template may not hold `letter`, because we would take it for a carried byte.
pub(super) fn is_carrier(letter: char) -> bool {
    (FIRST..=LAST).contains(&u32::from(letter))
}

/// Bytes as text for the engine.
pub(super) fn to_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for letter in chunk.valid().chars() {
            if is_carrier(letter) {
                text.extend(letter.encode_utf8(&mut [0; 4]).bytes().map(carry));
            } else {
                text.push(letter);
            }
        }
        text.extend(chunk.invalid().iter().copied().map(carry));
    }
    text
}

/// Text from the engine as bytes.
pub(super) fn to_bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for letter in text.chars() {
        match carried(letter) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}

fn carry(byte: u8) -> char {
    char::from_u32(FIRST + u32::from(byte)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// ASCII is never carried, so no `/` and no dot can hide behind a carrier.
fn carried(letter: char) -> Option<u8> {
    u8::try_from(u32::from(letter).checked_sub(FIRST)?).ok().filter(|byte| !byte.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn utf8_passes_as_itself() {
        assert_eq!(to_text("Grüße €.pdf".as_bytes()), "Grüße €.pdf");
    }

    #[test]
    fn a_name_that_holds_a_carrier_is_not_taken_for_the_byte() {
        let honest = "\u{10FFE9}".as_bytes();
        assert_ne!(to_text(honest), to_text(b"\xe9"));
        assert_eq!(to_bytes(&to_text(honest)), honest);
        assert_eq!(to_bytes(&to_text("\u{10FF00}".as_bytes())), "\u{10FF00}".as_bytes());
    }

    proptest! {
        #[test]
        fn every_name_comes_back_byte_for_byte(bytes: Vec<u8>) {
            prop_assert_eq!(to_bytes(&to_text(&bytes)), bytes);
        }

        #[test]
        fn names_with_carriers_in_them_come_back_too(letters in "[a\u{10FF00}-\u{10FFFF}é]{0,8}", tail: Vec<u8>) {
            let bytes = [letters.as_bytes(), &tail].concat();
            prop_assert_eq!(to_bytes(&to_text(&bytes)), bytes);
        }
    }
}
