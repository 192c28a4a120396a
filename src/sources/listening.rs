//! A door that listens on the network, as the rest of the program holds it.

use crate::domain::Door;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

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
