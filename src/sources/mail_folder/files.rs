//! The files in a folder that others write to: opened by descriptor, so that nothing in it can be another file, removed only when they
//! are safe, and set aside without overwriting anything.

use rustix::{
    fd::BorrowedFd,
    fs::{AtFlags, FileType, Mode, OFlags, RenameFlags, fsync, openat, renameat_with, unlinkat},
    io::Errno,
};
use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::{self, Read, Write as _},
    os::unix::ffi::OsStrExt,
    time::SystemTime,
};

/// A file as it was left.
#[derive(Debug)]
pub(in crate::sources) struct Found {
    pub name: OsString,
    /// Whose it is.
    pub uid: u32,
    pub left_at: SystemTime,
    /// Or why there are none.
    pub bytes: Result<Vec<u8>, String>,
}

/// Bytes of a file.
#[derive(Debug, Clone, Copy)]
pub(in crate::sources) struct Most<'a> {
    pub bytes: u64,
    /// What is said of a file with more of them.
    pub beyond: &'a str,
}

/// What lies there under a name.
pub(in crate::sources) enum Lies {
    Nothing,
    /// Not to be read, and why; whose it is.
    NoFile(u32, &'static str),
    File(File),
}

/// Opens a file. Links are not followed, nothing is waited for, and what has another name beside this one is somebody else's file.
pub(in crate::sources) fn open(folder: BorrowedFd<'_>, name: &OsStr) -> io::Result<Lies> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match openat(folder, name, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::NOENT) => return Ok(Lies::Nothing),
        Err(Errno::LOOP) => return Ok(Lies::NoFile(u32::MAX, "it is a symlink, not a file")),
        Err(Errno::ACCESS) => return Ok(Lies::NoFile(u32::MAX, "it may not be read")),
        Err(Errno::NXIO | Errno::NODEV) => return Ok(Lies::NoFile(u32::MAX, "it is not a file")),
        Err(why) => return Err(why.into()),
    };
    let stat = rustix::fs::fstat(&file)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Ok(Lies::NoFile(stat.st_uid, "it is not a file"));
    }
    if stat.st_nlink != 1 {
        return Ok(Lies::NoFile(stat.st_uid, "it has another name elsewhere"));
    }
    Ok(Lies::File(file))
}

/// Reads a file that [`open`] opened.
pub(in crate::sources) fn read(file: File, name: &OsStr, most: Most<'_>) -> io::Result<Found> {
    let uid = rustix::fs::fstat(&file)?.st_uid;
    let left_at = file.metadata()?.modified()?;
    let mut bytes = Vec::new();
    let length = file.take(most.bytes + 1).read_to_end(&mut bytes)? as u64;
    let bytes = if length > most.bytes { Err(most.beyond.to_owned()) } else { Ok(bytes) };
    Ok(Found { name: name.to_owned(), uid, left_at, bytes })
}

/// What is to be set aside.
pub(in crate::sources) fn no_file(name: &OsStr, uid: u32, why: &str) -> Found {
    Found { name: name.to_owned(), uid, left_at: SystemTime::now(), bytes: Err(why.to_owned()) }
}

/// Gone, and gone after a power cut.
pub(in crate::sources) fn remove<'a>(folder: BorrowedFd<'_>, names: impl Iterator<Item = &'a OsStr>) -> io::Result<()> {
    let mut removed = 0;
    for name in names {
        match unlinkat(folder, name, AtFlags::empty()) {
            Err(why) if why != Errno::NOENT => return Err(why.into()),
            _ => removed += 1,
        }
    }
    if removed > 0 { Ok(fsync(folder)?) } else { Ok(()) }
}

/// Moves what cannot be taken into another folder, with the reason beside it in `NAME.why`. It gets the first of these names that nothing
/// has there; which one.
pub(in crate::sources) fn set_aside(
    (folder, name): (BorrowedFd<'_>, &OsStr),
    (aside, names): (BorrowedFd<'_>, &[OsString]),
    why: &str,
) -> io::Result<OsString> {
    for to in names {
        if rustix::fs::statat(aside, to, AtFlags::SYMLINK_NOFOLLOW).is_ok() {
            continue;
        }
        write_reason(aside, &[to.as_bytes(), b".why"].concat(), why)?;
        match renameat_with(folder, name, aside, to, RenameFlags::NOREPLACE) {
            Ok(()) => {
                fsync(aside)?;
                fsync(folder)?;
                return Ok(to.clone());
            }
            Err(Errno::EXIST) => {}
            Err(why) => return Err(why.into()),
        }
    }
    Err(io::Error::other(format!("{} cannot be set aside: its name is taken there", name.display())))
}

/// In the place of one whose file is gone.
fn write_reason(aside: BorrowedFd<'_>, name: &[u8], why: &str) -> io::Result<()> {
    match unlinkat(aside, name, AtFlags::empty()) {
        Err(why) if why != Errno::NOENT => return Err(why.into()),
        _ => {}
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let mut file = File::from(openat(aside, name, flags, Mode::RUSR | Mode::WUSR)?);
    rustix::fs::fchmod(&file, Mode::from_raw_mode(0o640))?; // whatever our umask: who may look there may read it
    writeln!(file, "{}", why.trim_end())?;
    file.sync_all()
}
