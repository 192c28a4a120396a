//! What is claimed becomes messages, some dozens in a commit; then it goes, or is set aside.

use super::{
    Spool,
    claim::{self, Claimed, SETTLED_FOR},
    folder::{self, Folders},
    message::{Kind, message},
};
use crate::{
    clock::Clock,
    domain::{Escaped, Message, Moment, Ref},
    intake::Post,
    simulation::aside,
    sources::mail_folder::{
        NotNow, TOGETHER,
        files::{self, Found, Lies, Most},
    },
    streams::is_being_written,
};
use rustix::fd::AsFd;
use std::{
    collections::VecDeque,
    ffi::OsString,
    io,
    os::unix::ffi::OsStrExt,
    sync::{Arc, PoisonError},
    time::Duration,
};
use tracing::warn;

/// Bytes of the messages of one commit, and of the last of them.
const BYTES_TOGETHER: u64 = 32 << 20;

/// A claimed file and what it says.
type Read = (Claimed, u32, Result<Message, String>);

/// Takes in all that is whole; when to look again for what is not.
pub(super) async fn all(spool: &Arc<Spool>, post: &Post, clock: &Clock) -> Result<Option<Duration>, NotNow> {
    let of = spool.clone();
    let claim = move || -> io::Result<_> {
        let folders = folder::open(&of.folder)?;
        let mut settling = of.settling.lock().unwrap_or_else(PoisonError::into_inner);
        let (claimed, is_unsettled) = claim::claim(&folders, &of.folder, &mut settling)?;
        Ok((folders, claimed, is_unsettled))
    };
    let (folders, claimed, mut is_unsettled) = aside(claim).await.map_err(io::Error::from)??;
    let old: Vec<Ref> = claimed.iter().filter(|claimed| claimed.is_old).map(|claimed| claimed.id).collect();
    let known = post.known(&old).await?;
    let (taken, rest): (VecDeque<_>, VecDeque<_>) =
        claimed.into_iter().partition(|claimed| known.contains(&claimed.id));
    files::remove(folders.spool.as_fd(), taken.iter().map(|claimed| claimed.name.as_os_str()))?;
    let (folders, mut rest) = (Arc::new(folders), rest);
    while !rest.is_empty() {
        let (of, folders, now) = (spool.clone(), folders.clone(), clock.now());
        let read = move || -> io::Result<_> {
            let read = read(&of, &folders, &mut rest, now)?;
            Ok((read, folders, rest))
        };
        let ((read, is_written), folders, left) = aside(read).await.map_err(io::Error::from)??;
        rest = left;
        is_unsettled |= is_written;
        settle(&folders, read, post).await?;
    }
    Ok(is_unsettled.then_some(SETTLED_FOR))
}

/// So many of the next ones as go into one commit; whether one of them is still being written: that one waits.
fn read(spool: &Spool, folders: &Folders, rest: &mut VecDeque<Claimed>, now: Moment) -> io::Result<(Vec<Read>, bool)> {
    let (mut all, mut bytes, mut is_written) = (Vec::new(), 0, false);
    while all.len() < TOGETHER && bytes < BYTES_TOGETHER {
        let Some(claimed) = rest.pop_front() else { break };
        let found = match files::open(folders.spool.as_fd(), &claimed.name)? {
            Lies::Nothing => continue,
            Lies::NoFile(uid, why) => files::no_file(&claimed.own, uid, why),
            Lies::File(file) if is_being_written(&file) == Some(true) => {
                is_written = true;
                continue;
            }
            Lies::File(file) => Found { name: claimed.own.clone(), ..read_file(spool, &claimed, file)? },
        };
        bytes += found.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64);
        let message = message(&found, claimed.id, (&spool.requests, &spool.origin), now);
        all.push((claimed, found.uid, message));
    }
    Ok((all, is_written))
}

fn read_file(spool: &Spool, claimed: &Claimed, file: std::fs::File) -> io::Result<Found> {
    let beyond = format!("it has more than {} bytes, `limits: message_size`", spool.origin.message_size);
    let most = match Kind::of(&claimed.own) {
        Some(Kind::Request(_)) => Most {
            bytes: spool.requests.most(),
            beyond: "it has more bytes than a message request with all its attachments",
        },
        _ => Most { bytes: spool.origin.message_size, beyond: &beyond },
    };
    files::read(file, &claimed.name, most)
}

async fn settle(folders: &Folders, read: Vec<Read>, post: &Post) -> Result<(), NotNow> {
    let (mut messages, mut whole, mut refusals) = (Vec::new(), Vec::new(), Vec::new());
    for (claimed, uid, message) in read {
        match message {
            Ok(message) => {
                messages.push(message);
                whole.push((claimed, uid));
            }
            Err(why) => refusals.push((claimed, uid, why)),
        }
    }
    let answers = if messages.is_empty() { Vec::new() } else { post.take(messages).await? };
    let mut taken = Vec::new();
    for ((claimed, uid), answer) in whole.into_iter().zip(answers) {
        match answer {
            Ok(()) => taken.push(claimed.name),
            Err(refused) => refusals.push((claimed, uid, refused.to_string())),
        }
    }
    if !taken.is_empty() {
        crate::faults::kill_point("spool.before_removal");
    }
    files::remove(folders.spool.as_fd(), taken.iter().map(OsString::as_os_str))?;
    for (claimed, uid, why) in refusals {
        crate::faults::kill_point("spool.before_setting_aside");
        let to = set_aside(folders, &claimed, &why)?;
        let (file, why) = (Escaped(to.as_bytes()).to_string(), why.lines().next().unwrap_or_default());
        warn!(uid, file, why, "a file of the spool is in failed/, with its reason");
    }
    Ok(())
}

/// Under its own name, or with its ref before that where the name is taken.
fn set_aside(folders: &Folders, claimed: &Claimed, why: &str) -> io::Result<OsString> {
    let mut other = OsString::from(format!("{}.", claimed.id));
    other.push(&claimed.own);
    let names = [claimed.own.clone(), other];
    files::set_aside((folders.spool.as_fd(), &claimed.name), (folders.failed.as_fd(), &names), why)
}
