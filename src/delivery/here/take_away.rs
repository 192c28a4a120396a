//! The end of a source: set aside under a name of ours, compared, then moved where nothing is overwritten, or deleted.
//!
//! Whoever writes to the file meanwhile finds it, or what he made of it, where it was: a version that nobody sent is put back. A death
//! leaves it set aside at most; the next try of the same job, whose intent is on disk, goes on from there.

use crate::{
    delivery::here::{
        earlier::copied_before,
        failure::{changed, refused, trouble, waits},
        place::{Place, numbered, rename_to_free},
        save::hash,
    },
    domain::{Escaped, Identity, Outcome, Ref, RemotePath, TakenAway, TroubleKind},
    faults::kill_point,
    streams::{
        beneath::{self, Root},
        is_being_written,
    },
};
use rustix::{
    fd::{AsFd, BorrowedFd, OwnedFd},
    fs::{AtFlags, Mode, OFlags},
    io::Errno,
};
use std::{
    fs::File,
    io::Write,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

/// Which source, and where it goes.
#[derive(Debug, Clone)]
pub struct TakeAway {
    pub job: Ref,
    /// The watched folder.
    pub folder: PathBuf,
    /// The source below it.
    pub name: Vec<u8>,
    /// The version that was delivered, as it was found just now.
    pub expected: Identity,
    /// Where it goes (absolute, without the first `/`) and the folder above that which a rule names; `None`: nowhere, it is deleted.
    pub to: Option<(PathBuf, RemotePath)>,
    /// Name of the file beside it that goes the same way.
    pub done_file: Option<Vec<u8>>,
}

/// Takes the source away.
#[must_use]
pub fn take_away(away: &TakeAway) -> Outcome {
    let ended = Source::open(away).and_then(|source| {
        let ready = source.prepare(away)?;
        match rename_to_free((source.at(), &source.name), (source.at(), &source.aside)) {
            Ok(()) => source.end(away, ready),
            Err(Errno::NOENT) => Err(changed("the file is gone")),
            Err(why) => Err(trouble("the file cannot be set aside", why)),
        }
    });
    ended.unwrap_or_else(|outcome| *outcome)
}

/// The folder of a source, open, and the two names that it may have there.
pub(super) struct Source {
    pub folder: OwnedFd,
    pub name: Vec<u8>,
    pub aside: Vec<u8>,
}

impl Source {
    pub(super) fn open(away: &TakeAway) -> Result<Self, Box<Outcome>> {
        let slash = away.name.iter().rposition(|byte| *byte == b'/');
        let (below, name) = slash.map_or((&b""[..], &away.name[..]), |at| (&away.name[..at], &away.name[at + 1..]));
        let root = Root::open(&away.folder).map_err(|why| unclear(why.to_string()))?;
        let here = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = match below {
            b"" => {
                rustix::fs::openat(root.as_fd(), ".", here, Mode::empty()).map_err(|why| trouble("its folder", why))?
            }
            below => root.folder(below).map_err(|why| unclear(format!("its folder: {why}")))?,
        };
        let number = away.job.0.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        Ok(Self { folder, name: name.to_vec(), aside: [b".pb-", number.as_bytes(), ASIDE].concat() })
    }

    pub(super) fn at(&self) -> BorrowedFd<'_> {
        self.folder.as_fd()
    }

    /// All that can stand in the way is met while the source lies untouched: a rename and its way back would make it look like
    /// another to whoever watches it. Answers where it is to go, if anywhere.
    fn prepare(&self, away: &TakeAway) -> Result<Option<Ready>, Box<Outcome>> {
        let file = match self.open_as(&self.name) {
            Ok(file) if is_version(&file, &away.expected) => file,
            Ok(_) => return Err(changed("the file is no longer the version that was delivered")),
            Err(Errno::NOENT) => return Err(changed("the file is gone")),
            Err(Errno::LOOP | Errno::NXIO) => return Err(changed("it is not a file any more")),
            Err(why) => return Err(trouble("the file cannot be compared", why)),
        };
        if is_being_written(&file) == Some(true) {
            return Err(waits(IN_USE));
        }
        let Some((root, target)) = &away.to else { return Ok(None) };
        let place = Place::make(root, target).map_err(|why| trouble("its folder cannot be made", why))?;
        place.may_be_filled().map_err(|why| trouble("it cannot be moved there", why))?;
        let copy = match place.is_of_device_of(self.at()) {
            true => None,
            false => {
                let copy = Double::make(&file, &place, &self.aside);
                Some(copy.map_err(|why| trouble(NO_COPY, why))?)
            }
        };
        Ok(Some(Ready { place, copy }))
    }

    /// It is set aside: is it what was delivered?
    pub(super) fn end(&self, away: &TakeAway, ready: Option<Ready>) -> Result<Outcome, Box<Outcome>> {
        kill_point("here.set_aside");
        let file = match self.open_as(&self.aside) {
            Ok(file) if is_version(&file, &away.expected) => file,
            Ok(_) => return Err(self.put_back("the file is no longer the version that was delivered")),
            Err(Errno::LOOP | Errno::NXIO) => return Err(self.put_back("it is not a file any more")),
            Err(why) => {
                let _ = self.put_back("");
                return Err(trouble("the file cannot be compared", why));
            }
        };
        if is_being_written(&file) == Some(true) {
            let _ = self.put_back("");
            return Err(waits(IN_USE));
        }
        kill_point("here.compared");
        let said = match &away.to {
            None => self.delete(&file, &away.expected)?,
            Some(to) => self.carry(&file, &away.expected, to, ready)?,
        };
        if let Some(done) = &away.done_file {
            self.take_done_file(done, away.to.as_ref());
        }
        Ok(said)
    }

    fn open_as(&self, name: &[u8]) -> Result<File, Errno> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        rustix::fs::openat(&self.folder, name, flags, Mode::empty()).map(File::from)
    }

    /// What is set aside gets its name back; where that is taken by now, one with a number, so that its watch meets it.
    pub(super) fn put_back(&self, why: &str) -> Box<Outcome> {
        match numbered(&self.name, |name| rename_to_free((self.at(), &self.aside), (self.at(), name))) {
            Ok(name) if name == self.name => changed(why),
            Ok(name) => changed(format!("{why}; it lies there as {}", Escaped(&name))),
            Err(Errno::NOENT) => changed("the file is gone"),
            Err(refusal) => {
                trouble(&format!("it is set aside as {} and cannot be put back", Escaped(&self.aside)), refusal)
            }
        }
    }

    fn delete(&self, file: &File, expected: &Identity) -> Result<Outcome, Box<Outcome>> {
        let unlinked = rustix::fs::unlinkat(&self.folder, &self.aside[..], AtFlags::empty());
        kill_point("here.taken_away");
        match unlinked {
            Ok(()) if is_version(file, expected) => Ok(deleted()),
            Ok(()) => Err(self.rescue(file)),
            Err(why) => {
                let _ = self.put_back("");
                Err(trouble("the file cannot be deleted", why))
            }
        }
    }

    /// Somebody who had it open wrote to it at the last moment: its bytes get a name again.
    fn rescue(&self, file: &File) -> Box<Outcome> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let mut copy = None;
        let name = numbered(&self.name, |name| {
            copy = Some(rustix::fs::openat(&self.folder, name, flags, Mode::from_raw_mode(0o600))?);
            Ok(())
        });
        let (Ok(name), Some(copy)) = (name, copy) else {
            return refused(
                TroubleKind::Local,
                "it was written to while it was deleted, and no file can be made for its bytes",
            );
        };
        let mut copy = File::from(copy);
        match hash(file, |bytes| copy.write_all(bytes)) {
            Ok(_) => changed(format!("it was written to while it was deleted; it lies there as {}", Escaped(&name))),
            Err(why) => {
                refused(TroubleKind::Local, format!("it was written to while it was deleted, and is lost: {why}"))
            }
        }
    }

    fn carry(
        &self,
        file: &File,
        expected: &Identity,
        (root, target): &(PathBuf, RemotePath),
        ready: Option<Ready>,
    ) -> Result<Outcome, Box<Outcome>> {
        let back = |what: &str, why: std::io::Error| {
            let _ = self.put_back("");
            trouble(what, why)
        };
        let Ready { place, copy } = match ready {
            Some(ready) => ready,
            None => {
                let place = Place::make(root, target).map_err(|why| back("its folder cannot be made", why))?;
                Ready { place, copy: None }
            }
        };
        let renamed = if copy.is_some() { Err(Errno::XDEV) } else { place.bring((self.at(), &self.aside)) };
        let name = match renamed {
            Err(Errno::XDEV) => {
                let copied = self.bring_over(copy, file, expected, &place).map_err(|why| back(NO_COPY, why))?;
                copied.ok_or_else(|| self.put_back("it was written to while it was moved"))?
            }
            renamed => renamed.map_err(|why| back("it cannot be moved there", why.into()))?,
        };
        kill_point("here.taken_away");
        if is_version(file, expected) {
            return Ok(moved_to(root, &place, &name));
        }
        match numbered(&self.name, |wanted| rename_to_free((place.folder.as_fd(), &name), (self.at(), wanted))) {
            Ok(_) => Err(changed("it was written to while it was moved")),
            Err(_) => {
                let _ = rustix::fs::unlinkat(&place.folder, &name[..], AtFlags::empty()); // a copy, on another file system
                Err(self.rescue(file))
            }
        }
    }

    /// The copy gets its name, and only then the source is removed here. Without a copy an earlier try has died, perhaps between the
    /// two. `None`: it changed meanwhile, and no copy of ours is left.
    fn bring_over(
        &self,
        copy: Option<Double>,
        file: &File,
        expected: &Identity,
        place: &Place,
    ) -> std::io::Result<Option<Vec<u8>>> {
        let named = if copy.is_none() { copied_before(file, expected, place) } else { None };
        let name = match named {
            Some(name) if is_version(file, expected) => name,
            Some(_) => return Ok(None),
            None => {
                let copy = copy.map_or_else(|| Double::make(file, place, &self.aside), Ok)?;
                if !is_version(file, expected) {
                    return Ok(None);
                }
                place.bring((place.folder.as_fd(), &copy.name))?
            }
        };
        place.sync();
        kill_point("here.copied");
        rustix::fs::unlinkat(&self.folder, &self.aside[..], AtFlags::empty())?;
        Ok(Some(name))
    }

    /// It says no more than that the file was whole: it goes the same way, and where it cannot, it stays.
    fn take_done_file(&self, done: &[u8], to: Option<&(PathBuf, RemotePath)>) {
        let _ = match to {
            None => rustix::fs::unlinkat(&self.folder, done, AtFlags::empty()),
            Some((root, target)) => {
                target.beside(done).ok().and_then(|target| Place::make(root, &target).ok()).map_or(Ok(()), |place| {
                    match place.bring((self.at(), done)) {
                        Err(Errno::XDEV) => rustix::fs::unlinkat(&self.folder, done, AtFlags::empty()),
                        moved => moved.map(|_| ()),
                    }
                })
            }
        };
    }
}

