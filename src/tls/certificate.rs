//! The two things we tell people about a certificate: its SHA-256 and when it ends (X.509, RFC 5280 section 4.1).

use crate::domain::Sha256;
use chrono::NaiveDateTime;

/// SHA-256 of the whole certificate in DER, as `pin_sha256` and `openssl x509 -fingerprint -sha256` have it.
pub(super) fn sha256(der: &[u8]) -> Sha256 {
    Sha256::of(der)
}

/// Seconds since 1970 UTC at which the certificate ends. `None` for what is not plainly a certificate: this is for display, never for trust.
pub(super) fn not_after(der: &[u8]) -> Option<i64> {
    let certificate = Element::first(der)?;
    let to_be_signed = Element::first(certificate.body)?;
    let first = Element::first(to_be_signed.body)?;
    // Version 1 leaves its version out, so the serial number comes first.
    let skipped = if first.tag == 0xa0 { 4 } else { 3 };
    let validity = (0..skipped).try_fold(first, |element, _| Element::first(element.rest))?;
    let end = Element::first(Element::first(validity.body)?.rest)?;
    let text = std::str::from_utf8(end.body).ok()?;
    let digits = match end.tag {
        // UTCTime has two digits of the year: 50 and later are of the last century.
        0x17 if text.get(..2)? >= "50" => format!("19{text}"),
        0x17 => format!("20{text}"),
        0x18 => text.to_owned(),
        _ => return None,
    };
    Some(NaiveDateTime::parse_from_str(&digits, "%Y%m%d%H%M%SZ").ok()?.and_utc().timestamp())
}

/// One element of DER and what follows it.
struct Element<'a> {
    tag: u8,
    body: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Element<'a> {
    fn first(der: &'a [u8]) -> Option<Self> {
        let (&[tag, short], rest) = der.split_first_chunk::<2>()?;
        let (length, rest) = match short {
            0..=0x7f => (usize::from(short), rest),
            0x81..=0x84 => {
                let (long, rest) = rest.split_at_checked(usize::from(short & 0x7f))?;
                (long.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
            }
            _ => return None,
        };
        let (body, rest) = rest.split_at_checked(length)?;
        Some(Self { tag, body, rest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_certificate_is_read_from_its_der() {
        let mut params = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        for (year, seconds) in [(2031, 1_924_992_000), (2061, 2_871_763_200)] {
            params.not_after = rcgen::date_time_ymd(year, 1, 1);
            let der = params.self_signed(&key).unwrap();
            assert_eq!(not_after(der.der()), Some(seconds));
        }
    }

    #[test]
    fn what_is_no_certificate_has_no_end() {
        for der in [&b""[..], b"\x30", b"\x30\x84\xff\xff\xff\xff", b"\x30\x03\x30\x01\x00", &[0xff; 64]] {
            assert_eq!(not_after(der), None);
        }
    }
}
