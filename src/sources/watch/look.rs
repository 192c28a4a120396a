//! What a scan would take now, without taking it: the same walk, the same questions, nothing written.

use crate::{
    domain::{Moment, Sighting},
    intake::{Judgement, Ledger},
    sources::watch::{
        refusals::Refusals,
        taking::symlinks,
        walk::{Extent, Walk},
        wanted,
    },
    streams::beneath::Root,
};
use std::{os::unix::ffi::OsStrExt, sync::Arc, time::Duration};
use tokio::{sync::mpsc, task::spawn_blocking};
use tokio_util::sync::CancellationToken;

/// A file that would become an arrival, if nothing changes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Would {
    pub sighting: Sighting,
    pub when: When,
}

/// When it would be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// By its stamps it has settled.
    Now,
    /// It changed less than `settled_for` ago.
    OnceSettled,
    /// In this much time it is `min_age` old.
    OnceOldEnough(Duration),
    /// When the file of this path is beside it.
    OnceDone(Vec<u8>),
    /// Only its inode or ctime is new: if its bytes are, too.
    IfChanged,
}

/// Walks the whole folder and tells of each file that would be taken. Works beside a running daemon.
///
/// # Errors
/// Why the folder could not be seen whole; what could be seen has been told.
pub async fn look(ledger: Arc<Ledger>, now: Moment, mut tell: impl FnMut(Would)) -> Result<(), String> {
    let rule = ledger.rule().clone();
    let (sender, mut found) = mpsc::channel(2);
    let walk = Walk {
        ledger: Arc::clone(&ledger),
        extent: Extent::Whole,
        hints: None,
        refusals: Arc::new(Refusals::default()),
        found: sender,
        cancel: CancellationToken::new(),
    };
    let walk = spawn_blocking(|| walk.run());
    while let Some(batch) = found.recv().await {
        for sight in batch.sights {
            let identity = sight.facts.identity;
            if !rule.when.has_wanted_size(identity.size_bytes) || ledger.is_passed_over(&identity, now) {
                continue;
            }
            let folder = rule.when.folder.as_os_str().as_bytes().to_vec();
            let sighting = Sighting { folder, path: sight.path.into_vec(), identity };
            let when = match ledger.judge(&sighting).await.map_err(|why| why.to_string())? {
                Judgement::Known => continue,
                Judgement::IfHashed(_) => When::IfChanged,
                Judgement::New => match when(&ledger, &sighting, now) {
                    Some(when) => when,
                    None => continue,
                },
            };
            tell(Would { sighting, when });
        }
    }
    walk.await.map_err(|why| why.to_string())?.whole
}

/// `None` for a file that is itself a done file.
fn when(ledger: &Ledger, sighting: &Sighting, now: Moment) -> Option<When> {
    let watch = &ledger.rule().when;
    if watch.done_file.is_some() {
        let done = watch.done_file_of(&sighting.path).filter(|done| *done != sighting.path)?;
        let is_done = Root::open(&watch.folder).is_ok_and(|root| root.look(&done, symlinks(watch.symlinks)).is_ok());
        if !is_done {
            return Some(When::OnceDone(done));
        }
    }
    if let Some(left) = wanted::too_young_for(watch, &sighting.identity, Duration::ZERO, now) {
        return Some(When::OnceOldEnough(left));
    }
    let has_settled = wanted::age(&sighting.identity, now).is_some_and(|age| age >= watch.settled_for);
    Some(if has_settled { When::Now } else { When::OnceSettled })
}