/// How the name ends that a source has while it is set aside.
pub(super) const ASIDE: &[u8] = b".aside";
const IN_USE: &str = "somebody has the file open for writing";
const NO_COPY: &str = "it cannot be copied to the other file system";

/// Where a source goes.
pub(super) struct Ready {
    place: Place,
    /// On another file system: its bytes are there already.
    copy: Option<Double>,
}

/// A copy on another file system under a name of ours; gone with this, unless it got another.
pub(super) struct Double {
    folder: OwnedFd,
    name: Vec<u8>,
}

impl Double {
    /// On disk when it returns.
    fn make(file: &File, place: &Place, name: &[u8]) -> std::io::Result<Self> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let about = file.metadata()?;
        let copy = rustix::fs::openat(&place.folder, name, flags, Mode::from_raw_mode(0o600))?;
        let double = Self { folder: place.folder.try_clone()?, name: name.to_vec() };
        let mut copy = File::from(copy);
        hash(file, |bytes| copy.write_all(bytes))?;
        copy.set_permissions(about.permissions())?;
        copy.set_times(std::fs::FileTimes::new().set_modified(about.modified()?))?;
        copy.sync_all()?;
        Ok(double)
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        let _ = rustix::fs::unlinkat(&self.folder, &self.name[..], AtFlags::empty());
    }
}

/// But for its ctime, which a rename changes.
fn is_version(file: &File, expected: &Identity) -> bool {
    let Ok(stat) = rustix::fs::fstat(file) else { return false };
    let found = beneath::facts_of(&stat).identity;
    beneath::kind_of(&stat).is_none()
        && (found.size_bytes, found.mtime_ns, found.inode) == (expected.size_bytes, expected.mtime_ns, expected.inode)
}

pub(super) fn deleted() -> Outcome {
    Outcome::TakenAway(TakenAway::Deleted)
}

/// It lies in `place`, below `root`, as `name`.
pub(super) fn moved_to(root: &Path, place: &Place, name: &[u8]) -> Outcome {
    let said = format!("moved to {}", Escaped(place.path_of(name).as_os_str().as_bytes()));
    Outcome::TakenAway(TakenAway::Moved { said, lies: place.sighting(root, name) })
}

/// Its folder cannot be looked into, which says nothing about the file.
fn unclear(said: String) -> Box<Outcome> {
    Box::new(Outcome::SourceUnclear(said.into()))
}
