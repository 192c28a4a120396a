//! Starting and stopping the embedded server.

use super::{
    atomic_store::AtomicStore,
    encryption::ServerTls,
    front::{self, Handshake},
    login::OneUser,
};
use crate::config::Secret;
use async_trait::async_trait;
use libunftp::{ServerBuilder, ServerError, options::Binder};
use rustls::ServerConfig;
use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener},
    ops::RangeInclusive,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use thiserror::Error;
use tokio::{
    net::{TcpSocket, TcpStream},
    runtime::{Builder, Runtime},
    sync::oneshot,
};

/// Seconds without a command after which a client is sent away.
const IDLE_SECONDS: u64 = 600;
/// How long `stop` waits for a write to the disk that is under way.
const LAST_WRITE: Duration = Duration::from_secs(5);

/// What an embedded server serves, and to whom.
#[derive(Debug, Clone)]
pub struct EmbeddedServerOptions {
    /// The folder that clients see as `/`; must exist. Uploads grow in `.NAME.staging` beside it.
    pub root: PathBuf,
    pub user: String,
    pub password: Secret,
    pub tls: EmbeddedTls,
    /// On 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Where data connections are awaited; `None` takes any free port each time.
    pub passive_ports: Option<RangeInclusive<u16>>,
}

/// How connections are encrypted.
#[derive(Debug, Clone)]
pub enum EmbeddedTls {
    /// Not at all.
    None,
    /// AUTH TLS, required before anything else (RFC 4217).
    Explicit(ServerTls),
    /// From the first byte.
    Implicit(ServerTls),
}

/// Why an embedded server did not start.
#[derive(Debug, Error)]
pub enum StartError {
    #[error("could not open the embedded FTP server's folder {}: {source}", root.display())]
    Root { root: PathBuf, source: io::Error },
    #[error("could not listen on 127.0.0.1:{port} for the embedded FTP server: {source}")]
    Listen { port: u16, source: io::Error },
    #[error("could not use {} for the embedded FTP server: {why}", path.display())]
    Certificate { path: PathBuf, why: String },
    #[error("could not set up the embedded FTP server: {0}")]
    SetUp(#[from] ServerError),
    #[error("could not start the embedded FTP server's threads: {0}")]
    Threads(io::Error),
}

/// An FTP server that runs inside this process.
#[derive(Debug)]
pub struct EmbeddedServer;

/// A running embedded server; dropping it stops it too, without waiting for its end.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub addr: SocketAddr,
    pull: Option<oneshot::Sender<()>>,
    ended: oneshot::Receiver<()>,
}

impl EmbeddedServer {
    /// Listens on 127.0.0.1 and serves until the returned value is stopped or dropped; clients may connect at once.
    ///
    /// It has threads of its own, so that its end takes every task, and with them every socket, along.
    ///
    /// # Errors
    /// The folder cannot be opened, the port is taken, a certificate is no certificate, or there are no threads.
    pub fn start(options: EmbeddedServerOptions) -> Result<Running, StartError> {
        let store = AtomicStore::open(&options.root)
            .map_err(|source| StartError::Root { root: options.root.clone(), source })?;
        let listen = |source| StartError::Listen { port: options.port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).map_err(listen)?;
        let addr = listener.local_addr().map_err(listen)?;
        listener.set_nonblocking(true).map_err(listen)?;
        let service = Service { encryption: encryption(&options.tls)?, store, options };
        // Once here, so that a wrong setting is told now and not at the first connection.
        service.server()?;

        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("embedded-ftp")
            .enable_all()
            .build()
            .map_err(StartError::Threads)?;
        let (pull, pulled) = oneshot::channel();
        let (tell_end, ended) = oneshot::channel();
        std::thread::Builder::new()
            .name("embedded-ftp-life".into())
            .spawn(move || {
                live(&runtime, listener, service, pulled);
                runtime.shutdown_timeout(LAST_WRITE);
                // Nobody may be waiting for it.
                let _ = tell_end.send(());
            })
            .map_err(StartError::Threads)?;
        Ok(Running { addr, pull: Some(pull), ended })
    }
}

impl Running {
    /// Closes the listener and all connections, uploads included, and returns when that is done: the port is free for
    /// the next `start`.
    pub async fn stop(mut self) {
        drop(self.pull.take());
        // An error means that the thread is gone, which is what we wait for.
        let _ = (&mut self.ended).await;
    }
}

/// Accepts until the plug is pulled.
fn live(runtime: &Runtime, listener: TcpListener, service: Service, pulled: oneshot::Receiver<()>) {
    let service = Arc::new(service);
    let accept = async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let (connection, peer) = listener.accept().await?;
            let service = service.clone();
            tokio::spawn(async move {
                if let Err(error) = service.serve(connection).await {
                    tracing::debug!(%peer, %error, "the embedded FTP server lost a client");
                }
            });
        }
    };
    runtime.block_on(async {
        tokio::select! {
            ended = accept => {
                let ended: io::Result<()> = ended;
                if let Err(error) = ended {
                    tracing::error!(%error, "the embedded FTP server cannot accept connections any more");
                }
            }
            // Dropped or used, both mean the end.
            _ = pulled => {}
        }
    });
}

/// What each connection is served with.
struct Service {
    options: EmbeddedServerOptions,
    store: AtomicStore,
    encryption: Option<(Handshake, Arc<ServerConfig>)>,
}

impl Service {
    async fn serve(&self, connection: TcpStream) -> io::Result<()> {
        let server = self.server().map_err(io::Error::other)?;
        let Some((handshake, config)) = &self.encryption else {
            return server.service(connection).await.map_err(io::Error::other);
        };
        let (outer, inner) = front::pair().await?;
        let encrypted = front::serve(connection, outer, config.clone().into(), *handshake);
        let (encrypted, served) = tokio::join!(encrypted, server.service(inner));
        served.map_err(io::Error::other)?;
        encrypted
    }

    fn server(&self) -> Result<Server, ServerError> {
        let login = OneUser { user: self.options.user.clone(), password: self.options.password.clone() };
        let store = self.store.clone();
        let mut builder = ServerBuilder::with_authenticator(Box::new(move || store.clone()), Arc::new(login))
            .greeting("Packetboat's embedded FTP server")
            .idle_session_timeout(IDLE_SECONDS);
        builder = match &self.options.passive_ports {
            Some(ports) => builder.passive_ports(ports.clone()),
            None => builder.binder(AnyFreePort),
        };
        if let Some((_, config)) = &self.encryption {
            builder = builder.ftps_manual::<PathBuf>(config.clone());
        }
        builder.build()
    }
}

fn encryption(tls: &EmbeddedTls) -> Result<Option<(Handshake, Arc<ServerConfig>)>, StartError> {
    Ok(match tls {
        EmbeddedTls::None => None,
        EmbeddedTls::Explicit(tls) => Some((Handshake::OnRequest, tls.load()?)),
        EmbeddedTls::Implicit(tls) => Some((Handshake::AtOnce, tls.load()?)),
    })
}

type Server = libunftp::Server<AtomicStore, unftp_core::auth::DefaultUser>;

/// Lets the kernel choose the data port: never taken by another process, which a fixed range cannot promise.
#[derive(Debug)]
struct AnyFreePort;

#[async_trait]
impl Binder for AnyFreePort {
    async fn bind(&mut self, address: IpAddr, _range: RangeInclusive<u16>) -> io::Result<TcpSocket> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.bind(SocketAddr::new(address, 0))?;
        Ok(socket)
    }
}
