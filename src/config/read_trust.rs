//! Whom a server's certificate is compared with, and the certificate that we show.

use super::{
    Secret,
    fields::Fields,
    read,
    read_secret::{secret, variable_name},
    sheet::{Problem, Sheet},
    surroundings::Surroundings,
    values::Fault,
    yaml::Node,
};
use std::path::PathBuf;

/// Whom to trust as a server, and what to show it of ourselves.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Trust this CA file instead of the system's store.
    pub ca_file: Option<PathBuf>,
    /// Trust exactly the certificate with this SHA-256 (of its DER form).
    pub pin_sha256: Option<[u8; 32]>,
    /// PEM chain and key.
    pub client_certificate: Option<(PathBuf, Secret)>,
}

/// `ca_file`, `pin_sha256`, `client_certificate` and `client_key` of a server.
pub(super) fn trust(fields: &Fields<'_>, sheet: &Sheet, name: &str, around: &Surroundings<'_>) -> Option<Trust> {
    let ca_file = fields.need("ca_file", |sheet, node| maybe_file(sheet, node, around));
    let pin_sha256 = fields.need("pin_sha256", read::spelt("a SHA-256 in hex", pin));
    let client_certificate = client_certificate(fields, sheet, name, around);
    Some(Trust { ca_file: ca_file?, pin_sha256: pin_sha256?, client_certificate: client_certificate? })
}

/// A file that is there, or `""` for none.
pub(super) fn maybe_file(sheet: &Sheet, node: &Node, around: &Surroundings<'_>) -> Option<Option<PathBuf>> {
    let written = read::text(sheet, node)?;
    if written.is_empty() {
        return Some(None);
    }
    let path = around.path(&written);
    match std::fs::metadata(&path) {
        Ok(found) if found.is_file() => Some(Some(path)),
        Ok(_) => {
            sheet.report(Problem::error(&node.at, format!("{} is not a file", path.display())));
            None
        }
        Err(error) => {
            sheet.report(Problem::error(&node.at, format!("{} cannot be read: {error}", path.display())));
            None
        }
    }
}

/// 64 hex digits, colons and case as `openssl x509 -fingerprint` prints them.
fn pin(text: &str) -> Result<Option<[u8; 32]>, Fault> {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b':').collect();
    if digits.is_empty() {
        return Ok(None);
    }
    let nibbles: Option<Vec<u8>> = digits
        .iter()
        .map(|digit| char::from(*digit).to_digit(16).and_then(|nibble| u8::try_from(nibble).ok()))
        .collect();
    let bytes = nibbles.map(|nibbles| {
        nibbles.chunks(2).map(|pair| pair.iter().fold(0, |byte, nibble| byte << 4 | nibble)).collect::<Vec<u8>>()
    });
    match bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()).filter(|_| digits.len() == 64) {
        Some(pin) => Ok(Some(pin)),
        None => Err(Fault::new(
            match digits.iter().find(|digit| !digit.is_ascii_hexdigit()) {
                Some(other) => format!("a SHA-256 has 64 hex digits, and `{}` is none", other.escape_ascii()),
                None => format!("a SHA-256 has 64 hex digits, and here are {}", digits.len()),
            },
            "`openssl x509 -in certificate.pem -noout -fingerprint -sha256` prints it",
        )),
    }
}

/// Certificate and key, both or none.
fn client_certificate(
    fields: &Fields<'_>,
    sheet: &Sheet,
    name: &str,
    around: &Surroundings<'_>,
) -> Option<Option<(PathBuf, Secret)>> {
    let certificate = fields.need("client_certificate", |sheet, node| maybe_file(sheet, node, around))?;
    let key = fields.entry("client_key");
    match (certificate, key) {
        (None, None) => Some(None),
        (Some(path), Some(key)) => {
            secret(sheet, &key.value, &variable_name(name, "KEY"), around).map(|secret| Some((path, secret)))
        }
        (Some(_), None) => {
            let at = fields.entry("client_certificate").map_or(fields.at(), |entry| &entry.key.at);
            sheet.report(
                Problem::error(at, "a certificate without its key").hint("add `client_key: { file: acme.key }`"),
            );
            None
        }
        (None, Some(key)) => {
            let problem = Problem::error(&key.key.at, "a key without its certificate");
            sheet.report(problem.hint("add `client_certificate: acme.pem`"));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_read_as_tools_print_it() {
        let plain = "00112233445566778899aabbccddeeff".repeat(2);
        let colons = plain
            .to_uppercase()
            .as_bytes()
            .chunks(2)
            .map(|pair| String::from_utf8_lossy(pair))
            .collect::<Vec<_>>()
            .join(":");
        for text in [plain.as_str(), &colons] {
            let pin = pin(text).unwrap().unwrap();
            assert_eq!((pin[0], pin[1], pin[31]), (0x00, 0x11, 0xff), "{text}");
        }
        assert_eq!(pin(""), Ok(None));
        for text in [&plain[1..], &format!("{plain}0"), &plain.replace('0', "g"), "sha256//AAAA", "é"] {
            assert!(pin(text).is_err(), "{text}");
        }
    }
}
