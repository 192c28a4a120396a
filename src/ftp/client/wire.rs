//! The bytes below suppaftp: a stream that is plain or TLS, and the connector that makes it.
//!
//! suppaftp's constructor for implicit TLS hands the connected socket to a connector and goes on with the stream it gets back. Ours
//! uses that for all three beginnings, so that what happens before TLS is exact to the byte, errors keep their type, and a reply is
//! still read after the data connection broke.

use crate::{
    config::{FtpServer, FtpTls},
    ftp::client::{Error, opening, shared::Shared},
    tls::{ClientTls, TlsTrouble},
};
use rustls::ProtocolVersion;
use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use suppaftp::{
    FtpError, FtpResult,
    tokio::{AsyncTlsConnector, TokioTlsStream},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

/// Makes the control connection's stream, then each data connection's.
#[derive(Debug)]
pub(super) struct Connector {
    pub server: Arc<FtpServer>,
    pub tls: Option<ClientTls>,
    pub shared: Arc<Shared>,
}

impl AsyncTlsConnector for Connector {
    type Stream = Wire;

    // As `async_trait` would write it, which we need for nothing else.
    fn connect<'a, 'b, 'c>(
        &'a self,
        _domain: &'b str,
        tcp: TcpStream,
    ) -> Pin<Box<dyn Future<Output = FtpResult<Wire>> + Send + 'c>>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        Box::pin(async move {
            let made = if self.shared.connects_again() {
                self.secure(tcp).await.map(|stream| Wire::new(stream, Role::Data, &self.shared))
            } else {
                self.begin(tcp).await
            };
            made.map_err(|error| {
                let carried = FtpError::SecureError(error.to_string());
                self.shared.note_trouble(error);
                carried
            })
        })
    }
}

impl Connector {
    async fn begin(&self, mut tcp: TcpStream) -> Result<Wire, Error> {
        self.shared.pulse.beat();
        set_options(&tcp, self.server.keepalive)
            .map_err(|why| Error::Broken { doing: "setting up the connection", why })?;
        let mut greeting = Vec::new();
        if self.server.tls == FtpTls::Explicit {
            greeting = opening::ask_for_tls(&mut tcp, &self.shared.pulse).await?;
        }
        let mut wire = Wire::new(self.secure(tcp).await?, Role::Control, &self.shared);
        wire.unread = greeting;
        Ok(wire)
    }

    async fn secure(&self, tcp: TcpStream) -> Result<Stream, Error> {
        self.shared.pulse.beat();
        let Some(tls) = &self.tls else { return Ok(Stream::Plain(tcp)) };
        let stream = tls.connect(tcp).await.map_err(Error::Tls)?;
        self.shared.pulse.beat();
        self.shared.note_tls(stream.get_ref().1.protocol_version().map(version));
        Ok(Stream::Secure(Box::new(stream)))
    }
}

fn version(version: ProtocolVersion) -> &'static str {
    match version {
        ProtocolVersion::TLSv1_2 => "TLSv1.2",
        ProtocolVersion::TLSv1_3 => "TLSv1.3",
        _ => "TLS",
    }
}

/// Answers at once (one write a command), and a peer that is gone is noticed while nothing is said for hours.
fn set_options(tcp: &TcpStream, keepalive: Duration) -> io::Result<()> {
    use rustix::net::sockopt;
    tcp.set_nodelay(true)?;
    sockopt::set_socket_keepalive(tcp, true)?;
    sockopt::set_tcp_keepidle(tcp, keepalive)?;
    sockopt::set_tcp_keepintvl(tcp, (keepalive / 3).max(Duration::from_secs(1)))?;
    sockopt::set_tcp_keepcnt(tcp, 4)?;
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Control,
    Data,
}

#[derive(Debug)]
enum Stream {
    Plain(TcpStream),
    Secure(Box<TlsStream<TcpStream>>),
}

/// A control or data connection, plain or secure.
#[derive(Debug)]
pub(super) struct Wire {
    stream: Stream,
    role: Role,
    /// Read before suppaftp came, and still to be given to it: the greeting.
    unread: Vec<u8>,
    /// We have said that we are done writing.
    is_shut: bool,
    shared: Arc<Shared>,
}

impl Wire {
    fn new(stream: Stream, role: Role, shared: &Arc<Shared>) -> Self {
        Self { stream, role, unread: Vec::new(), is_shut: false, shared: Arc::clone(shared) }
    }

    fn tcp(&self) -> &TcpStream {
        match &self.stream {
            Stream::Plain(tcp) => tcp,
            Stream::Secure(tls) => tls.get_ref().0,
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let wire = &mut *self;
        if !wire.unread.is_empty() {
            let some = wire.unread.len().min(buf.remaining());
            buf.put_slice(&wire.unread[..some]);
            wire.unread.drain(..some);
            return Poll::Ready(Ok(()));
        }
        let read = match &mut wire.stream {
            // suppaftp reads a closed upload to its end, for the tickets that TLS may have left there; plain TCP has none.
            Stream::Plain(_) if wire.is_shut => Poll::Ready(Ok(())),
            Stream::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Stream::Secure(tls) => Pin::new(tls).poll_read(cx, buf),
        };
        if wire.role == Role::Control && read.is_ready() && wire.shared.ahead().is_owed_answers() {
            // A server that leaves Nagle's algorithm on holds the second of several replies back until we acknowledge the first, and
            // the kernel would take 40 ms for that. It does not stick; a hint, so a refusal does not matter.
            let _ = rustix::net::sockopt::set_tcp_quickack(wire.tcp(), true);
        }
        read
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let wire = &mut *self;
        let mut write = |bytes: &[u8]| match &mut wire.stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Stream::Secure(tls) => Pin::new(tls).poll_write(cx, bytes),
        };
        match wire.role {
            Role::Data => write(bytes),
            Role::Control => {
                wire.shared.pulse.beat();
                wire.shared.ahead().poll_write(bytes, write)
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Stream::Secure(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    /// Never fails: suppaftp would drop the server's reply for it, and the reply is what counts. What did not arrive shows in the size.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = match &mut self.stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Stream::Secure(tls) => Pin::new(tls).poll_shutdown(cx),
        };
        if let Err(error) = ready!(shut) {
            tracing::debug!(%error, "closing a data connection");
        }
        self.is_shut = true;
        Poll::Ready(Ok(()))
    }
}

impl TokioTlsStream for Wire {
    type InnerStream = Self;

    fn tcp_stream(self) -> FtpResult<TcpStream> {
        match self.stream {
            Stream::Plain(tcp) => Ok(tcp),
            Stream::Secure(tls) => Ok(tls.into_inner().0),
        }
    }

    fn get_ref(&self) -> &TcpStream {
        self.tcp()
    }

    fn mut_ref(&mut self) -> &mut Self {
        self
    }
}

/// The TLS error in `error`, for a connection that was to carry data.
pub(super) fn data_tls(error: Option<Error>) -> TlsTrouble {
    match error {
        Some(Error::Tls(trouble)) => trouble,
        Some(other) => TlsTrouble::Handshake(other.to_string()),
        None => TlsTrouble::Handshake("no reason given".to_owned()),
    }
}
