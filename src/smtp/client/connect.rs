//! A connection from nothing: the host's addresses, TCP, TLS, the greeting.

use crate::{
    config::{SmtpServer, SmtpTls, TlsVersion},
    smtp::client::{Error, opening, wire::Stream},
    tls::ClientTls,
};
use rustls::ProtocolVersion;
use std::{io, net::SocketAddr, sync::Arc};
use tokio::{net::TcpStream, time::timeout};

pub(super) async fn tls_settings(server: Arc<SmtpServer>) -> Result<ClientTls, Error> {
    // It reads files.
    let made =
        tokio::task::spawn_blocking(move || ClientTls::for_connection(&server.host, &server.trust, TlsVersion::V1_3));
    let made = made.await.map_err(|error| Error::Broken { doing: "setting up TLS", why: io::Error::other(error) })?;
    Ok(made?)
}

/// A stream as secure as the settings ask, and the greeting that was read from it.
pub(super) struct Opened {
    pub stream: Stream,
    pub greeting: Vec<u8>,
    /// `TLSv1.2` and the like.
    pub tls: Option<&'static str>,
}

/// Tries every address of the host; what fails after TCP stands is not tried elsewhere.
pub(super) async fn open(server: &SmtpServer, tls: Option<&ClientTls>) -> Result<Opened, Error> {
    let limit = server.timeouts.connect;
    let unreachable = |why: String| Error::Unreachable { address: format!("{}:{}", server.host, server.port), why };
    let found = timeout(limit, tokio::net::lookup_host((server.host.as_str(), server.port))).await;
    let addresses = found
        .map_err(|_| unreachable(format!("its name was not resolved within {} s", limit.as_secs_f32())))?
        .map_err(|error| unreachable(error.to_string()))?;
    let mut last = unreachable("its name has no address".to_owned());
    for address in addresses {
        match dial(address, server).await {
            Ok(tcp) => return begin(tcp, server, tls).await,
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn dial(address: SocketAddr, server: &SmtpServer) -> Result<TcpStream, Error> {
    let limit = server.timeouts.connect;
    let unreachable = |why: String| Error::Unreachable { address: address.to_string(), why };
    let dialled = timeout(limit, TcpStream::connect(address)).await;
    let tcp = dialled
        .map_err(|_| unreachable(format!("no answer for {} s", limit.as_secs_f32())))?
        .map_err(|error| unreachable(error.to_string()))?;
    // Commands, message and final dot are writes of their own: with Nagle's algorithm each would wait 40 ms for the one before.
    tcp.set_nodelay(true).map_err(|error| unreachable(error.to_string()))?;
    Ok(tcp)
}

async fn begin(mut tcp: TcpStream, server: &SmtpServer, tls: Option<&ClientTls>) -> Result<Opened, Error> {
    let limit = server.timeouts.reply;
    let Some(tls) = tls else {
        let greeting = opening::greeting(&mut tcp, limit).await?;
        return Ok(Opened { stream: Stream::Plain(tcp), greeting, tls: None });
    };
    let mut greeting = Vec::new();
    if server.tls == SmtpTls::StartTls {
        greeting = opening::greeting(&mut tcp, limit).await?;
        opening::ask_for_tls(&mut tcp, &server.helo, limit).await?;
    }
    let limit = server.timeouts.connect;
    let secured = timeout(limit, tls.connect(tcp)).await;
    let mut stream =
        secured.map_err(|_| Error::Silent { doing: "the TLS handshake", after: limit })?.map_err(Error::Tls)?;
    let version = stream.get_ref().1.protocol_version().map(version);
    if server.tls == SmtpTls::Implicit {
        greeting = opening::greeting(&mut stream, server.timeouts.reply).await?;
    }
    Ok(Opened { stream: Stream::Secure(Box::new(stream)), greeting, tls: version })
}

fn version(version: ProtocolVersion) -> &'static str {
    match version {
        ProtocolVersion::TLSv1_2 => "TLSv1.2",
        ProtocolVersion::TLSv1_3 => "TLSv1.3",
        _ => "TLS",
    }
}
