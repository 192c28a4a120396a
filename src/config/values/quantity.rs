//! A whole number and its unit, as in `10MB`.

use super::Fault;

/// What kind of quantity is read, for messages.
pub struct Wanted {
    /// `a span of time`
    pub what: &'static str,
    /// `10s 5m 24h 7d`
    pub examples: &'static str,
    /// Units, each with what it multiplies by.
    pub units: &'static [(&'static str, u64)],
}

/// The number times its unit.
pub fn quantity(text: &str, wanted: &Wanted) -> Result<u64, Fault> {
    let Wanted { what, examples, units } = wanted;
    let written = || format!("{what} is written {examples}");
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    if number.is_empty() {
        return Err(Fault::new(format!("`{text}` is not {what}"), written()));
    }
    if unit.is_empty() {
        let example = units.first().map_or("", |(unit, _)| unit);
        return Err(Fault::new(format!("`{text}` has no unit"), format!("{}; `{text}{example}`?", written())));
    }
    let Some((_, factor)) = units.iter().find(|(name, _)| *name == unit) else {
        let near = units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit.trim()));
        let hint = near.map_or_else(written, |(name, _)| format!("did you mean `{number}{name}`?"));
        return Err(Fault::new(format!("`{unit}` is not a unit of {what}"), hint).at(digits..text.len()));
    };
    let value = number.parse::<u64>().ok().and_then(|number| number.checked_mul(*factor));
    value
        .filter(|value| i64::try_from(*value).is_ok())
        .ok_or_else(|| Fault::new(format!("`{text}` is too large"), written()))
}
