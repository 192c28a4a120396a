//! The one scanner: walks a folder by descriptor and reports the files that the ledger does not know.
//!
//! It serves start, rescan, lost events, new and moved-in folders, network mounts and `plan`. It blocks, so it runs on a
//! thread for such work; what it finds leaves in small batches, so that a folder of any size costs no memory.

use crate::{
    intake::Ledger,
    rules::{Symlinks, WatchMethod, Watching},
    sources::watch::{
        footing::{self, Footing},
        hints::{Hints, NoEvents},
        refusals::Refusals,
    },
    streams::beneath::{self, Facts, OpenError, Root},
};
use rustix::{
    fd::{AsFd, BorrowedFd, OwnedFd},
    fs::{AtFlags, Dir, FileType, Mode, OFlags},
    io::Errno,
};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// What to walk and what to walk it for.
#[derive(Debug)]
pub(super) struct Walk {
    pub ledger: Arc<Ledger>,
    pub extent: Extent,
    /// Folders get their watch here, before they are read.
    pub hints: Option<Arc<Hints>>,
    pub refusals: Arc<Refusals>,
    pub found: mpsc::Sender<Batch>,
    pub cancel: CancellationToken,
}

/// How much of the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Extent {
    /// All: what is not met may be gone.
    Whole,
    /// These folders below the root, with all below them.
    Below(Vec<Box<[u8]>>),
}

/// A wanted file that is not exactly as the ledger knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sight {
    pub path: Box<[u8]>,
    pub facts: Facts,
}

/// Some of what a walk finds.
#[derive(Debug)]
pub(super) struct Batch {
    pub sights: Vec<Sight>,
    /// The stamps are of another machine's clock.
    pub is_network: bool,
}

/// How a walk ended.
#[derive(Debug)]
pub(super) struct Walked {
    /// What the folder stood on; `None` if it could not be opened.
    pub footing: Option<Footing>,
    /// Everything was seen; else why not.
    pub whole: Result<(), String>,
    /// Watches have run out.
    pub no_events: Option<NoEvents>,
}

const AT_ONCE: usize = 256;
/// How a folder is opened to be listed.
const LISTED: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// Folders inside folders; each holds a descriptor while it is walked.
const DEEPEST: usize = 256;

impl Walk {
    /// Walks. Ends early when cancelled or when nobody listens.
    pub fn run(self) -> Walked {
        let rule = self.ledger.rule().clone();
        let root = match Root::open(&rule.when.folder) {
            Ok(root) => root,
            Err(why) => return Walked { footing: None, whole: Err(why.to_string()), no_events: None },
        };
        let footing = match Footing::of(root.as_fd()) {
            Ok(footing) => footing,
            Err(why) => return Walked { footing: None, whole: Err(why.to_string()), no_events: None },
        };
        let mut walker = Walker {
            rule: &rule,
            root: &root,
            footing: &footing,
            walk: &self,
            batch: Vec::new(),
            trouble: None,
            no_events: None,
        };
        walker.walk();
        let Walker { trouble, no_events, .. } = walker;
        let whole = trouble.map_or_else(|| still_stands(&rule, &footing), Err);
        Walked { footing: Some(footing), whole, no_events }
    }
}

/// The folder must be the same at the end as at the beginning, or what was not met says nothing.
fn still_stands(rule: &Watching, before: &Footing) -> Result<(), String> {
    let root = Root::open(&rule.when.folder).map_err(|why| why.to_string())?;
    let now = Footing::of(root.as_fd()).map_err(|why| why.to_string())?;
    if now == *before { Ok(()) } else { Err("the folder was replaced while it was read".to_owned()) }
}

struct Walker<'a> {
    rule: &'a Watching,
    root: &'a Root,
    footing: &'a Footing,
    walk: &'a Walk,
    batch: Vec<Sight>,
    /// The first thing that could not be seen.
    trouble: Option<String>,
    no_events: Option<NoEvents>,
}

/// The walk is to end now.
struct Stop;

