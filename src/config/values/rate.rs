//! Rates: `600/h` of things, `2MB/s` of bytes.

use super::{
    Fault,
    quantity::{Wanted, quantity},
};
use crate::domain::{ByteRate, SIZE_UNITS};
use std::time::Duration;

const BYTES: Wanted = Wanted { what: "a bandwidth", examples: "500KB/s, 2MB/s or 10MiB/s", units: &SIZE_UNITS };

/// Bytes a second, more than none.
///
/// # Errors
/// What is wrong with the text.
pub fn byte_rate(text: &str) -> Result<ByteRate, Fault> {
    let written = format!("{} is written {}", BYTES.what, BYTES.examples);
    let Some(amount) = text.strip_suffix("/s") else {
        return Err(Fault::new(format!("`{text}` is not a bandwidth"), written));
    };
    match quantity(amount, &BYTES)? {
        0 => Err(Fault::new("a bandwidth of nothing sends nothing", "leave the key out for no limit")),
        bytes => Ok(ByteRate(bytes)),
    }
}

/// So many in a second, minute, hour or day.
///
/// # Errors
/// What is wrong with the text.
pub fn rate(text: &str) -> Result<(u32, Duration), Fault> {
    let wrong = || Fault::new(format!("`{text}` is not a rate"), "a rate is written 20/s, 100/m, 600/h or 5000/d");
    let (number, unit) = text.split_once('/').ok_or_else(wrong)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(wrong().at(number.len() + 1..text.len())),
    };
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    match number.parse() {
        Ok(0) => Err(Fault::new("a rate of none lets nothing through", "`paused: true` holds a rule")),
        Ok(number) => Ok((number, Duration::from_secs(seconds))),
        Err(_) => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_and_a_span() {
        assert_eq!(rate("600/h"), Ok((600, Duration::from_secs(3600))));
        assert_eq!(rate("20/s"), Ok((20, Duration::from_secs(1))));
        for text in ["", "600", "600/", "/h", "600/w", "0/s", "+6/h", "1.5/s", "99999999999/s", "600 / h", "20/s/s"] {
            assert!(rate(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_bandwidth_is_a_size_a_second() {
        assert_eq!(byte_rate("2MB/s"), Ok(ByteRate(2_000_000)));
        assert_eq!(byte_rate("10MiB/s"), Ok(ByteRate(10_485_760)));
        for text in ["2MB", "2/s", "0B/s", "2MB/h", "MB/s", "2Mbit/s"] {
            assert!(byte_rate(text).is_err(), "{text}");
        }
    }
}
