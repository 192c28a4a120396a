//! Connections: so many at once, each with a bound on how long it may say nothing (RFC 9112).

use crate::{
    config::HttpDoor,
    http::{Desk, route},
    sources::Doorkeeper,
    tls::ServerTls,
};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{convert::Infallible, net::IpAddr, pin::pin, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{debug, info, warn};

/// Connections served at once; others wait to be let in.
const CONNECTIONS: usize = 256;
/// For the head of a request, the first or the next: a client that says nothing makes room.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// Bytes of a head, and its fields.
const HEAD: usize = 32 << 10;
const FIELDS: usize = 100;
/// For a handshake.
const TLS_WITHIN: Duration = Duration::from_secs(10);
/// For requests that are under way when the door shuts.
const GRACE: Duration = Duration::from_secs(4);
/// Between two tries to listen.
const PAUSE: Duration = Duration::from_secs(5);

/// Listens until it is cancelled; while it cannot, it says so and tries again.
pub(super) async fn keep(desk: Arc<Desk>, door: HttpDoor, keeper: Doorkeeper, cancel: CancellationToken) {
    loop {
        match open(&door).await {
            Ok((listener, tls)) => {
                keeper.say(None);
                info!(listen = %door.listen, "the HTTP door is open");
                serve(desk, (listener, tls), cancel).await;
                return drop(keeper); // nothing of the database is held any more
            }
            Err(why) => {
                warn!(listen = %door.listen, why, "the HTTP door cannot be opened; trying again");
                keeper.say(Some(why));
            }
        }
        if cancel.run_until_cancelled(sleep(PAUSE)).await.is_none() {
            return;
        }
    }
}

async fn open(door: &HttpDoor) -> Result<(TcpListener, Option<ServerTls>), String> {
    let tls = match door.tls.clone() {
        None => None,
        Some((certificate, key)) => {
            let read = tokio::task::spawn_blocking(move || ServerTls::new(&certificate, &key)).await;
            Some(read.map_err(|why| why.to_string())?.map_err(|why| why.to_string())?)
        }
    };
    let listener = TcpListener::bind(door.listen).await;
    let listener = listener.map_err(|why| format!("{} cannot be listened on: {why}", door.listen))?;
    Ok((listener, tls))
}

async fn serve(desk: Arc<Desk>, (listener, tls): (TcpListener, Option<ServerTls>), cancel: CancellationToken) {
    let seats = Arc::new(Semaphore::new(CONNECTIONS));
    let clients = TaskTracker::new();
    loop {
        let arrives = async { (seats.clone().acquire_owned().await, listener.accept().await) };
        let Some((seat, accepted)) = cancel.run_until_cancelled(arrives).await else { break };
        let (tcp, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(%error, "the HTTP door could not let a client in");
                sleep(Duration::from_millis(100)).await; // out of descriptors: others will close theirs
                continue;
            }
        };
        let (desk, tls, cancel) = (desk.clone(), tls.clone(), cancel.clone());
        clients.spawn(async move {
            let _seat = seat;
            let peer = peer.ip().to_canonical();
            if let Err(why) = greet(desk, (tcp, peer), tls, cancel).await {
                debug!(%peer, why, "an HTTP connection ended early");
            }
        });
    }
    drop(listener);
    clients.close();
    if timeout(GRACE, clients.wait()).await.is_err() {
        debug!("requests that took too long are dropped: what was not answered may be sent again");
    }
}

async fn greet(
    desk: Arc<Desk>,
    (tcp, peer): (TcpStream, IpAddr),
    tls: Option<ServerTls>,
    cancel: CancellationToken,
) -> Result<(), String> {
    let _ = tcp.set_nodelay(true); // an answer is one write anyway
    let Some(tls) = tls else { return converse(desk, (tcp, peer), cancel).await };
    let secured = timeout(TLS_WITHIN, tls.accept(tcp)).await.map_err(|_| "no TLS handshake in time".to_owned())?;
    converse(desk, (secured.map_err(|why| format!("TLS: {why}"))?, peer), cancel).await
}

async fn converse(
    desk: Arc<Desk>,
    (stream, peer): (impl AsyncRead + AsyncWrite + Unpin, IpAddr),
    cancel: CancellationToken,
) -> Result<(), String> {
    let service = service_fn(move |request: Request<Incoming>| {
        let desk = desk.clone();
        async move { Ok::<_, Infallible>(route::answer(&desk, request, peer).await.into_response()) }
    });
    let mut settings = http1::Builder::new();
    settings.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN).max_headers(FIELDS).max_header_size(HEAD);
    let mut connection = pin!(settings.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = cancel.cancelled() => {
            connection.as_mut().graceful_shutdown();
            timeout(GRACE, connection).await.map_err(|_| "the door shut".to_owned())?
        }
    };
    ended.map_err(|why| why.to_string())
}
