//! Our side of TLS with those who come to a door: one certificate, for everybody.

use crate::config::Secret;
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    version::{TLS12, TLS13},
};
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// TLS for every connection of a door.
#[derive(Clone)]
pub struct ServerTls(TlsAcceptor);

/// A certificate that cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error("`certificate` {} cannot be used: {why}", file.display())]
    Certificate { file: PathBuf, why: String },
    #[error("`key` cannot be used: {0}")]
    Key(String),
}

impl ServerTls {
    /// Reads the certificate, with those that lead to its root, and proves that the key is its own: not for an async thread.
    ///
    /// # Errors
    /// The setting that cannot work.
    pub fn new(certificate: &Path, key: &Secret) -> Result<Self, CertificateError> {
        let wrong = |why: String| CertificateError::Certificate { file: certificate.to_owned(), why };
        let chain = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let chain = chain.map_err(|why| wrong(why.to_string()))?;
        if chain.is_empty() {
            return Err(wrong("there is no certificate in it (PEM)".to_owned()));
        }
        let key = PrivateKeyDer::from_pem_slice(key.reveal().as_bytes());
        let key = key.map_err(|why| CertificateError::Key(format!("{why} (PEM)")))?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS12, &TLS13])
            .map_err(|why| wrong(why.to_string()))?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|why| CertificateError::Key(why.to_string()))?;
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    /// Makes a connection secure.
    ///
    /// # Errors
    /// When the client does not, or breaks off.
    pub async fn accept(&self, tcp: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        self.0.accept(tcp).await
    }
}

impl std::fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServerTls(…)")
    }
}
