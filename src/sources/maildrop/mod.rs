//! The maildrop: where `sendmail` leaves messages, whether we are there or not.

mod folder;
mod take;

use crate::{
    clock::Clock,
    domain::Door,
    intake::Post,
    sources::mail_folder::{self, Handle, MailFolder, NotNow},
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// What the door needs to know.
#[derive(Debug, Clone)]
pub struct Maildrop {
    /// The folder; made if it is not there.
    pub folder: PathBuf,
    /// Where what cannot be taken is set aside.
    pub refused: PathBuf,
    /// Bytes of a message.
    pub message_size: u64,
    /// This machine's name, for the trace.
    pub host: String,
    /// The domain of addresses that have none.
    pub domain: String,
}

impl Maildrop {
    /// Starts taking in, until `cancel` is. To be called inside a runtime.
    #[must_use]
    pub fn start(self, post: Post, clock: Clock, cancel: &CancellationToken) -> Handle {
        mail_folder::start(self, (post, clock), cancel)
    }
}

impl MailFolder for Maildrop {
    const DOOR: Door = Door::Sendmail;

    fn folder(&self) -> &Path {
        &self.folder
    }

    fn heard(&self) -> Vec<PathBuf> {
        vec![self.folder.clone()]
    }

    /// Something got its name there.
    fn rings(&self, event: &notify::Event) -> bool {
        event.kind.is_modify()
    }

    async fn look(self: Arc<Self>, post: &Post, clock: &Clock) -> Result<Option<Duration>, NotNow> {
        take::all(&self, post, clock).await.map(|()| None) // what has its name is whole
    }
}
