//! The folders of the spool, held open: what is done in them stays in them, whatever is renamed meanwhile.

use rustix::{
    fd::{AsFd, BorrowedFd, OwnedFd},
    fs::{Dir, FileType, Mode, OFlags, fchmod, mkdirat, openat},
    io::Errno,
};
use std::{
    ffi::{OsStr, OsString},
    fs::{self, DirBuilder, File},
    io,
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        fs::{DirBuilderExt, PermissionsExt},
    },
    path::Path,
};

/// The part of a maildir in which messages are whole.
pub(super) const NEW: &str = "new";
/// What is being written, and what has been seen: not looked at.
const OTHERS: [&str; 2] = ["tmp", "cur"];
/// Where what cannot be taken is set aside.
const FAILED: &str = "failed";

/// Our group may leave files here, and they are our group's.
const SHARED: u32 = 0o2770;
/// Our group may look.
const SHOWN: u32 = 0o2750;

#[derive(Debug)]
pub(super) struct Folders {
    pub spool: OwnedFd,
    pub new: OwnedFd,
    pub failed: OwnedFd,
}

/// Makes those that are not there; one that is keeps its mode, for that is the administrator's.
pub(super) fn open(folder: &Path) -> io::Result<Folders> {
    if let Some(above) = folder.parent() {
        fs::create_dir_all(above)?;
    }
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => fs::set_permissions(folder, fs::Permissions::from_mode(SHARED))?,
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {}
        Err(why) => return Err(why),
    }
    let spool = OwnedFd::from(File::open(folder)?);
    for name in OTHERS {
        below(&spool, name, SHARED)?;
    }
    let (new, failed) = (below(&spool, NEW, SHARED)?, below(&spool, FAILED, SHOWN)?);
    Ok(Folders { spool, new, failed })
}

fn below(spool: &OwnedFd, name: &str, mode: u32) -> io::Result<OwnedFd> {
    let made = mkdirat(spool, name, Mode::RWXU);
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = openat(spool, name, flags, Mode::empty());
    let folder = opened.map_err(|why| io::Error::other(format!("{name}/ in it: {}", io::Error::from(why))))?;
    match made {
        Ok(()) => fchmod(&folder, Mode::from_raw_mode(mode))?,
        Err(Errno::EXIST) => {}
        Err(why) => return Err(why.into()),
    }
    Ok(folder)
}

/// All names in it but those of folders.
pub(super) fn names(folder: BorrowedFd<'_>) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder.as_fd())? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if !matches!(name, b"." | b"..") && entry.file_type() != FileType::Directory {
            names.push(OsString::from_vec(name.to_vec()));
        }
    }
    Ok(names)
}

/// Whether it ends so, in any case.
pub(super) fn ends(name: &OsStr, end: &str) -> bool {
    let (name, end) = (name.as_bytes(), end.as_bytes());
    name.len().checked_sub(end.len()).is_some_and(|at| name[at..].eq_ignore_ascii_case(end))
}
