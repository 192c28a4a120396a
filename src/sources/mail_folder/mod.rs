//! A folder that others leave messages in, whatever they look like: looked at when something came, and at least now and then. What is
//! whole is taken in and removed; what cannot be taken is set aside with its reason, never away.

pub(super) mod files;
mod keeper;

use crate::{
    clock::Clock,
    domain::Door,
    intake::{Later, Post},
};
pub use keeper::Status;
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

/// Messages in one commit.
pub(super) const TOGETHER: usize = 64;

/// What each kind of folder decides for itself.
pub(super) trait MailFolder: Send + Sync + 'static {
    const DOOR: Door;

    /// Where messages are left.
    fn folder(&self) -> &Path;

    /// The folders whose events are heard.
    fn heard(&self) -> Vec<PathBuf>;

    /// Whether this means that something may be whole by now.
    fn rings(&self, event: &notify::Event) -> bool;

    /// Takes in what is whole, and again until nothing is left. What is not whole yet is looked at again after so long.
    fn look(
        self: Arc<Self>,
        post: &Post,
        clock: &Clock,
    ) -> impl Future<Output = Result<Option<Duration>, NotNow>> + Send;
}

/// What stands in the way just now.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotNow {
    #[error(transparent)]
    Intake(#[from] Later),
    #[error("its folder: {0}")]
    Folder(#[from] io::Error),
}

/// A folder that is served. Dropping it leaves it running until it is cancelled.
#[derive(Debug, Clone)]
pub struct Handle {
    wishes: mpsc::Sender<oneshot::Sender<()>>,
    status: watch::Receiver<Status>,
    cancel: CancellationToken,
    folder: PathBuf,
    door: Door,
}

/// Starts taking in. Returns at once: a folder that cannot be made is tried again.
///
/// To be called inside a runtime; ends when `cancel` is.
pub(super) fn start<F: MailFolder>(folder: F, (post, clock): (Post, Clock), cancel: &CancellationToken) -> Handle {
    let cancel = cancel.child_token();
    let (wishes, inbox) = mpsc::channel(8);
    let (said, status) = watch::channel(Status::default());
    let path = folder.folder().to_owned();
    tokio::spawn(keeper::keep(folder, (post, clock), cancel.clone(), (inbox, said)));
    Handle { wishes, status, cancel, folder: path, door: F::DOOR }
}

impl Handle {
    /// Takes what lies there. When it returns well, all that was there when it was called is committed or set aside.
    ///
    /// # Errors
    /// When it has ended.
    pub async fn look_now(&self) -> Result<(), oneshot::error::RecvError> {
        let (reply, answer) = oneshot::channel();
        let _ = self.wishes.send(reply).await; // then the answer says so
        answer.await
    }

    /// Why nothing is taken in at the moment, unescaped.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        if self.wishes.is_closed() && !self.cancel.is_cancelled() {
            return Some("this door broke off: start packetboat again".to_owned());
        }
        self.status.borrow().later.clone()
    }

    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    #[must_use]
    pub fn door(&self) -> Door {
        self.door
    }

    /// Returns when it has ended and has let go of the database.
    pub async fn ended(&self) {
        self.wishes.closed().await;
    }
}
