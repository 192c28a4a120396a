//! A connection, plain or encrypted, that can be reset.

use super::certificates::CertificateFiles;
use rustls::{
    HandshakeKind, RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use std::{io, path::Path, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

const BETWEEN_BYTES: Duration = Duration::from_millis(10);

pub enum Channel {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Channel {
    pub fn plain(stream: TcpStream) -> Self {
        // A reply in two packets would be a fault that no script asked for.
        let _ = stream.set_nodelay(true);
        Self::Plain(stream)
    }

    /// The server's side of a handshake.
    pub async fn encrypt(self, config: Arc<ServerConfig>) -> io::Result<Self> {
        match self {
            Self::Plain(stream) => Ok(Self::Tls(Box::new(TlsAcceptor::from(config).accept(stream).await?))),
            Self::Tls(_) => Err(io::Error::other("encrypted already")),
        }
    }

    pub fn is_resumed(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(stream) => stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed),
        }
    }

    pub async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer).await,
            Self::Tls(stream) => stream.read(buffer).await,
        }
    }

    /// In one packet, where it fits.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.write_all(bytes).await,
            Self::Tls(stream) => {
                stream.write_all(bytes).await?;
                stream.flush().await
            }
        }
    }

    pub async fn write_slowly(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut pause = tokio::time::interval(BETWEEN_BYTES);
        for byte in bytes {
            pause.tick().await;
            self.write(&[*byte]).await?;
        }
        Ok(())
    }

    /// Reads and drops everything until the client leaves.
    pub async fn ignore(&mut self) {
        let mut buffer = [0; 4096];
        while self.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
    }

    /// Ends orderly, with TLS's goodbye.
    pub async fn close(mut self) -> io::Result<()> {
        match &mut self {
            Self::Plain(stream) => stream.shutdown().await,
            Self::Tls(stream) => stream.shutdown().await,
        }
    }

    /// Ends with a reset.
    pub fn reset(self) {
        let stream = match &self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
        };
        stream.set_zero_linger().unwrap();
    }
}

/// What a server shows, with this many TLS 1.3 tickets; with an authority, to clients that show a certificate of its.
pub fn encryption(files: &CertificateFiles, tickets: usize, clients: Option<&Path>) -> Arc<ServerConfig> {
    let chain = CertificateDer::pem_file_iter(&files.certificate).unwrap().collect::<Result<_, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_file(&files.key).unwrap();
    let provider = Arc::new(ring::default_provider());
    let verifier = match clients {
        None => WebPkiClientVerifier::no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_file(authority).unwrap()).unwrap();
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().unwrap()
        }
    };
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .unwrap();
    config.ticketer = ring::Ticketer::new().unwrap();
    config.send_tls13_tickets = tickets;
    Arc::new(config)
}
