//! Opening what lies beneath a watched folder, and never anything else: by descriptor, no step outside, no waiting.
//!
//! `openat2` (Linux 5.6) resolves the whole path in the kernel, so a folder swapped for a symlink between a look and an
//! open leads nowhere. Where it is missing or forbidden (ENOSYS, EPERM under old container profiles) each component is
//! opened by itself without following.

use crate::domain::Identity;
use rustix::{
    fd::{AsFd, BorrowedFd, OwnedFd},
    fs::{FileType, Mode, OFlags, ResolveFlags, Stat},
    io::Errno,
};
use std::{fs::File, path::Path};

/// What is done about symlinks below the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symlinks {
    /// One anywhere in the path is refused.
    Refuse,
    /// Followed as long as they stay beneath the root.
    Follow,
}

/// What something is that is not a regular file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Folder,
    Symlink,
    Fifo,
    Socket,
    Device,
    Other,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Folder => "a folder",
            Self::Symlink => "a symlink",
            Self::Fifo => "a FIFO",
            Self::Socket => "a socket",
            Self::Device => "a device",
            Self::Other => "of unknown kind",
        })
    }
}

/// Why a file could not be opened, by what the caller does about it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder itself is not there (unmounted, removed): says nothing about the file.
    #[error("the folder is missing: {0}")]
    RootMissing(std::io::Error),
    /// Nothing is there under this path any more.
    #[error("it is gone")]
    Gone,
    /// Something else is there now; it was not waited for and not read.
    #[error("it is {0}, not a file")]
    NotAFile(Kind),
    /// It may be readable later.
    #[error("it cannot be read: {0}")]
    Unreadable(std::io::Error),
}

/// What one look at a file shows, without opening it for reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    pub identity: Identity,
    /// Names that this file has.
    pub links: u64,
    /// User id.
    pub owner: u32,
}

/// A folder held open; what is opened beneath it stays beneath it, whatever is renamed meanwhile.
#[derive(Debug)]
pub struct Root {
    folder: OwnedFd,
    /// `CACHED`: what would have to be waited for is refused with EAGAIN.
    patience: ResolveFlags,
}

impl Root {
    /// Opens the folder. The path to it may lead through symlinks: whoever configured it meant so.
    ///
    /// # Errors
    /// [`OpenError::RootMissing`] when it is not a folder that can be opened.
    pub fn open(folder: &Path) -> Result<Self, OpenError> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC; // PATH: no event for whoever watches it
        let fd = rustix::fs::open(folder, flags, Mode::empty());
        let root = |folder| Self { folder, patience: ResolveFlags::empty() };
        fd.map(root).map_err(|errno| OpenError::RootMissing(errno.into()))
    }

    /// Opens a regular file for reading and says which version of it this is.
    ///
    /// # Errors
    /// As [`OpenError`] says; a FIFO or a device is refused without being opened.
    pub fn file(&self, path: &[u8], symlinks: Symlinks) -> Result<(File, Identity), OpenError> {
        self.look(path, symlinks)?;
        let fd = self.resolve(path, OFlags::RDONLY | OFlags::NONBLOCK, symlinks).map_err(refusal)?;
        let facts = facts(fd.as_fd())?; // again: the name may have changed hands since the look
        Ok((File::from(fd), facts.identity))
    }

    /// Looks at a regular file.
    ///
    /// # Errors
    /// As [`OpenError`] says.
    pub fn look(&self, path: &[u8], symlinks: Symlinks) -> Result<Facts, OpenError> {
        let fd = self.resolve(path, OFlags::PATH, symlinks).map_err(refusal)?;
        facts(fd.as_fd())
    }

    /// Opens a folder beneath it, for reading its names. No symlink on the way is followed.
    ///
    /// # Errors
    /// As [`OpenError`] says.
    pub fn folder(&self, path: &[u8]) -> Result<OwnedFd, OpenError> {
        self.resolve(path, OFlags::RDONLY | OFlags::DIRECTORY, Symlinks::Refuse).map_err(refusal)
    }

    /// The descriptor, for walking.
    #[must_use]
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.folder.as_fd()
    }

    fn resolve(&self, path: &[u8], flags: OFlags, symlinks: Symlinks) -> Result<OwnedFd, Errno> {
        let flags = flags | OFlags::CLOEXEC;
        let (flags, resolve) = match symlinks {
            Symlinks::Refuse => (flags | OFlags::NOFOLLOW, ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS),
            Symlinks::Follow => (flags, ResolveFlags::BENEATH),
        };
        let resolve = resolve | ResolveFlags::NO_MAGICLINKS | self.patience;
        for _ in 0..8 {
            match rustix::fs::openat2(&self.folder, path, flags, Mode::empty(), resolve) {
                Err(errno) if !self.patience.is_empty() => return Err(errno),
                Err(Errno::AGAIN | Errno::INTR) => (), // something was renamed while the kernel looked
                // a path of 4096 bytes and more is too long for any one call
                Err(Errno::NOSYS | Errno::PERM | Errno::NAMETOOLONG) => return step_by_step(self.as_fd(), path, flags),
                result => return result,
            }
        }
        Err(Errno::AGAIN)
    }
}

