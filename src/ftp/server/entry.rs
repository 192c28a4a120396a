//! What SIZE, MDTM, LIST and MLSD tell of one file or folder.

use rustix::fs::{AtFlags, FileType, Stat, statat};
use std::{
    ffi::OsStr,
    io,
    os::fd::AsFd,
    time::{Duration, SystemTime},
};
use unftp_core::storage::{Metadata, Permissions, Result};

/// One entry of a folder as the kernel describes it, symbolic links not followed.
#[derive(Debug, Clone)]
pub struct Entry(Stat);

impl Entry {
    pub(super) fn read(folder: impl AsFd, name: &OsStr) -> io::Result<Self> {
        Ok(Self(statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?))
    }

    pub(super) fn of_folder(folder: impl AsFd) -> io::Result<Self> {
        Ok(Self(rustix::fs::fstat(folder)?))
    }

    fn kind(&self) -> FileType {
        FileType::from_raw_mode(self.0.st_mode)
    }
}

impl Metadata for Entry {
    fn len(&self) -> u64 {
        u64::try_from(self.0.st_size).unwrap_or_default()
    }

    fn is_dir(&self) -> bool {
        self.kind() == FileType::Directory
    }

    fn is_file(&self) -> bool {
        self.kind() == FileType::RegularFile
    }

    fn is_symlink(&self) -> bool {
        self.kind() == FileType::Symlink
    }

    fn modified(&self) -> Result<SystemTime> {
        let seconds = u64::try_from(self.0.st_mtime).unwrap_or_default();
        Ok(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
    }

    fn gid(&self) -> u32 {
        self.0.st_gid
    }

    fn uid(&self) -> u32 {
        self.0.st_uid
    }

    fn permissions(&self) -> Permissions {
        Permissions(self.0.st_mode & 0o7777)
    }
}
