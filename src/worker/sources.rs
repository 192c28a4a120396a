//! Opening a job's file: at once where that is possible, else by a thread and not for ever, so that a mount that hangs holds up
//! nobody but its own jobs.

use crate::{
    domain::{Identity, Outcome, Trouble, TroubleKind},
    rules::Whereabouts,
    simulation::aside,
    store::{ClaimedSource, Store, StoreError},
    streams::{
        Reach,
        beneath::{self, OpenError, Symlinks},
    },
};
use std::{
    collections::HashMap,
    ffi::OsStr,
    fs::File,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, timeout};

const OPENED_WITHIN: Duration = Duration::from_secs(30);

/// A job's file, open.
pub(super) struct Opened {
    pub source: File,
    pub identity: Identity,
    pub reach: Reach,
}

/// The folders that files are opened in, by all lanes.
#[derive(Debug, Clone, Default)]
pub(super) struct Sources {
    /// Folders that a thread waits for, since when: where one has waited in vain another would, too.
    asked: Arc<Mutex<HashMap<Vec<u8>, Instant>>>,
}

impl Sources {
    /// Opens the file; `Err` is how the attempt ends. Links are followed beneath the root whatever the rule says: one put
    /// in the file's place has another identity.
    pub(super) async fn open(&self, place: &ClaimedSource, store: &Store) -> Result<Opened, Outcome> {
        if let Some((source, identity)) = beneath::open_at_once(folder(place), &place.name, Symlinks::Follow) {
            return Ok(Opened { source, identity, reach: Reach::AtOnce });
        }
        let asked_at = *self.asked().entry(place.folder.clone()).or_insert_with(Instant::now);
        if asked_at.elapsed() >= OPENED_WITHIN {
            return Err(unanswered());
        }
        let (sources, place_there) = (self.clone(), place.clone());
        let opening = aside(move || {
            let opened = beneath::open(folder(&place_there), &place_there.name, Symlinks::Follow);
            sources.asked().remove(&place_there.folder); // it has answered
            opened
        });
        match timeout(OPENED_WITHIN, opening).await {
            Ok(Ok(Ok((source, identity)))) => Ok(Opened { source, identity, reach: Reach::Waited }),
            Ok(Ok(Err(OpenError::Gone))) => Err(missing(store.is_gone(place).await)),
            Ok(Ok(Err(why))) => Err(deferred(why.to_string())),
            Ok(Err(broken)) => Err(deferred(format!("opening it broke off: {broken}"))),
            Err(_) => Err(unanswered()),
        }
    }

    /// Where these folders lie. One that has been asked in vain is known by its name alone: where a file lies that could be opened, it is
    /// not, for that folder answers.
    ///
    /// # Errors
    /// In words, when one does not answer now; it is known the next time.
    pub(super) async fn whereabouts(&self, folders: Vec<PathBuf>) -> Result<Vec<Whereabouts>, String> {
        let sources = self.clone();
        let looking = aside(move || folders.iter().map(|folder| sources.look(folder)).collect());
        match timeout(OPENED_WITHIN, looking).await {
            Ok(looked) => looked.map_err(|broken| format!("the look at a folder broke off: {broken}")),
            Err(_) => Err("a watched folder does not answer".to_owned()),
        }
    }

    fn look(&self, folder: &Path) -> Whereabouts {
        let name = folder.as_os_str().as_bytes();
        let asked_at = *self.asked().entry(name.to_vec()).or_insert_with(Instant::now);
        if asked_at.elapsed() >= OPENED_WITHIN {
            return Whereabouts::named(folder);
        }
        let whereabouts = Whereabouts::of(folder);
        self.asked().remove(name);
        whereabouts
    }

    fn asked(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Instant>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn folder(place: &ClaimedSource) -> &Path {
    Path::new(OsStr::from_bytes(&place.folder))
}

/// Not where it was. Only its watch can tell a file that is gone from a folder that is not mounted.
pub(super) fn missing(is_gone: Result<bool, StoreError>) -> Outcome {
    match is_gone {
        Ok(true) => Outcome::SourceChanged("the file is gone".into()),
        Ok(false) => {
            Outcome::SourceUnclear("it is not where it was, and its watch does not say that it is gone".into())
        }
        Err(refused) => Outcome::SourceUnclear(format!("it is not where it was: {refused}").into()),
    }
}

fn unanswered() -> Outcome {
    deferred("its folder does not answer: is it a network mount that hangs?".to_owned())
}

fn deferred(said: String) -> Outcome {
    Outcome::Deferred(Trouble::of_job(TroubleKind::Local, said))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::symlink};

    #[tokio::test(start_paused = true)]
    async fn a_folder_that_was_asked_in_vain_is_known_by_its_name_and_holds_up_nobody() {
        let home = tempfile::tempdir().unwrap();
        let [real, link] = ["real", "link"].map(|name| home.path().join(name));
        fs::create_dir(&real).unwrap();
        symlink("real", &link).unwrap();
        let sources = Sources::default();
        let are_one = || sources.look(&real).below(&sources.look(&link)).is_some();
        assert!(are_one());
        assert!(sources.asked().is_empty(), "both have answered");
        sources.asked().insert(link.as_os_str().as_bytes().to_vec(), Instant::now());
        tokio::time::advance(OPENED_WITHIN).await;
        assert!(!are_one());
        sources.asked().clear(); // it has answered
        assert!(are_one());
    }
}