/// Opens the file `path` beneath `folder` for reading: [`Root::open`], then [`Root::file`].
///
/// # Errors
/// As [`OpenError`] says.
pub fn open(folder: &Path, path: &[u8], symlinks: Symlinks) -> Result<(File, Identity), OpenError> {
    Root::open(folder)?.file(path, symlinks)
}

/// [`open`], if nothing has to be waited for: all that leads there is in the kernel's memory (Linux 5.12), so neither a disk nor
/// a network is asked. `None` says nothing about the file: [`open`] does.
#[must_use]
pub fn open_at_once(folder: &Path, path: &[u8], symlinks: Symlinks) -> Option<(File, Identity)> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let patience = ResolveFlags::CACHED;
    let folder = rustix::fs::openat2(rustix::fs::CWD, folder, flags, Mode::empty(), patience).ok()?;
    Root { folder, patience }.file(path, symlinks).ok()
}

/// Without `openat2`: symlinks are refused even where following was asked for, since it could not be done safely.
fn step_by_step(root: BorrowedFd<'_>, path: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
    let mut components = path.split(|byte| *byte == b'/').peekable();
    let mut folder: Option<OwnedFd> = None;
    while let Some(name) = components.next() {
        if name.is_empty() || name == b"." || name == b".." {
            return Err(Errno::XDEV);
        }
        let at = folder.as_ref().map_or(root, OwnedFd::as_fd);
        if components.peek().is_none() {
            return rustix::fs::openat(at, name, flags | OFlags::NOFOLLOW, Mode::empty());
        }
        let step = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        folder = Some(rustix::fs::openat(at, name, step, Mode::empty())?);
    }
    Err(Errno::NOENT)
}

fn facts(fd: BorrowedFd<'_>) -> Result<Facts, OpenError> {
    let stat = rustix::fs::fstat(fd).map_err(refusal)?;
    match kind_of(&stat) {
        None => Ok(facts_of(&stat)),
        Some(kind) => Err(OpenError::NotAFile(kind)),
    }
}

/// What a `stat` of a regular file says.
#[must_use]
pub fn facts_of(stat: &Stat) -> Facts {
    let ns = |seconds: i64, ns: u64| seconds.saturating_mul(1_000_000_000).saturating_add(ns.cast_signed());
    Facts {
        identity: Identity {
            size_bytes: stat.st_size.cast_unsigned(),
            mtime_ns: ns(stat.st_mtime, stat.st_mtime_nsec),
            inode: stat.st_ino,
            ctime_ns: ns(stat.st_ctime, stat.st_ctime_nsec),
        },
        links: stat.st_nlink,
        owner: stat.st_uid,
    }
}

/// `None` for a regular file.
#[must_use]
pub fn kind_of(stat: &Stat) -> Option<Kind> {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => None,
        FileType::Directory => Some(Kind::Folder),
        FileType::Symlink => Some(Kind::Symlink),
        FileType::Fifo => Some(Kind::Fifo),
        FileType::Socket => Some(Kind::Socket),
        FileType::CharacterDevice | FileType::BlockDevice => Some(Kind::Device),
        FileType::Unknown => Some(Kind::Other),
    }
}

