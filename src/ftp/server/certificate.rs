//! A certificate of its own for a server on this machine: an authority made on the spot, and one leaf it signs.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// A server's certificate, its key, and the authority to trust for it.
///
/// Two certificates and not one signed by itself: rustls refuses an authority that is also used as a server's own.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The server's certificate, PEM.
    pub pem: String,
    /// The server's private key, PEM.
    pub key_pem: String,
    /// The authority that signed it, PEM: what a client's `ca_file` holds.
    pub ca_pem: String,
    /// SHA-256 of the server's certificate in DER form: what a client's `pin_sha256` holds.
    pub sha256: [u8; 32],
}

/// The certificate could not be made: a name is no DNS name or address, or the machine gave no randomness.
#[derive(Debug, Error)]
#[error("could not make a certificate: {0}")]
pub struct CertificateError(#[from] rcgen::Error);

impl Certificate {
    /// A fresh certificate for these DNS names and addresses, signed by an authority that nothing else trusts.
    ///
    /// # Errors
    /// When a name cannot stand in a certificate.
    pub fn for_names(names: &[&str]) -> Result<Self, CertificateError> {
        let mut authority = CertificateParams::new(Vec::new())?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.distinguished_name.push(DnType::CommonName, "Packetboat's own authority");
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let authority_key = KeyPair::generate()?;
        let ca_pem = authority.self_signed(&authority_key)?.pem();
        let issuer = Issuer::new(authority, authority_key);

        let mut leaf = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())?;
        leaf.distinguished_name.push(DnType::CommonName, "Packetboat's own FTP server");
        leaf.use_authority_key_identifier_extension = true;
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let certificate = leaf.signed_by(&key, &issuer)?;
        Ok(Self {
            pem: certificate.pem(),
            key_pem: key.serialize_pem(),
            ca_pem,
            sha256: Sha256::digest(certificate.der()).into(),
        })
    }
}
