//! A place below a folder that a rule names: its folders made, held by descriptor, and names in it that nobody has.

use crate::{
    domain::{RemotePath, Sighting},
    streams::beneath,
};
use rustix::{
    fd::{AsFd, OwnedFd},
    fs::{Access, AtFlags, CWD, Mode, OFlags, RenameFlags},
    io::Errno,
};
use std::{
    ffi::OsStr,
    fs, io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

/// How often a free name is looked for.
const MOST_NUMBERS: u32 = 10_000;

/// Only the folder: for standing in, not for reading its names.
const FOLDER: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// A folder, open, and the name in it that is meant.
pub(super) struct Place {
    pub folder: OwnedFd,
    /// Absolute.
    path: PathBuf,
    pub name: Vec<u8>,
}

impl Place {
    /// Makes the folders of `target` (absolute, without the first `/`), which lies below `root`. The way to `root` may lead through
    /// symlinks, for a rule names it; below it none is followed.
    ///
    /// # Errors
    /// What the file system refuses.
    pub(super) fn make(root: &Path, target: &RemotePath) -> io::Result<Self> {
        let whole = [b"/", target.as_bytes()].concat();
        let whole = Path::new(OsStr::from_bytes(&whole));
        let below = whole.strip_prefix(root).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        fs::create_dir_all(root)?;
        let mut folder = rustix::fs::openat(CWD, root, FOLDER, Mode::empty())?;
        for part in below.parent().into_iter().flat_map(Path::iter) {
            match rustix::fs::mkdirat(&folder, part, Mode::from_raw_mode(0o777)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(why) => return Err(why.into()),
            }
            folder = rustix::fs::openat(&folder, part, FOLDER | OFlags::NOFOLLOW, Mode::empty())?;
        }
        let path = whole.parent().unwrap_or(root).to_owned();
        Ok(Self { folder, path, name: target.name().to_vec() })
    }

    /// The whole path of `name` in it.
    pub(super) fn path_of(&self, name: &[u8]) -> PathBuf {
        self.path.join(OsStr::from_bytes(name))
    }

    /// The file `name` in it as it is, below `root`.
    pub(super) fn sighting(&self, root: &Path, name: &[u8]) -> Option<Sighting> {
        let stat = rustix::fs::statat(&self.folder, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        let whole = self.path_of(name);
        Some(Sighting {
            folder: root.as_os_str().as_bytes().to_vec(),
            path: whole.strip_prefix(root).ok()?.as_os_str().as_bytes().to_vec(),
            identity: beneath::facts_of(&stat).identity,
        })
    }

    /// The same as a receipt has it.
    pub(super) fn target(&self, name: &[u8]) -> Option<RemotePath> {
        let whole = self.path_of(name);
        let bytes = whole.as_os_str().as_bytes();
        RemotePath::new(bytes.strip_prefix(b"/").unwrap_or(bytes)).ok()
    }

    /// Whether files may be made in it.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn may_be_filled(&self) -> Result<(), Errno> {
        rustix::fs::accessat(&self.folder, ".", Access::WRITE_OK | Access::EXEC_OK, AtFlags::empty())
    }

    /// Whether what lies in `folder` can be renamed into it, but for a mount that is another view of one file system. (The device of a
    /// file says nothing: an overlay has many.)
    pub(super) fn is_of_device_of(&self, folder: impl AsFd) -> bool {
        let devices = (rustix::fs::fstat(&self.folder), rustix::fs::fstat(folder));
        matches!(devices, (Ok(ours), Ok(theirs)) if ours.st_dev == theirs.st_dev)
    }

    /// Brings `from` here under its name, or, where that is taken, under the next free number; answers the name. Nothing is overwritten.
    ///
    /// # Errors
    /// What the file system refuses; `EXDEV` when it comes of another one.
    pub(super) fn bring(&self, (folder, name): (impl AsFd + Copy, &[u8])) -> Result<Vec<u8>, Errno> {
        numbered(&self.name, |wanted| rename_to_free((folder, name), (self.folder.as_fd(), wanted)))
    }

    /// Whatever was renamed in it survives a power cut.
    pub(super) fn sync(&self) {
        let read = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        if let Ok(folder) = rustix::fs::openat(&self.folder, ".", read, Mode::empty()) {
            let _ = rustix::fs::fsync(&folder); // a folder that may not be read cannot be synced
        }
    }
}

/// Tries `name`, then `name-2.ext`, `name-3.ext` … until `take` does not find it taken.
pub(super) fn numbered(name: &[u8], mut take: impl FnMut(&[u8]) -> Result<(), Errno>) -> Result<Vec<u8>, Errno> {
    for number in 1..MOST_NUMBERS {
        let wanted = if number == 1 { name.to_vec() } else { with_number(name, number) };
        match take(&wanted) {
            Err(Errno::EXIST) => {}
            taken => return taken.map(|()| wanted),
        }
    }
    Err(Errno::EXIST)
}

/// The name with a number before its extension; `number` of 1 and above.
pub(super) fn with_number(name: &[u8], number: u32) -> Vec<u8> {
    let dot = name.iter().rposition(|byte| *byte == b'.').filter(|dot| *dot > 0).unwrap_or(name.len());
    let number = format!("-{number}");
    let mut end = dot.min(255_usize.saturating_sub(number.len() + name.len() - dot));
    if let Ok(letters) = std::str::from_utf8(&name[..dot]) {
        end = letters.floor_char_boundary(end); // half a letter would make the name no text any more
    }
    [&name[..end], number.as_bytes(), &name[dot..]].concat()
}

/// A rename that overwrites nothing, also on a file system that knows no such rename: there by a second link.
///
/// # Errors
/// `EEXIST` when the name is taken, and what the file system refuses.
pub(super) fn rename_to_free(
    (from, name): (impl AsFd + Copy, &[u8]),
    (to, wanted): (impl AsFd + Copy, &[u8]),
) -> Result<(), Errno> {
    match rustix::fs::renameat_with(from, name, to, wanted, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            rustix::fs::linkat(from, name, to, wanted, AtFlags::empty())?;
            rustix::fs::unlinkat(from, name, AtFlags::empty())
        }
        renamed => renamed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_name_gets_a_number_before_its_extension() {
        for (name, number, expected) in [
            (&b"orders.dump"[..], 2, &b"orders-2.dump"[..]),
            (b"orders.tar.gz", 13, b"orders.tar-13.gz"),
            (b"README", 3, b"README-3"),
            (b".hidden", 2, b".hidden-2"),
            (b"caf\xe9.x", 2, b"caf\xe9-2.x"),
        ] {
            assert_eq!(with_number(name, number), expected, "{}", name.escape_ascii());
        }
        let long = [&[b'n'; 251][..], b".pdf"].concat();
        assert_eq!(with_number(&long, 2).len(), 255);
        let umlauts = "ü".repeat(125) + ".txt";
        let numbered = String::from_utf8(with_number(umlauts.as_bytes(), 2)).unwrap();
        assert_eq!(numbered, "ü".repeat(124) + "-2.txt");
    }
}
