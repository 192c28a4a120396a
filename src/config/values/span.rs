//! Spans of time: `10s`, `5m`, `24h`, `7d`.

use super::{
    Fault,
    quantity::{Wanted, quantity},
};
use std::time::Duration;

const SPAN: Wanted = Wanted {
    what: "a span of time",
    examples: "500ms, 10s, 5m, 24h or 7d",
    units: &[("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("ms", 1)],
};

/// A hundred years: what `due_at` and the calendar can still hold.
const LONGEST: Duration = Duration::from_secs(100 * 366 * 86_400);

/// One number and one unit; at most a hundred years.
///
/// # Errors
/// What is wrong with the text.
pub fn span(text: &str) -> Result<Duration, Fault> {
    let span = Duration::from_millis(quantity(text, &SPAN)?);
    if span > LONGEST {
        return Err(Fault::new(format!("`{text}` is longer than a hundred years"), "a span is at most 36600d"));
    }
    Ok(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_number_and_a_unit() {
        for (text, milliseconds) in
            [("0s", 0), ("250ms", 250), ("10s", 10_000), ("5m", 300_000), ("24h", 86_400_000), ("7d", 604_800_000)]
        {
            assert_eq!(span(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in
            ["", "s", "5", "5 m", "1h30m", "-5s", "1.5h", "5S ", "5M", "5w", "99999999999999999999s", "36601d", "٣s"]
        {
            let fault = span(text).unwrap_err();
            assert!(fault.hint.is_some(), "{text}");
        }
        assert_eq!(span("5H").unwrap_err().hint.as_deref(), Some("did you mean `5h`?"));
        assert_eq!(span("5x").unwrap_err().range, Some(1..2));
    }
}
