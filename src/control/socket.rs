//! STORAGE/control.sock: commands as JSON lines to whoever holds the lock. For the same user and root alone.

use crate::control::{
    Answer, Command, Operator,
    wire::{self, WireError},
};
use std::{
    fs::File,
    io,
    os::{fd::AsRawFd, unix::fs::PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::BufStream,
    net::{UnixListener, UnixStream},
    sync::Semaphore,
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

const NAME: &str = "control.sock";

/// Clients served at once; others wait to be let in.
const CLIENTS: usize = 32;
/// Between two commands of a client.
const PATIENCE: Duration = Duration::from_secs(30);
/// For a client to read its answer: who does not must not hold up our end.
const READ_WITHIN: Duration = Duration::from_secs(5);
/// A pause of a hundred thousand jobs takes seconds.
const ANSWER_WITHIN: Duration = Duration::from_secs(300);

/// A person who waits is told why.
const SAID_AFTER: Duration = Duration::from_secs(6);

/// Why there is no conversation.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    #[error("the control socket {path} cannot be opened: {why}")]
    Unusable { path: PathBuf, why: io::Error },
    #[error("the running packetboat did not answer: {0}")]
    Broken(String),
    /// Nobody listens: its owner is starting, stopping or a one-shot verb.
    #[error("nobody listens on {0}")]
    Silent(PathBuf),
}

/// The listening side; the socket's file goes when this is dropped.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
}

impl Socket {
    /// Listens in `storage`. The caller holds the lock, so a socket that lies there is a dead one's and is replaced.
    ///
    /// # Errors
    /// When the socket cannot be made there.
    pub fn listen(storage: &Path) -> Result<Self, SocketError> {
        let path = storage.join(NAME);
        let listener = listen(storage).map_err(|why| SocketError::Unusable { path: path.clone(), why })?;
        Ok(Self { listener, path })
    }

    /// Serves until `stop`; then the commands that are being obeyed are ended and answered.
    pub async fn serve(self, operator: Operator, stop: CancellationToken) {
        let seats = Arc::new(Semaphore::new(CLIENTS));
        let clients = TaskTracker::new();
        while let Some(client) = self.next_client(&seats, &stop).await {
            let (operator, stop) = (operator.clone(), stop.clone());
            clients.spawn(async move {
                let (stream, _seat) = client;
                if let Err(error) = serve_client(stream, &operator, &stop).await {
                    tracing::debug!(%error, "a client of the control socket was dropped");
                }
            });
        }
        clients.close();
        clients.wait().await;
        drop(self); // while the operator still holds the store, and with it the lock: the next one's socket is not ours
    }

    /// `None` once it is to stop.
    async fn next_client(
        &self,
        seats: &Arc<Semaphore>,
        stop: &CancellationToken,
    ) -> Option<(UnixStream, tokio::sync::OwnedSemaphorePermit)> {
        loop {
            let arrives = async { (seats.clone().acquire_owned().await, self.listener.accept().await) };
            let (seat, accepted) = stop.run_until_cancelled(arrives).await?;
            match accepted {
                Ok((stream, _)) if is_ours(&stream) => return Some((stream, seat.ok()?)),
                Ok(_) => tracing::warn!("another user's process was turned away at the control socket"),
                Err(error) => {
                    tracing::warn!(%error, "the control socket could not let a client in");
                    tokio::time::sleep(Duration::from_millis(100)).await; // out of descriptors: others will close theirs
                }
            }
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path); // the next holder of the lock replaces it
    }
}

/// Bound under another name, shut to others, then renamed: nobody ever finds it open to all or half made.
fn listen(storage: &Path) -> io::Result<UnixListener> {
    let making = storage.join(".control.sock.new");
    match std::fs::remove_file(&making) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let folder = File::open(storage)?;
    let listener = UnixListener::bind(short(&folder, ".control.sock.new"))?;
    std::fs::set_permissions(&making, PermissionsExt::from_mode(0o600))?;
    std::fs::rename(&making, storage.join(NAME))?;
    Ok(listener)
}

/// A socket's path has 107 bytes at most (unix(7)), a storage's more: this one leads through the open folder.
fn short(folder: &File, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}/{name}", folder.as_raw_fd()))
}

/// The other side is the same user or root (SO_PEERCRED).
fn is_ours(stream: &UnixStream) -> bool {
    stream.peer_cred().is_ok_and(|peer| peer.uid() == 0 || peer.uid() == rustix::process::geteuid().as_raw())
}

async fn serve_client(stream: UnixStream, operator: &Operator, stop: &CancellationToken) -> Result<(), WireError> {
    let mut stream = BufStream::new(stream);
    loop {
        let Some(received) = stop.run_until_cancelled(wire::receive::<Command>(&mut stream, PATIENCE)).await else {
            return Ok(());
        };
        let answer = match received {
            Ok(None) => return Ok(()),
            Ok(Some(command)) => operator.obey(command).await,
            Err(WireError::NotUnderstood(why)) => Answer::Refused { why: format!("not understood: {why}") },
            Err(error) => return Err(error),
        };
        wire::send(&mut stream, &answer, READ_WITHIN).await?;
    }
}

/// Nobody listens in `storage`. Where it is not ours to knock, somebody may.
pub async fn is_silent(storage: &Path) -> bool {
    matches!(connect(storage).await, Err(SocketError::Silent(_)))
}

async fn connect(storage: &Path) -> Result<UnixStream, SocketError> {
    let path = storage.join(NAME);
    let connect = async { UnixStream::connect(short(&File::open(storage)?, NAME)).await };
    connect.await.map_err(|why| match why.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => SocketError::Silent(path),
        _ => SocketError::Unusable { path, why },
    })
}

/// Asks whoever listens in `storage`.
pub(super) async fn ask(storage: &Path, command: &Command) -> Result<Answer, SocketError> {
    let mut stream = BufStream::new(connect(storage).await?);
    let asked = async {
        wire::send(&mut stream, command, PATIENCE).await?;
        wire::receive::<Answer>(&mut stream, ANSWER_WITHIN).await
    };
    let mut asked = std::pin::pin!(asked);
    let answered = match timeout(SAID_AFTER, asked.as_mut()).await {
        Ok(answered) => answered,
        Err(_) => {
            tracing::warn!(
                "the running packetboat has not answered yet: still waiting (Ctrl-C gives up, and changes nothing)"
            );
            asked.await
        }
    };
    match answered {
        Ok(Some(answer)) => Ok(answer),
        Ok(None) => Err(SocketError::Broken("it hung up".into())),
        Err(error) => Err(SocketError::Broken(error.to_string())),
    }
}
