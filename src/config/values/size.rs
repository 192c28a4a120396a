//! Sizes: `10MB` is 10^7 bytes, `10MiB` is 10 × 2^20.

use super::{
    Fault,
    quantity::{Wanted, quantity},
};
use crate::domain::SIZE_UNITS;

const SIZE: Wanted = Wanted { what: "a size", examples: "512B, 64KiB, 10MB or 2GB", units: &SIZE_UNITS };

/// Bytes; at most what SQLite can hold (2^63 - 1).
///
/// # Errors
/// What is wrong with the text.
pub fn size(text: &str) -> Result<u64, Fault> {
    quantity(text, &SIZE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_and_binary_units_differ() {
        for (text, bytes) in [
            ("0B", 0),
            ("512B", 512),
            ("1kB", 1000),
            ("1KB", 1000),
            ("1KiB", 1024),
            ("10MB", 10_000_000),
            ("10MiB", 10_485_760),
            ("2GB", 2_000_000_000),
            ("1TiB", 1_099_511_627_776),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "10", "10 MB", "MB", "1.5GB", "10mb", "-1B", "9999999TiB", "10MB/s"] {
            assert!(size(text).is_err(), "{text}");
        }
        assert_eq!(size("10mb").unwrap_err().hint.as_deref(), Some("did you mean `10MB`?"));
    }
}