impl Walker<'_> {
    fn walk(&mut self) {
        let done = match &self.walk.extent {
            Extent::Whole => {
                self.walk.ledger.begin_scan();
                self.walk.ledger.stand_on(&self.footing.ground);
                match rustix::fs::openat(self.root.as_fd(), c".", LISTED, Mode::empty()) {
                    Ok(folder) => self.folder(folder, b""),
                    Err(why) => {
                        self.unseen(b".", why);
                        Ok(())
                    }
                }
            }
            Extent::Below(folders) => folders.iter().try_for_each(|path| match self.root.folder(path) {
                Ok(folder) => self.folder(folder, path),
                Err(OpenError::Gone | OpenError::NotAFile(_)) => Ok(()),
                Err(OpenError::Unreadable(why) | OpenError::RootMissing(why)) => {
                    self.unseen(path, why);
                    Ok(())
                }
            }),
        };
        if done.and_then(|()| self.flush()).is_err() {
            self.trouble = Some("the scan was stopped".to_owned());
        }
    }

    /// Walks a folder and all below it.
    fn folder(&mut self, folder: OwnedFd, path: &[u8]) -> Result<(), Stop> {
        let mut path = path.to_vec();
        let mut open: Vec<(Dir, usize)> = Vec::new();
        self.descend(folder, &path, &mut open);
        loop {
            let depth = open.len();
            let Some((dir, length)) = open.last_mut() else { return Ok(()) };
            path.truncate(*length);
            let entry = match dir.read() {
                Some(Ok(entry)) => entry,
                Some(Err(why)) => {
                    self.unseen(&path, why);
                    open.pop();
                    continue;
                }
                None => {
                    open.pop();
                    self.go_on()?;
                    continue;
                }
            };
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(name);
            let at = match dir.fd() {
                Ok(at) => at,
                Err(why) => {
                    self.unseen(&path, why);
                    continue;
                }
            };
            let kind = match entry.file_type() {
                FileType::Unknown => kind_at(at, name), // some file systems do not say
                kind => kind,
            };
            match kind {
                FileType::RegularFile => self.file(at, name, &path)?,
                FileType::Symlink if self.rule.when.symlinks == Symlinks::Follow => self.symlink(&path)?,
                FileType::Directory if self.rule.when.recursive && !self.rule.when.filter.ignores(&path) => {
                    if depth >= DEEPEST {
                        self.trouble.get_or_insert(format!("folders are nested more than {DEEPEST} deep"));
                        continue;
                    }
                    match rustix::fs::openat(at, name, LISTED, Mode::empty()) {
                        Ok(below) => self.descend(below, &path, &mut open),
                        // It has left since it was listed: before anything is called gone, it is looked for once more.
                        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => (),
                        Err(why) => self.unseen(&path, why),
                    }
                }
                _ => (),
            }
        }
    }

    fn descend(&mut self, folder: OwnedFd, path: &[u8], open: &mut Vec<(Dir, usize)>) {
        if self.no_events.is_none()
            && !(self.footing.is_network && self.rule.when.method == WatchMethod::Auto)
            && let Some(hints) = &self.walk.hints
            && let Ok(print) = footing::print(folder.as_fd())
        {
            self.no_events = hints.arm(path, print).err();
        }
        if !path.is_empty() && footing::mount(folder.as_fd()).is_ok_and(|mount| mount != self.footing.mount) {
            self.walk.ledger.note_mount(path);
        }
        match Dir::new(folder) {
            Ok(dir) => open.push((dir, path.len())),
            Err(why) => self.unseen(path, why),
        }
    }

    fn file(&mut self, at: BorrowedFd<'_>, name: &[u8], path: &[u8]) -> Result<(), Stop> {
        if !self.rule.when.filter.wants(path) {
            self.walk.ledger.meet_unread(path);
            return Ok(());
        }
        match rustix::fs::statat(at, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if beneath::kind_of(&stat).is_none() => self.sight(path, beneath::facts_of(&stat)),
            Ok(_) | Err(Errno::NOENT) => Ok(()),
            Err(why) => {
                self.unseen(path, why);
                Ok(())
            }
        }
    }

    /// Only symlinks to files: what is beneath the folder under its own name is seen there.
    fn symlink(&mut self, path: &[u8]) -> Result<(), Stop> {
        if !self.rule.when.filter.wants(path) {
            return Ok(());
        }
        match self.root.look(path, beneath::Symlinks::Follow) {
            Ok(facts) => self.sight(path, facts),
            Err(OpenError::Unreadable(why)) => {
                self.unseen(path, why);
                Ok(())
            }
            Err(_) => Ok(()),
        }
    }

    fn sight(&mut self, path: &[u8], facts: Facts) -> Result<(), Stop> {
        if self.walk.ledger.meet(path, &facts.identity) {
            return Ok(());
        }
        if self.rule.when.is_foreign_link(facts.links, facts.owner, self.footing.owner) {
            self.walk.refusals.refuse(&self.rule.name, path, &facts);
            return Ok(());
        }
        self.batch.push(Sight { path: path.into(), facts });
        if self.batch.len() >= AT_ONCE { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Stop> {
        if !self.batch.is_empty() {
            let sights = std::mem::take(&mut self.batch);
            let is_network = self.footing.is_network;
            self.walk.found.blocking_send(Batch { sights, is_network }).map_err(|_| Stop)?;
        }
        self.go_on()
    }

    fn go_on(&self) -> Result<(), Stop> {
        if self.walk.cancel.is_cancelled() { Err(Stop) } else { Ok(()) }
    }

    fn unseen(&mut self, path: &[u8], why: impl Into<std::io::Error>) {
        let why = why.into();
        self.trouble.get_or_insert_with(|| format!("`{}` cannot be read: {why}", crate::domain::Escaped(path)));
    }
}

fn kind_at(at: BorrowedFd<'_>, name: &[u8]) -> FileType {
    rustix::fs::statat(at, name, AtFlags::SYMLINK_NOFOLLOW)
        .map_or(FileType::Unknown, |stat| FileType::from_raw_mode(stat.st_mode))
}
