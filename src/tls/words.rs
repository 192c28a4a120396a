//! A failed handshake in words that say what to do.

use crate::{
    domain::Escaped,
    tls::{Seen, client::Remedy},
};
use rustls::{AlertDescription, CertificateError, Error};

/// What an operator should read when a handshake with `host` failed with `error`.
pub(super) fn explain(error: &Error, host: &str, (seen, remedy): (Option<Seen>, Remedy)) -> String {
    let wrong = match error {
        Error::InvalidCertificate(wrong) => wrong,
        Error::AlertReceived(_) if remedy == Remedy::System => {
            return format!("the TLS handshake with {host} failed: {error}");
        }
        Error::AlertReceived(AlertDescription::CertificateRequired) => {
            return format!(
                "{host} asks for a certificate of ours ({error}): name it as `client_certificate` and `client_key`"
            );
        }
        // TLS 1.2 has no better word for it.
        Error::AlertReceived(AlertDescription::HandshakeFailure) => {
            return format!(
                "the TLS handshake with {host} failed ({error}): it may ask for a certificate of ours, `client_certificate` and `client_key`"
            );
        }
        _ => return format!("the TLS handshake with {host} failed: {error}"),
    };
    let hash = seen.map_or_else(String::new, |seen| seen.sha256.to_string());
    let (name_it, know_it, or_pin) = match remedy {
        Remedy::Settings => {
            let pin = format!("if it is the right one, pin it: pin_sha256: {hash}");
            ("correct `host`", format!("name that authority's file as `ca_file`, or, {pin}"), format!("; {pin}"))
        }
        Remedy::System => {
            let know = "add that authority to the certificates that this machine trusts".to_owned();
            ("correct the address", know, String::new())
        }
    };
    match wrong {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            let ended = seen.and_then(Seen::last_day).map_or_else(String::new, |day| format!(" on {day}"));
            format!("the certificate of {host} expired{ended}: the server needs a new one{or_pin}")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            format!("the certificate of {host} is not valid yet: compare the clocks of both machines")
        }
        CertificateError::NotValidForNameContext { presented, .. } => {
            let names = if presented.is_empty() {
                "no name at all".to_owned()
            } else {
                presented.iter().map(|name| bare(name)).collect::<Vec<_>>().join(", ")
            };
            let names = Escaped(names.as_bytes()).to_string();
            format!("the certificate is not for {host} but for {names}: {name_it}{or_pin}")
        }
        CertificateError::NotValidForName => format!("the certificate is not for {host}: {name_it}{or_pin}"),
        // A bad signature: an authority of the same name with another key.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            format!("the certificate of {host} comes from an authority we do not know: {know_it}")
        }
        CertificateError::ApplicationVerificationFailure => format!(
            "the certificate of {host} is not the pinned one: it has SHA-256 {hash}; ask the server's operator before you change pin_sha256"
        ),
        // webpki's name for the usual `openssl req -x509` certificate, which says of itself that it is an authority.
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            format!("the certificate of {host} is self-signed and calls itself an authority{or_pin}")
        }
        other => format!("the certificate of {host} is not acceptable ({other}){or_pin}"),
    }
}

/// `other.example` of `DnsName("other.example")`, as rustls hands it on.
fn bare(name: &str) -> &str {
    name.split_once("(\"").and_then(|(_, rest)| rest.strip_suffix("\")")).unwrap_or(name)
}
