//! The server's side of TLS: one configuration for control and data connections, so that sessions resume.

use super::StartError;
use crate::config::TlsVersion;
use rustls::{
    ServerConfig,
    crypto::ring::{Ticketer, default_provider},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    version::{TLS12, TLS13},
};
use std::{path::PathBuf, sync::Arc};

/// What a server shows and speaks.
#[derive(Debug, Clone)]
pub struct ServerTls {
    /// PEM, the server's own first.
    pub certificate: PathBuf,
    /// PEM.
    pub key: PathBuf,
    /// The newest version; the oldest is always 1.2.
    pub max: TlsVersion,
}

impl ServerTls {
    pub(super) fn load(&self) -> Result<Arc<ServerConfig>, StartError> {
        let unusable = |path: &PathBuf, why: String| StartError::Certificate { path: path.clone(), why };
        let chain = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect)
            .map_err(|error| unusable(&self.certificate, error.to_string()))?;
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| unusable(&self.key, error.to_string()))?;
        let versions: &[_] = match self.max {
            TlsVersion::V1_2 => &[&TLS12],
            TlsVersion::V1_3 => &[&TLS12, &TLS13],
        };
        let refused = |error: rustls::Error| unusable(&self.certificate, error.to_string());
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(versions)
            .map_err(refused)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(refused)?;
        config.ticketer = Ticketer::new().map_err(refused)?;
        Ok(Arc::new(config))
    }
}
