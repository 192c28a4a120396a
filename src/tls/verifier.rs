//! Who may be the server: by authority and name as usual, or exactly one certificate; and what was seen, for the message.

use crate::{domain::Sha256, tls::certificate};
use rustls::{
    CertificateError, DigitallySignedStruct, Error, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use std::sync::{Arc, Mutex, PoisonError};

/// The certificate a server showed, trusted or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    pub sha256: Sha256,
    /// When it ends: seconds since 1970 UTC.
    pub not_after: Option<i64>,
}

impl Seen {
    /// The day on which it ends, as `2026-11-22`.
    #[must_use]
    pub fn last_day(self) -> Option<String> {
        Some(chrono::DateTime::from_timestamp(self.not_after?, 0)?.format("%Y-%m-%d").to_string())
    }
}

#[derive(Debug)]
pub(super) enum Trust {
    /// A chain to an authority, and the name we connected to.
    Authorities(Arc<WebPkiServerVerifier>),
    /// This certificate whatever it says of itself: its dates, its name, its issuer.
    Pinned(Sha256),
}

#[derive(Debug)]
pub(super) struct Verifier {
    pub trust: Trust,
    pub algorithms: WebPkiSupportedAlgorithms,
    pub seen: Mutex<Option<Seen>>,
}

impl Verifier {
    pub(super) fn seen(&self) -> Option<Seen> {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let seen = Seen { sha256: certificate::sha256(end_entity), not_after: certificate::not_after(end_entity) };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
        match &self.trust {
            Trust::Authorities(usual) => {
                usual.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            }
            Trust::Pinned(pin) if *pin == seen.sha256 => Ok(ServerCertVerified::assertion()),
            Trust::Pinned(_) => Err(CertificateError::ApplicationVerificationFailure.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
