//! Files onto FTP servers: sent under a temporary name, proven, renamed.

use crate::{
    config::FtpServer,
    domain::{Identity, Outcome, RemotePath, Trouble, Wishes},
    ftp::client::{Profile, Session},
    streams::Throttles,
};
use std::{
    fs::File,
    sync::{Arc, atomic::AtomicU64},
};
use tokio_util::sync::CancellationToken;

/// One file for one place on the server.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Open for reading; read by offset, so its position does not matter and it may be shared.
    pub source: Arc<File>,
    /// The version the job names; compared before the first byte and after the last.
    pub expected: Identity,
    /// Below the server's `folder`.
    pub target: RemotePath,
    /// `.pb-` + 16 hex + `.part` beside the target: the only name that is written to.
    pub temporary: RemotePath,
    pub wishes: Wishes,
    pub earlier: Earlier,
    pub throttles: Throttles,
    /// Cancelled: the upload stops sending, tidies up and ends as `Returned`. Past the last byte it is finished instead.
    pub stop: CancellationToken,
    /// Bytes of the file that are over there or on their way; for progress, reset at the start of each upload.
    pub sent: Arc<AtomicU64>,
}

/// Whether this job was tried before under the same temporary name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Earlier {
    /// Nothing of ours can be there yet; nothing is asked.
    None,
    /// A part, a whole or a set-aside file of ours may be there: looked for, and resumed, finished or undone.
    Tried,
}

/// Connects, logs in and goes to the server's folder.
///
/// # Errors
/// What stood in the way: always the server's trouble, except for settings that cannot work (`Local`).
pub async fn connect(server: &Arc<FtpServer>, profile: &Arc<Profile>) -> Result<Session, Trouble> {
    let _ = (server, profile);
    unimplemented!()
}

/// Brings the file to its target, whatever it takes within one attempt: a lost reply is asked for over a new connection (the session
/// is replaced in place), a vanished folder is made again. Never leaves anything but a whole file under the target's name.
///
/// Afterwards the session may be unusable: ask [`Session::is_usable`] before the next file.
pub async fn upload(session: &mut Session, upload: &Upload) -> Outcome {
    let _ = (session, upload);
    unimplemented!()
}

/// Finishes or undoes what a death between two renames left of an upload of `target` under `temporary`, and removes its
/// temporary name. May be called twice, and when there is nothing.
///
/// # Errors
/// The server's or the job's trouble; call it again later.
pub async fn recover(session: &mut Session, target: &RemotePath, temporary: &RemotePath) -> Result<(), Trouble> {
    let _ = (session, target, temporary);
    unimplemented!()
}

/// Removes a temporary name that an earlier attempt had to leave. Refuses (`Local`) any name that we do not make. Gone already is removed.
///
/// # Errors
/// Why it is still there.
pub async fn remove_litter(session: &mut Session, litter: &RemotePath) -> Result<(), Trouble> {
    let _ = (session, litter);
    unimplemented!()
}
