//! Certificates for test servers: a good one, and the bad ones that a client must refuse.

use packetboat::ftp::server::Certificate;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// What a server shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shown {
    /// For `localhost` and 127.0.0.1, by the authority in `ca_pem`.
    #[default]
    Good,
    /// For another name.
    WrongName,
    /// By an authority that is not the one in `ca_pem`.
    UnknownAuthority,
    /// Good in 1999.
    Expired,
    /// Signed by itself and its own authority, as `openssl req -x509` makes it.
    SelfSigned,
}

/// A certificate on disk, as servers want it.
#[derive(Debug, Clone)]
pub struct CertificateFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// Key and certificate in one file.
    pub both: PathBuf,
    /// What a client is given to trust.
    pub ca: PathBuf,
    /// SHA-256 of the DER form of the certificate that is shown.
    pub sha256: [u8; 32],
}

/// Makes one and writes its files into `folder`.
pub fn write(shown: Shown, folder: &Path) -> CertificateFiles {
    let good = || Certificate::for_names(&["localhost", "127.0.0.1"]).unwrap();
    let made = match shown {
        Shown::Good => good(),
        Shown::WrongName => Certificate::for_names(&["elsewhere.example"]).unwrap(),
        Shown::UnknownAuthority => Certificate { ca_pem: good().ca_pem, ..good() },
        Shown::Expired | Shown::SelfSigned => alone(shown),
    };
    let files = CertificateFiles {
        certificate: folder.join("certificate.pem"),
        key: folder.join("key.pem"),
        both: folder.join("both.pem"),
        ca: folder.join("ca.pem"),
        sha256: made.sha256,
    };
    fs::write(&files.certificate, &made.pem).unwrap();
    fs::write(&files.key, &made.key_pem).unwrap();
    fs::write(&files.both, format!("{}{}", made.key_pem, made.pem)).unwrap();
    fs::write(&files.ca, &made.ca_pem).unwrap();
    files
}

/// One that the good maker does not make.
fn alone(shown: Shown) -> Certificate {
    use sha2::Digest;
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(names).unwrap();
    let (made, ca_pem) = if shown == Shown::Expired {
        params.not_before = date_time_ymd(1998, 1, 1);
        params.not_after = date_time_ymd(1999, 12, 31);
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority_key = KeyPair::generate().unwrap();
        let ca_pem = authority.self_signed(&authority_key).unwrap().pem();
        (params.signed_by(&key, &rcgen::Issuer::new(authority, authority_key)).unwrap(), ca_pem)
    } else {
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let made = params.self_signed(&key).unwrap();
        let pem = made.pem();
        (made, pem)
    };
    let sha256 = sha2::Sha256::digest(made.der()).into();
    Certificate { pem: made.pem(), key_pem: key.serialize_pem(), ca_pem, sha256 }
}
