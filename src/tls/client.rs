//! Our side of TLS with one server: a configuration and a session store for each conversation.

use crate::{
    config::{Secret, TlsVersion, Trust as Settings},
    domain::Sha256,
    tls::{
        Seen, roots,
        verifier::{Trust, Verifier},
        words,
    },
};
use rustls::{
    ClientConfig, SupportedProtocolVersion,
    client::{Resumption, WebPkiServerVerifier},
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
    version::{TLS12, TLS13},
};
use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

/// TLS for one conversation: an SMTP connection, or an FTP control connection and its data connections (RFC 4217).
///
/// FTP servers want each data connection to resume the session of *its* control connection: a store shared by several connections
/// hands out a stranger's session, and the server answers 425. In TLS 1.3 a session can be resumed as often as the server sent
/// tickets, which many do twice a connection: so 1.2 is the default.
#[derive(Clone)]
pub struct ClientTls {
    config: Arc<ClientConfig>,
    verifier: Arc<Verifier>,
    name: ServerName<'static>,
    host: String,
    remedy: Remedy,
}

/// What an operator can do about a certificate that is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// The keys of a server: `ca_file`, `pin_sha256`, `client_certificate`.
    Settings,
    /// An address on the web has none of them.
    System,
}

/// TLS settings that cannot work, whatever the server does.
#[derive(Debug, thiserror::Error)]
pub enum SettingError {
    #[error("`ca_file` {} cannot be used: {why}", file.display())]
    CaFile { file: PathBuf, why: String },
    #[error("the system's store of trusted certificates cannot be used: {0}; name a `ca_file` or a `pin_sha256`")]
    NoRoots(String),
    #[error("`client_certificate` {} cannot be used: {why}", file.display())]
    ClientCertificate { file: PathBuf, why: String },
    #[error("`host` {0} is neither a name nor an address")]
    Host(String),
    #[error("TLS cannot be set up: {0}")]
    Library(#[from] rustls::Error),
}

/// Why there is no TLS connection.
#[derive(Debug, thiserror::Error)]
pub enum TlsTrouble {
    /// The server showed a certificate that we do not accept. The message says what to do.
    #[error("{0}")]
    Certificate(String),
    /// They do not agree, or one of them broke the protocol.
    #[error("{0}")]
    Handshake(String),
    /// The connection broke before it was secure.
    #[error("the connection broke in the TLS handshake: {0}")]
    Broken(io::Error),
}

impl ClientTls {
    /// Reads the files that the settings name: not for an async thread.
    ///
    /// # Errors
    /// The setting that cannot work.
    pub fn for_connection(host: &str, settings: &Settings, most: TlsVersion) -> Result<Self, SettingError> {
        let host = host.to_owned();
        let name = ServerName::try_from(host.clone()).map_err(|_| SettingError::Host(host.clone()))?;
        let provider = Arc::new(ring::default_provider());
        let verifier = Arc::new(Verifier {
            trust: trust(settings, &provider)?,
            algorithms: provider.signature_verification_algorithms,
            seen: Mutex::default(),
        });
        let trusting = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions(most))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&verifier) as _);
        let mut config = match &settings.client_certificate {
            None => trusting.with_no_client_auth(),
            Some((file, key)) => {
                let (chain, key) = client_certificate(file, key)?;
                trusting.with_client_auth_cert(chain, key)?
            }
        };
        config.resumption = Resumption::in_memory_sessions(8);
        Ok(Self { config: Arc::new(config), verifier, name, host, remedy: Remedy::Settings })
    }

    /// The same for an address on the web: trusted as this machine trusts it.
    ///
    /// # Errors
    /// As [`ClientTls::for_connection`].
    pub fn for_web(host: &str) -> Result<Self, SettingError> {
        Ok(Self { remedy: Remedy::System, ..Self::for_connection(host, &Settings::default(), TlsVersion::V1_3)? })
    }

    /// Makes `tcp` secure. The first call is the control connection's; the later ones resume its session.
    ///
    /// # Errors
    /// Why it is not.
    pub async fn connect(&self, tcp: TcpStream) -> Result<TlsStream<TcpStream>, TlsTrouble> {
        let connector = TlsConnector::from(Arc::clone(&self.config));
        connector.connect(self.name.clone(), tcp).await.map_err(|error| self.trouble(error))
    }

    /// The certificate the server showed last.
    #[must_use]
    pub fn seen(&self) -> Option<Seen> {
        self.verifier.seen()
    }

    /// What an operator should read of a failure of TLS.
    #[must_use]
    pub fn trouble(&self, error: io::Error) -> TlsTrouble {
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match tls {
            Some(tls @ rustls::Error::InvalidCertificate(_)) => {
                TlsTrouble::Certificate(words::explain(tls, &self.host, (self.seen(), self.remedy)))
            }
            Some(tls) => TlsTrouble::Handshake(words::explain(tls, &self.host, (self.seen(), self.remedy))),
            None => TlsTrouble::Broken(error),
        }
    }
}

fn versions(most: TlsVersion) -> &'static [&'static SupportedProtocolVersion] {
    static ONLY_1_2: [&SupportedProtocolVersion; 1] = [&TLS12];
    static BOTH: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
    match most {
        TlsVersion::V1_2 => &ONLY_1_2,
        TlsVersion::V1_3 => &BOTH,
    }
}

fn trust(settings: &Settings, provider: &Arc<CryptoProvider>) -> Result<Trust, SettingError> {
    if let Some(pin) = settings.pin_sha256 {
        return Ok(Trust::Pinned(Sha256(pin)));
    }
    let roots = match &settings.ca_file {
        Some(file) => roots::of_file(file)?,
        None => roots::system()?,
    };
    WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider))
        .build()
        .map(Trust::Authorities)
        .map_err(|error| SettingError::NoRoots(error.to_string()))
}

type ChainAndKey = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn client_certificate(file: &Path, key: &Secret) -> Result<ChainAndKey, SettingError> {
    let wrong = |why: String| SettingError::ClientCertificate { file: file.to_owned(), why };
    let chain = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| wrong(error.to_string()))?;
    // The parser's own words could quote the key.
    let key = PrivateKeyDer::from_pem_slice(key.reveal().as_bytes())
        .map_err(|_| wrong("its `client_key` is not a PEM private key".to_owned()))?;
    Ok((chain, key))
}

impl std::fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientTls").field("host", &self.host).finish_non_exhaustive()
    }
}
