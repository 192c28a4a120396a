//! Hints from inotify by way of notify: where to look sooner. Losing any of them costs time, never a file.
//!
//! One watch a folder, set by the walk before it reads that folder, because notify's own recursion misses files in a
//! folder that is made and filled at once. The callback runs on notify's thread: it filters first and never waits.

use crate::{
    rules::Watch,
    sources::watch::{footing::Print, settling::Hint},
};
use notify::{
    Config, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode, CreateKind, ModifyKind, RenameMode},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// What is to be looked at.
#[derive(Debug, Default)]
pub(super) struct Noted {
    pub files: HashMap<Box<[u8]>, Hint>,
    /// Folders to be walked, with all below.
    pub folders: BTreeSet<Box<[u8]>>,
    /// Events were lost, or the root itself changed: look at everything.
    pub rescan: bool,
}

/// The watcher of one folder and what it noted.
#[derive(Debug)]
pub(super) struct Hints {
    watcher: Mutex<RecommendedWatcher>,
    desk: Arc<Desk>,
}

/// Shared with notify's thread.
#[derive(Debug)]
struct Desk {
    watch: Watch,
    noted: Mutex<Noted>,
    bell: Notify,
    /// Folders with a watch, by path below the root, each with the print of the folder that has it.
    armed: Mutex<BTreeMap<Box<[u8]>, Print>>,
}

/// No more watches are to be had; whoever is told so polls.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub(super) struct NoEvents(pub String);

/// Paths kept before a scan of everything is the shorter way.
const MOST: usize = 16_384;

impl Hints {
    /// A watcher that watches nothing yet.
    pub fn start(watch: &Watch) -> Result<Self, NoEvents> {
        let (noted, bell, armed) = Default::default();
        let desk = Arc::new(Desk { watch: watch.clone(), noted, bell, armed });
        let listener = Arc::clone(&desk);
        let watcher = RecommendedWatcher::new(move |event| listener.note(event), Config::default());
        let watcher = watcher.map_err(|why| {
            NoEvents(format!("no inotify instance is left ({why}); raise fs.inotify.max_user_instances"))
        })?;
        Ok(Self { watcher: Mutex::new(watcher), desk })
    }

    /// Watches a folder, if this very folder is not watched yet. To be called before the folder is read.
    pub fn arm(&self, path: &[u8], print: Print) -> Result<(), NoEvents> {
        // Before the watch is set: an event that takes it away again must find it here.
        if self.desk.armed().insert(path.into(), print) == Some(print) {
            return Ok(());
        }
        let folder = self.desk.watch.folder.join(OsStr::from_bytes(path));
        let mut watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        let Err(why) = watcher.watch(&folder, RecursiveMode::NonRecursive) else { return Ok(()) };
        drop(watcher);
        self.desk.armed().remove(path);
        if matches!(why.kind, notify::ErrorKind::MaxFilesWatch) {
            let words = "no more inotify watches are to be had; raise fs.inotify.max_user_watches";
            return Err(NoEvents(words.to_owned()));
        }
        tracing::debug!(folder = %folder.display(), %why, "not watched; the scan sees it all the same");
        Ok(())
    }

    /// Returns when there may be something to take.
    pub async fn rung(&self) {
        self.desk.bell.notified().await;
    }

    /// Everything noted since the last time.
    pub fn take(&self) -> Noted {
        std::mem::take(&mut *self.desk.noted())
    }
}

impl Desk {
    fn note(&self, event: notify::Result<Event>) {
        let Ok(event) = event else { return self.lost() };
        if event.need_rescan() {
            return self.lost();
        }
        let [path] = &event.paths[..] else { return }; // with two: both were told one by one before
        let Some(path) = below(&self.watch.folder, path) else { return };
        match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => self.file(path, Hint::Closed),
            EventKind::Create(CreateKind::Folder) => self.folder(path),
            EventKind::Create(_) => self.file(path, Hint::Seen), // a hard link or symlink has no other event
            EventKind::Modify(ModifyKind::Name(RenameMode::To)) => self.renamed_in(path),
            EventKind::Modify(ModifyKind::Name(RenameMode::From)) | EventKind::Remove(_) => self.left(path),
            _ => (),
        }
    }

    fn file(&self, path: &[u8], hint: Hint) {
        // With done files any name may be one.
        if self.watch.done_file.is_some() || self.watch.filter.wants(path) {
            self.push(|noted| {
                let known = noted.files.entry(path.into()).or_insert(hint);
                *known = hint.max(*known);
            });
        }
    }

    fn folder(&self, path: &[u8]) {
        self.disarm(path);
        if self.watch.recursive && !self.watch.filter.ignores(path) {
            self.push(|noted| {
                noted.folders.insert(path.into());
            });
        }
    }

    /// The event does not say whether it is a file or a folder; a look will.
    fn renamed_in(&self, path: &[u8]) {
        self.disarm(path);
        if self.watch.done_file.is_some() || !self.watch.filter.ignores(path) {
            self.push(|noted| {
                noted.files.insert(path.into(), Hint::Closed);
            });
        }
    }

    /// notify drops its watches below what has left, even if something new has come under the same name.
    fn left(&self, path: &[u8]) {
        self.disarm(path);
        if path.is_empty() {
            self.push(|noted| noted.rescan = true);
        }
    }

    fn lost(&self) {
        self.armed().clear();
        self.push(|noted| noted.rescan = true);
    }

    fn disarm(&self, path: &[u8]) {
        let mut armed = self.armed();
        if path.is_empty() {
            return armed.clear();
        }
        armed.remove(path);
        let below = [path, b"/"].concat();
        let beneath: Vec<Box<[u8]>> = armed
            .range::<[u8], _>((std::ops::Bound::Included(&below[..]), std::ops::Bound::Unbounded))
            .map(|(path, _)| path.clone())
            .take_while(|path| path.starts_with(&below))
            .collect();
        for path in beneath {
            armed.remove(&path);
        }
    }

    fn push(&self, note: impl FnOnce(&mut Noted)) {
        let mut noted = self.noted();
        note(&mut noted);
        if noted.files.len() + noted.folders.len() > MOST {
            *noted = Noted { rescan: true, ..Noted::default() };
        }
        drop(noted);
        self.bell.notify_one();
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn armed(&self) -> MutexGuard<'_, BTreeMap<Box<[u8]>, Print>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The path below the root, empty for the root itself.
fn below<'a>(root: &Path, path: &'a Path) -> Option<&'a [u8]> {
    path.strip_prefix(root).ok().map(|path| path.as_os_str().as_bytes())
}
