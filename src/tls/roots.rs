//! The certificate authorities we trust: the system's, read once, or those of a file.

use crate::tls::SettingError;
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use std::{
    path::Path,
    sync::{Arc, OnceLock},
};

static SYSTEM: OnceLock<Arc<RootCertStore>> = OnceLock::new();

/// The system's store. Reads files the first time; a store that cannot be read is not remembered.
pub(super) fn system() -> Result<Arc<RootCertStore>, SettingError> {
    if let Some(roots) = SYSTEM.get() {
        return Ok(Arc::clone(roots));
    }
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = found.errors.first().map_or_else(|| "it is empty".to_owned(), ToString::to_string);
        return Err(SettingError::NoRoots(why));
    }
    Ok(Arc::clone(SYSTEM.get_or_init(|| Arc::new(roots))))
}

/// Every certificate of a PEM file.
pub(super) fn of_file(file: &Path) -> Result<Arc<RootCertStore>, SettingError> {
    let wrong = |why: String| SettingError::CaFile { file: file.to_owned(), why };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| wrong(error.to_string()))? {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(wrong("there is no certificate in it".to_owned()));
    }
    Ok(Arc::new(roots))
}
