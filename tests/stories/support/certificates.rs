//! Certificates for test servers: a good one, and the bad ones that a client must refuse.

use packetboat::ftp::server::Certificate;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use sha2::Digest;
use std::{
    fs,
    os::unix::fs::PermissionsExt,
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

/// A certificate on disk, as programs want it.
#[derive(Debug, Clone)]
pub struct CertificateFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// Key and certificate in one file.
    pub both: PathBuf,
    /// What the other side is given to trust.
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
    files_of(&made, folder)
}

/// Makes one for a client, by an authority of its own (`ca`), and writes its files into `folder`, which is made.
pub fn write_for_client(folder: &Path) -> CertificateFiles {
    fs::create_dir(folder).unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    files_of(&by_an_authority(&params), folder)
}

fn files_of(made: &Certificate, folder: &Path) -> CertificateFiles {
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
    fs::set_permissions(&files.key, PermissionsExt::from_mode(0o600)).unwrap();
    fs::write(&files.ca, &made.ca_pem).unwrap();
    files
}

/// One that the good maker does not make.
fn alone(shown: Shown) -> Certificate {
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let mut params = CertificateParams::new(names).unwrap();
    if shown == Shown::Expired {
        params.not_before = date_time_ymd(1998, 1, 1);
        params.not_after = date_time_ymd(1999, 12, 31);
        return by_an_authority(&params);
    }
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let made = params.self_signed(&key).unwrap();
    certificate(&made, &key, made.pem())
}

fn by_an_authority(params: &CertificateParams) -> Certificate {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // One that has the name of what it signs is taken for self-signed.
    authority.distinguished_name.push(DnType::CommonName, "An authority");
    let authority_key = KeyPair::generate().unwrap();
    let ca_pem = authority.self_signed(&authority_key).unwrap().pem();
    let key = KeyPair::generate().unwrap();
    let made = params.signed_by(&key, &Issuer::new(authority, authority_key)).unwrap();
    certificate(&made, &key, ca_pem)
}

fn certificate(made: &rcgen::Certificate, key: &KeyPair, ca_pem: String) -> Certificate {
    let sha256 = sha2::Sha256::digest(made.der()).into();
    Certificate { pem: made.pem(), key_pem: key.serialize_pem(), ca_pem, sha256 }
}
