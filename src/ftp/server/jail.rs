//! Paths of a client, opened beneath a root and nowhere else.
//!
//! `..` is resolved on the text and never reaches the kernel; each folder on the way is opened by descriptor with
//! `O_NOFOLLOW`, so a symbolic link that is swapped in meanwhile leads nowhere.

use rustix::fs::{Mode, OFlags, openat};
use std::{
    ffi::{OsStr, OsString},
    io,
    os::fd::OwnedFd,
    path::{Component, Path},
    sync::Arc,
};

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// The folder that a client takes for the whole world.
#[derive(Debug, Clone)]
pub(super) struct Jail {
    root: Arc<OwnedFd>,
}

/// A name in an open folder: what every operation on one file works on.
#[derive(Debug)]
pub(super) struct Place {
    pub folder: OwnedFd,
    pub name: OsString,
}

impl Jail {
    /// Opens the root; it must exist.
    pub fn open(root: &Path) -> io::Result<Self> {
        let root = rustix::fs::open(root, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Self { root: Arc::new(root) })
    }

    /// The folder that `path` means.
    pub fn folder(&self, path: &Path) -> io::Result<OwnedFd> {
        self.walk(&beneath(path))
    }

    /// The folder that holds `path`, and its last name there; whether that exists is the caller's question.
    pub fn place(&self, path: &Path) -> io::Result<Place> {
        let mut names = beneath(path);
        let name = names.pop().ok_or(io::ErrorKind::PermissionDenied)?.to_owned();
        Ok(Place { folder: self.walk(&names)?, name })
    }

    fn walk(&self, names: &[&OsStr]) -> io::Result<OwnedFd> {
        let mut folder = openat(&self.root, ".", FOLDER, Mode::empty())?;
        for name in names {
            folder = openat(&folder, *name, FOLDER, Mode::empty())?;
        }
        Ok(folder)
    }
}

/// The names from the root down to `path`; what climbs above the root stays at the root.
fn beneath(path: &Path) -> Vec<&OsStr> {
    let mut names = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => names.push(name),
            Component::ParentDir => drop(names.pop()),
            Component::RootDir | Component::Prefix(_) => names.clear(),
            Component::CurDir => {}
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_never_climbs_above_the_root() {
        let cases = [
            ("/", ""),
            ("", ""),
            ("/a/b", "a/b"),
            ("a/./b", "a/b"),
            ("/a/../b", "b"),
            ("/../../etc/passwd", "etc/passwd"),
            ("/a/b/../../../c", "c"),
            ("/a/..", ""),
        ];
        for (path, names) in cases {
            let expected: Vec<&OsStr> = names.split('/').filter(|name| !name.is_empty()).map(OsStr::new).collect();
            assert_eq!(beneath(Path::new(path)), expected, "{path:?}");
        }
    }

    #[test]
    fn a_symbolic_link_on_the_way_leads_nowhere() {
        let outside = tempfile::tempdir().unwrap();
        let root = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret"), b"x").unwrap();
        std::os::unix::fs::symlink(outside.path(), root.path().join("out")).unwrap();
        let jail = Jail::open(root.path()).unwrap();
        assert!(jail.folder(Path::new("/out")).is_err());
        assert!(jail.place(Path::new("/out/secret")).is_err());
    }
}