fn refusal(errno: Errno) -> OpenError {
    match errno {
        Errno::NOENT | Errno::NOTDIR => OpenError::Gone,
        Errno::LOOP | Errno::XDEV => OpenError::NotAFile(Kind::Symlink),
        Errno::NXIO => OpenError::NotAFile(Kind::Socket),
        errno => OpenError::Unreadable(errno.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("a/b")).unwrap();
        std::fs::write(at("a/b/file"), b"bytes").unwrap();
        symlink("/etc/passwd", at("out")).unwrap();
        symlink("a/b/file", at("in")).unwrap();
        symlink("a", at("way")).unwrap();
        symlink("../../..", at("a/up")).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, at("fifo"), FileType::Fifo, Mode::RWXU, 0).unwrap();
        std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        folder
    }

    fn said(result: Result<(File, Identity), OpenError>) -> String {
        result.map_or_else(|why| why.to_string(), |(_, identity)| format!("{} bytes", identity.size_bytes))
    }

    #[test]
    fn only_regular_files_beneath_the_folder_are_opened_and_nothing_is_waited_for() {
        let folder = folder();
        for (path, refusing, following) in [
            ("a/b/file", "5 bytes", "5 bytes"),
            ("in", "it is a symlink, not a file", "5 bytes"),
            ("way/b/file", "it is a symlink, not a file", "5 bytes"),
            ("out", "it is a symlink, not a file", "it is a symlink, not a file"),
            ("a/up/etc/passwd", "it is a symlink, not a file", "it is a symlink, not a file"),
            ("../x", "it is a symlink, not a file", "it is a symlink, not a file"),
            ("fifo", "it is a FIFO, not a file", "it is a FIFO, not a file"),
            ("socket", "it is a socket, not a file", "it is a socket, not a file"),
            ("a", "it is a folder, not a file", "it is a folder, not a file"),
            ("a/b/none", "it is gone", "it is gone"),
            ("a/b/file/x", "it is gone", "it is gone"),
        ] {
            assert_eq!(said(open(folder.path(), path.as_bytes(), Symlinks::Refuse)), refusing, "{path}");
            assert_eq!(said(open(folder.path(), path.as_bytes(), Symlinks::Follow)), following, "{path}");
        }
    }

    #[test]
    fn what_was_just_looked_at_is_opened_at_once_and_nothing_else_is() {
        let folder = folder();
        for (path, is_file) in [("a/b/file", true), ("in", true), ("out", false), ("fifo", false), ("a/b/none", false)]
        {
            let patient = open(folder.path(), path.as_bytes(), Symlinks::Follow).ok().map(|(_, identity)| identity);
            let at_once = open_at_once(folder.path(), path.as_bytes(), Symlinks::Follow).map(|(_, identity)| identity);
            assert_eq!((at_once.is_some(), at_once), (is_file, patient), "{path}");
        }
    }

    #[test]
    fn without_openat2_the_same_is_refused() {
        let folder = folder();
        let root = Root::open(folder.path()).unwrap();
        for (path, opened) in
            [("a/b/file", true), ("in", false), ("way/b/file", false), ("../x", false), ("a//b", false), ("", false)]
        {
            let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
            assert_eq!(step_by_step(root.as_fd(), path.as_bytes(), flags).is_ok(), opened, "{path}");
        }
    }

    #[test]
    fn a_path_of_any_length_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        let (name, mut path) = ("n".repeat(250), String::new());
        let mut at = rustix::fs::openat(root.as_fd(), ".", OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).unwrap();
        for _ in 0..20 {
            rustix::fs::mkdirat(&at, name.as_str(), Mode::RWXU).unwrap();
            at = rustix::fs::openat(&at, name.as_str(), OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).unwrap();
            path = format!("{path}{name}/");
        }
        rustix::fs::openat(&at, "file", OFlags::CREATE | OFlags::WRONLY | OFlags::CLOEXEC, Mode::RWXU).unwrap();
        let file = format!("{path}file");
        for symlinks in [Symlinks::Refuse, Symlinks::Follow] {
            assert_eq!(root.look(file.as_bytes(), symlinks).unwrap().identity.size_bytes, 0);
        }
        let name = "n".repeat(256);
        assert!(matches!(root.look(name.as_bytes(), Symlinks::Refuse), Err(OpenError::Unreadable(_))));
    }

    #[test]
    fn a_missing_folder_says_nothing_about_its_files() {
        let folder = tempfile::tempdir().unwrap();
        let missing = open(&folder.path().join("none"), b"x", Symlinks::Refuse);
        assert!(matches!(missing, Err(OpenError::RootMissing(_))));
    }
}
