//! A door that listens on the network, as the rest of the program holds it.

use crate::{config::Secret, domain::Door, tls::ServerTls};
use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc, watch},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{debug, info, warn};

/// Between two tries to listen.
const PAUSE: Duration = Duration::from_secs(5);
/// For clients when the door shuts.
const GRACE: Duration = Duration::from_secs(4);

/// A door that is served. Dropping it leaves it running until it is cancelled.
#[derive(Debug, Clone)]
pub struct Listening {
    door: Door,
    place: String,
    trouble: watch::Receiver<Option<String>>,
    /// Closed once all has ended.
    ended: mpsc::Sender<()>,
    cancel: CancellationToken,
}

/// The door's own side: dropped when all has ended.
#[derive(Debug)]
pub struct Doorkeeper {
    trouble: watch::Sender<Option<String>>,
    _ended: mpsc::Receiver<()>,
}

impl Listening {
    /// Of a door at this place, that ends when `cancel` is.
    #[must_use]
    pub fn new(door: Door, place: String, cancel: CancellationToken) -> (Self, Doorkeeper) {
        let (said, trouble) = watch::channel(None);
        let (ended, end) = mpsc::channel(1);
        (Self { door, place, trouble, ended, cancel }, Doorkeeper { trouble: said, _ended: end })
    }

    #[must_use]
    pub fn door(&self) -> Door {
        self.door
    }

    /// Where it listens.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Why nobody is let in at the moment, unescaped.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        if self.ended.is_closed() && !self.cancel.is_cancelled() {
            return Some("this door broke off: start packetboat again".to_owned());
        }
        self.trouble.borrow().clone()
    }

    /// Returns when it has ended and has let go of the database.
    pub async fn ended(&self) {
        self.ended.closed().await;
    }
}

impl Doorkeeper {
    /// Says why nobody is let in; `None`: all is well.
    pub fn say(&self, trouble: Option<String>) {
        self.trouble.send_if_modified(|said| {
            let is_new = *said != trouble;
            *said = trouble;
            is_new
        });
    }
}

/// Listens; while it cannot, it says so and tries again. `None`: it was cancelled before.
pub(super) async fn open(
    listen: SocketAddr,
    certificate: Option<(PathBuf, Secret)>,
    keeper: &Doorkeeper,
    cancel: &CancellationToken,
) -> Option<(TcpListener, Option<ServerTls>)> {
    loop {
        match try_to_open(listen, certificate.clone()).await {
            Ok(opened) => {
                keeper.say(None);
                info!(%listen, "a door is open");
                return Some(opened);
            }
            Err(why) => {
                warn!(%listen, why, "a door cannot be opened; trying again");
                keeper.say(Some(why));
            }
        }
        cancel.run_until_cancelled(sleep(PAUSE)).await?;
    }
}

async fn try_to_open(
    listen: SocketAddr,
    certificate: Option<(PathBuf, Secret)>,
) -> Result<(TcpListener, Option<ServerTls>), String> {
    let tls = match certificate {
        None => None,
        Some((certificate, key)) => {
            let read = tokio::task::spawn_blocking(move || ServerTls::new(&certificate, &key)).await;
            Some(read.map_err(|why| why.to_string())?.map_err(|why| why.to_string())?)
        }
    };
    let listener = TcpListener::bind(listen).await;
    Ok((listener.map_err(|why| format!("{listen} cannot be listened on: {why}"))?, tls))
}

/// Serves so many clients at once until it is cancelled, and tells the others what to say to them. Returns when all have left, or after a
/// few seconds.
pub(super) async fn serve<V: Future<Output = ()> + Send + 'static>(
    listener: TcpListener,
    (seats, crowded): (usize, &'static str),
    visit: impl Fn((TcpStream, IpAddr), CancellationToken) -> V,
    cancel: CancellationToken,
) {
    let seats = Arc::new(Semaphore::new(seats));
    let clients = TaskTracker::new();
    while let Some(accepted) = cancel.run_until_cancelled(listener.accept()).await {
        let (mut tcp, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(%error, "a client could not be let in");
                sleep(Duration::from_millis(100)).await; // out of descriptors: others will close theirs
                continue;
            }
        };
        let Ok(seat) = seats.clone().try_acquire_owned() else {
            let _ = timeout(Duration::from_millis(100), tcp.write_all(crowded.as_bytes())).await; // it may not listen
            continue;
        };
        let visit = visit((tcp, peer.ip().to_canonical()), cancel.clone());
        clients.spawn(async move {
            visit.await;
            drop(seat);
        });
    }
    drop(listener);
    clients.close();
    if timeout(GRACE, clients.wait()).await.is_err() {
        debug!("clients that took too long are dropped: what was not answered may be sent again");
    }
}
