//! What a try that a death cut off has left of a source: found, and finished or undone.

use crate::{
    delivery::here::{
        place::{Place, numbered, rename_to_free, with_number},
        save::hash,
        take_away::{ASIDE, Source, TakeAway, deleted, moved_to},
    },
    domain::{Identity, Outcome, RemotePath},
    streams::beneath,
};
use rustix::{
    fd::BorrowedFd,
    fs::{AtFlags, CWD, Mode, OFlags},
    io::Errno,
};
use std::{ffi::OsStr, fs::File, os::unix::ffi::OsStrExt, path::Path};

/// What an earlier try of the same job has left.
#[derive(Debug)]
pub enum Earlier {
    /// Nothing: the source lies where it was, or another does.
    Nothing,
    /// It is set aside: [`go_on`], or [`undo`].
    SetAside,
    /// The very file is where it was to go.
    Ended(Outcome),
    /// The source is not where it was. That is how it ended, if that try was cut off and the folder is still the one it was.
    Missing(Outcome),
}

/// Looks how far an earlier try of the same job has come.
#[must_use]
pub fn earlier(away: &TakeAway) -> Earlier {
    let Ok(source) = Source::open(away) else { return Earlier::Nothing };
    if exists(source.at(), &source.aside) {
        return Earlier::SetAside;
    }
    let has_name = exists(source.at(), &source.name);
    let Some((root, target)) = &away.to else {
        return if has_name { Earlier::Nothing } else { Earlier::Missing(deleted()) };
    };
    // another file may have come meanwhile: then only the very file that lies there was moved for certain
    let is_it = |found: &Identity| !has_name || found.inode == away.expected.inode;
    match moved_before(root, target, &away.expected, is_it) {
        None => Earlier::Nothing,
        Some(moved) if has_name => Earlier::Ended(moved),
        Some(moved) => Earlier::Missing(moved),
    }
}

/// Goes on with a source that is set aside.
#[must_use]
pub fn go_on(away: &TakeAway) -> Outcome {
    Source::open(away).and_then(|source| source.end(away, None)).unwrap_or_else(|outcome| *outcome)
}

/// Gives a source that is set aside its name back.
pub fn undo(away: &TakeAway) {
    if let Ok(source) = Source::open(away) {
        let _ = source.put_back("");
    }
}

/// Whether a file of this name is a source set aside.
#[must_use]
pub fn is_aside(name: &[u8]) -> bool {
    name.starts_with(b".pb-") && name.ends_with(ASIDE)
}

/// Gives a source that is set aside its name back, or where that is taken by now one with a number: whoever was to end it will not.
/// Both paths are absolute.
///
/// # Errors
/// What the file system refuses; not that there is none.
pub fn put_back(aside: &Path, source: &Path) -> std::io::Result<()> {
    let name = source.file_name().unwrap_or_default();
    let taken = numbered(name.as_bytes(), |name| {
        rename_to_free(
            (CWD, aside.as_os_str().as_bytes()),
            (CWD, source.with_file_name(OsStr::from_bytes(name)).as_os_str().as_bytes()),
        )
    });
    match taken {
        Ok(_) | Err(Errno::NOENT) => Ok(()),
        Err(why) => Err(why.into()),
    }
}

fn exists(folder: BorrowedFd<'_>, name: &[u8]) -> bool {
    rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).is_ok()
}

/// Where a try that could not say so has moved it: the very file, or on another file system one of its size and time.
fn moved_before(
    root: &Path,
    target: &RemotePath,
    expected: &Identity,
    is_it: impl Fn(&Identity) -> bool,
) -> Option<Outcome> {
    let place = Place::make(root, target).ok()?;
    let name = lies_there(&place, expected, |_, found| is_it(found))?;
    Some(moved_to(root, &place, &name))
}

/// The name under which a try that died has already brought a copy of `file` to another file system, where its bytes alone tell it.
pub(super) fn copied_before(file: &File, expected: &Identity, place: &Place) -> Option<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let has_its_bytes = |name: &[u8], _: &Identity| {
        let Ok(copy) = rustix::fs::openat(&place.folder, name, flags, Mode::empty()).map(File::from) else {
            return false;
        };
        let hashes = [file, &copy].map(|file| hash(file, |_| Ok(())));
        matches!(hashes, [Ok(ours), Ok(theirs)] if ours == theirs) && copy.sync_all().is_ok()
    };
    lies_there(place, expected, has_its_bytes)
}

/// The name that a file of this size and time has in `place`: its own, or that with a number.
fn lies_there(place: &Place, expected: &Identity, is_it: impl Fn(&[u8], &Identity) -> bool) -> Option<Vec<u8>> {
    for number in 1.. {
        let name = if number == 1 { place.name.clone() } else { with_number(&place.name, number) };
        let stat = rustix::fs::statat(&place.folder, &name[..], AtFlags::SYMLINK_NOFOLLOW).ok()?;
        let found = beneath::facts_of(&stat).identity;
        let is_like_it = (found.size_bytes, found.mtime_ns) == (expected.size_bytes, expected.mtime_ns);
        if is_like_it && beneath::kind_of(&stat).is_none() && is_it(&name, &found) {
            return Some(name);
        }
    }
    None
}
