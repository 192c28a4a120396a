//! The spool: a folder that applications rename complete messages and message requests into.

mod claim;
mod folder;
mod message;
mod take;

use crate::{
    clock::Clock,
    domain::Door,
    intake::Post,
    rules::Requests,
    sources::{
        Origin,
        mail_folder::{self, Handle, MailFolder, NotNow},
    },
};
use claim::Settling;
use notify::{
    Event, EventKind,
    event::{AccessKind, AccessMode, ModifyKind, RenameMode},
};
use std::{
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// What the door needs to know.
#[derive(Debug)]
pub struct Spool {
    /// The folder; made if it is not there.
    folder: PathBuf,
    /// How message requests are read.
    requests: Requests,
    origin: Origin,
    /// What has been seen and is not whole yet.
    settling: Mutex<Settling>,
}

impl Spool {
    #[must_use]
    pub fn new(folder: PathBuf, requests: Requests, origin: Origin) -> Self {
        Self { folder, requests, origin, settling: Mutex::default() }
    }

    /// Starts taking in, until `cancel` is. To be called inside a runtime.
    #[must_use]
    pub fn start(self, post: Post, clock: Clock, cancel: &CancellationToken) -> Handle {
        mail_folder::start(self, (post, clock), cancel)
    }
}

impl MailFolder for Spool {
    const DOOR: Door = Door::Spool;

    fn folder(&self) -> &Path {
        &self.folder
    }

    fn heard(&self) -> Vec<PathBuf> {
        vec![self.folder.clone(), self.folder.join(folder::NEW)]
    }

    /// Something got its name there, or its writer let it go. What was renamed there is whole: it need not settle.
    fn rings(&self, event: &Event) -> bool {
        let is_hidden = |path: &PathBuf| path.file_name().is_some_and(|name| name.as_bytes().starts_with(b"."));
        let Some(path) = event.paths.last().filter(|path| !is_hidden(path)) else { return false };
        match event.kind {
            EventKind::Modify(ModifyKind::Name(RenameMode::To | RenameMode::Both)) => {
                let mut settling = self.settling.lock().unwrap_or_else(PoisonError::into_inner);
                settling.renamed_in(path.clone());
                true
            }
            EventKind::Create(_) | EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
            _ => false,
        }
    }

    async fn look(self: Arc<Self>, post: &Post, clock: &Clock) -> Result<Option<Duration>, NotNow> {
        take::all(&self, post, clock).await
    }
}
