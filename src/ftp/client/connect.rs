//! A connection from nothing: the host's addresses, TCP, the greeting, TLS; and how its data connections will be made.

use crate::{
    config::{FtpServer, Mode, PassiveAddress, TlsVersion},
    ftp::client::{
        Error,
        error::sort_out,
        names,
        pulse::Silent,
        session::Ftp,
        shared::{Dialled, Shared},
        wire::Connector,
    },
    tls::ClientTls,
};
use std::{io, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};
use suppaftp::{FtpError, FtpResult};
use tokio::{net::TcpStream, time::timeout};

pub(super) async fn tls_settings(server: Arc<FtpServer>, most: TlsVersion) -> Result<ClientTls, Error> {
    // It reads files.
    let made = tokio::task::spawn_blocking(move || ClientTls::for_connection(&server.host, &server.trust, most)).await;
    let made = made.map_err(|error| Error::Broken { doing: "setting up TLS", why: io::Error::other(error) })?;
    Ok(made?)
}

/// Tries every address of the host; what fails after TCP stands is not tried elsewhere.
pub(super) async fn open(server: &Arc<FtpServer>, tls: Option<&ClientTls>) -> Result<(Ftp, Arc<Shared>), Error> {
    let limit = server.timeouts.connect;
    let unreachable = |why: String| Error::Unreachable { address: format!("{}:{}", server.host, server.port), why };
    let found = timeout(limit, tokio::net::lookup_host((server.host.as_str(), server.port))).await;
    let addresses = found
        .map_err(|_| unreachable(format!("its name was not resolved within {} s", limit.as_secs_f32())))?
        .map_err(|error| unreachable(error.to_string()))?;
    let mut last = unreachable("its name has no address".to_owned());
    for address in addresses {
        match open_at(address, server, tls).await {
            Err(error @ Error::Unreachable { .. }) => last = error,
            opened => return opened,
        }
    }
    Err(last)
}

async fn open_at(
    address: SocketAddr,
    server: &Arc<FtpServer>,
    tls: Option<&ClientTls>,
) -> Result<(Ftp, Arc<Shared>), Error> {
    let shared = Arc::new(Shared::new());
    let connector = Connector { server: Arc::clone(server), tls: tls.cloned(), shared: Arc::clone(&shared) };
    let limit = server.timeouts.connect;
    let unreachable = |why: String| Error::Unreachable { address: address.to_string(), why };
    let opened = shared.pulse.within(limit, Ftp::connect_secure_implicit(address, connector, "")).await;
    let mut ftp = match opened {
        Ok(Ok(ftp)) => ftp,
        Err(Silent(after)) if shared.is_connected() => return Err(Error::Silent { doing: "beginning", after }),
        Err(Silent(after)) => return Err(unreachable(format!("no answer for {} s", after.as_secs_f32()))),
        Ok(Err(error)) => {
            return Err(match (shared.take_trouble(), error) {
                (Some(trouble), _) => trouble,
                (None, FtpError::ConnectionError(why)) if !shared.is_connected() => unreachable(why.to_string()),
                (None, error) => sort_out("the connection", error),
            });
        }
    };
    ftp.set_encoding(names::Bytes).await;
    let mut ftp = ftp.passive_stream_builder(data_dialler(&shared, limit.min(server.timeouts.reply)));
    ftp.set_passive_nat_workaround(server.passive_address == PassiveAddress::SameHost);
    let ftp = match server.mode {
        Mode::Passive => ftp,
        Mode::Active => ftp.active_mode(server.timeouts.connect),
    };
    Ok((ftp, shared))
}

type Dialling = Pin<Box<dyn Future<Output = FtpResult<TcpStream>> + Send + Sync>>;

/// Makes data connections, and notes that it was asked to: a refusal after that is not of EPSV or PASV.
fn data_dialler(shared: &Arc<Shared>, limit: Duration) -> impl Fn(SocketAddr) -> Dialling + Send + Sync + use<> {
    let shared = Arc::clone(shared);
    move |address| {
        let shared = Arc::clone(&shared);
        Box::pin(async move {
            shared.dial(Dialled::Begun);
            shared.pulse.beat();
            let connected = match timeout(limit, TcpStream::connect(address)).await {
                Ok(connected) => connected,
                Err(_) => {
                    Err(io::Error::new(io::ErrorKind::TimedOut, format!("no answer for {} s", limit.as_secs_f32())))
                }
            };
            connected.and_then(|tcp| tcp.set_nodelay(true).map(|()| tcp)).map_err(|error| {
                shared.dial(Dialled::Failed(format!("{address}: {error}")));
                FtpError::ConnectionError(error)
            })
        })
    }
}
