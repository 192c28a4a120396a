//! What we have learned of a server since we started, shared by all its sessions: nothing is asked in vain twice.

use crate::{domain::RemotePath, ftp::client::Checksum};
use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// One for each server, made when its lane is; sessions read and correct it. Lost at a restart, which costs a few refused commands.
#[derive(Debug, Default)]
pub struct Profile(Mutex<Learned>);

#[derive(Debug, Default)]
struct Learned {
    /// Folders that exist or that we made, below the server's `folder`.
    folders: HashSet<RemotePath>,
    refused: HashSet<Refused>,
    /// Several commands in one packet were all answered once: what breaks later has another reason.
    takes_several: bool,
    /// The same of an EPSV that came before its turn.
    takes_passive_ahead: bool,
}

/// What a server turned out not to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Refused {
    Epsv,
    Size,
    Mlst,
    SetTime,
    /// Several commands in one packet.
    Several,
    /// EPSV in one packet with the command before it.
    PassiveAhead,
    Checksum(Checksum),
    /// A data connection under TLS 1.3.
    Tls13,
}

/// More folders than this are forgotten and found again: the memory is for speed, and has a bound.
const MOST_FOLDERS: usize = 20_000;

impl Profile {
    /// Whether this folder is known to be there.
    #[must_use]
    pub fn has_folder(&self, folder: &RemotePath) -> bool {
        self.lock().folders.contains(folder)
    }

    /// It is there.
    pub fn remember_folder(&self, folder: RemotePath) {
        let mut learned = self.lock();
        if learned.folders.len() >= MOST_FOLDERS {
            learned.folders.clear();
        }
        learned.folders.insert(folder);
    }

    /// Somebody removed folders over there: nothing is taken for granted any more.
    pub fn forget_folders(&self) {
        self.lock().folders.clear();
    }

    /// TLS 1.3 data connections fail there: from now on sessions are made with 1.2.
    pub fn refuse_tls13(&self) {
        self.refuse(Refused::Tls13);
    }

    pub(super) fn refuse(&self, what: Refused) {
        self.lock().refused.insert(what);
    }

    /// Several commands in one packet were all answered.
    pub(super) fn took_several(&self) {
        self.lock().takes_several = true;
    }

    /// The conversation broke off between them.
    pub(super) fn broke_at_several(&self) {
        let mut learned = self.lock();
        if !learned.takes_several {
            learned.refused.insert(Refused::Several);
        }
    }

    pub(super) fn has_taken_several(&self) -> bool {
        self.lock().takes_several
    }

    /// A data connection came of an EPSV that had gone ahead.
    pub(super) fn took_passive_ahead(&self) {
        self.lock().takes_passive_ahead = true;
    }

    /// The conversation broke off where an EPSV had gone ahead.
    pub(super) fn broke_at_passive_ahead(&self) {
        let mut learned = self.lock();
        if !learned.takes_passive_ahead {
            learned.refused.insert(Refused::PassiveAhead);
        }
    }

    pub(super) fn refuses(&self, what: Refused) -> bool {
        self.lock().refused.contains(&what)
    }

    fn lock(&self) -> MutexGuard<'_, Learned> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
