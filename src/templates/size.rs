//! Sizes as people write them: `20MB` is 20 · 10⁶ bytes, `20MiB` is 20 · 2²⁰.

use crate::domain::SIZE_UNITS;

/// Bytes of `20MB`, a whole number and its unit, at most 2^63 - 1; `None` for anything else. As `config` reads a size,
/// which a test in `rules` holds us to.
pub(super) fn parse(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let (_, factor) = SIZE_UNITS.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*factor).filter(|bytes| i64::try_from(*bytes).is_ok())
}
