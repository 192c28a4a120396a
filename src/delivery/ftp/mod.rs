//! Files onto FTP servers: sent under a temporary name, proven, renamed.

mod attempt;
mod choose;
mod failure;
mod folders;
mod litter;
mod place;
mod probe;
mod prove;
mod send;

use crate::{
    config::FtpServer,
    domain::{Identity, Outcome, RemotePath, Trouble, Wishes},
    ftp::client::{Profile, Session},
    streams::{Reach, Throttles},
};
use std::{
    fs::File,
    sync::{Arc, atomic::AtomicU64},
};
use tokio_util::sync::CancellationToken;

pub use litter::{recover, remove_litter};
pub use probe::{Missed, Report, TimeSetting, probe};

/// One file for one place on the server.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Open for reading; read by offset, so its position does not matter and it may be shared.
    pub source: Arc<File>,
    pub reach: Reach,
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
    /// Bytes of the file that are over there or on their way, for progress; set anew when sending begins.
    pub sent: Arc<AtomicU64>,
}

/// Whether this job was tried before, under this or another temporary name.
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
/// What stood in the way: the server's trouble.
pub async fn connect(server: &Arc<FtpServer>, profile: &Arc<Profile>) -> Result<Session, Trouble> {
    Session::connect(server, profile).await.map_err(|error| failure::trouble(&error, failure::Step::Connect))
}

/// Brings the file to its target, whatever it takes within one attempt: a lost reply is asked for over a new connection (the session
/// is replaced in place), a vanished folder is made again. Never leaves anything but a whole file under the target's name, except
/// where the server's `upload_as: final_name` wants it written there.
///
/// A temporary name that is still there afterwards, or may be, is in [`Trouble::litter`]: kept for resuming where the wishes allow
/// it, else what could not be removed. Afterwards the session may be unusable: ask [`Session::is_usable`] before the next file.
pub async fn upload(session: &mut Session, upload: &Upload) -> Outcome {
    attempt::run(session, upload).await
}
