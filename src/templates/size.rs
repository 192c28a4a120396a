//! Sizes as people write and read them: `20MB` is 20 · 10⁶ bytes, `20MiB` is 20 · 2²⁰.

use crate::domain::SIZE_UNITS;

/// Bytes of `20MB`, a whole number and its unit, at most 2^63 - 1; `None` for anything else. As `config` reads a size,
/// which a test in `rules` holds us to.
pub(super) fn parse(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let (_, factor) = SIZE_UNITS.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*factor).filter(|bytes| i64::try_from(*bytes).is_ok())
}

/// `12.3 MB`: three digits or one decimal, powers of ten.
pub(super) fn show(bytes: u64) -> String {
    let mut factor = 1_000u64;
    if bytes < factor {
        return format!("{bytes} B");
    }
    for unit in ["kB", "MB", "GB", "TB"] {
        // In tenths, rounded to the nearest, so that 999,950 bytes are 1.0 MB and not 1000.0 kB.
        let tenths = (u128::from(bytes) * 10 + u128::from(factor) / 2) / u128::from(factor);
        if tenths < 10_000 || unit == "TB" {
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
        factor *= 1_000;
    }
    format!("{bytes} B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_read_is_short() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (48_200_000, "48.2 MB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (2_400_000_000, "2.4 GB"),
            (u64::MAX, "18446744.1 TB"),
        ] {
            assert_eq!(show(bytes), text);
        }
    }
}
