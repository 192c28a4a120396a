//! One upload on its way to its name: written out of sight, renamed into place when it is whole.

use super::jail::Place;
use rustix::fs::{AtFlags, Mode, OFlags, openat, renameat, unlinkat};
use std::{
    ffi::OsString,
    fs::File,
    io::{self, Read, Write},
    os::{
        fd::{AsFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    sync::Arc,
};

/// A file in the staging folder that becomes its name or vanishes.
///
/// Dropped before `publish` (the stream broke, the server was stopped), it leaves nothing behind, with one
/// exception: a name that ends in `.part` says itself that it is not whole, so what arrived of it is kept under that
/// name, and the sender can resume.
pub(super) struct Upload {
    staging: Arc<OwnedFd>,
    staged: OsString,
    target: Place,
    file: Option<File>,
}

impl Upload {
    /// Opens a hidden file for `target`; with an `offset` it begins with that many bytes of what the name holds now.
    pub fn begin(staging: Arc<OwnedFd>, target: Place, offset: u64) -> io::Result<Self> {
        let staged = OsString::from(format!("{:016x}", fastrand::u64(..)));
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = File::from(openat(&staging, &staged, flags, Mode::from_raw_mode(0o644))?);
        let mut upload = Self { staging, staged, target, file: Some(file) };
        if offset > 0 {
            upload.copy_beginning(offset)?;
        }
        Ok(upload)
    }

    /// Appends; blocks.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.file {
            Some(file) => file.write_all(bytes),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Puts the whole file under its name, over what was there; blocks. The kernel has the bytes then, the disk perhaps not yet.
    pub fn publish(mut self) -> io::Result<()> {
        if self.file.take().is_none() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if let Err(error) = self.rename() {
            self.discard();
            return Err(error);
        }
        Ok(())
    }

    fn copy_beginning(&mut self, offset: u64) -> io::Result<()> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let existing = File::from(openat(&self.target.folder, &self.target.name, flags, Mode::empty())?);
        let copied = match &mut self.file {
            Some(file) => io::copy(&mut existing.take(offset), file)?,
            None => 0,
        };
        if copied < offset { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    fn says_it_is_a_part(&self) -> bool {
        self.target.name.as_bytes().ends_with(b".part")
    }

    fn rename(&self) -> io::Result<()> {
        Ok(renameat(self.staging.as_fd(), &self.staged, &self.target.folder, &self.target.name)?)
    }

    fn discard(&self) {
        // Nothing left to tell anyone: what cannot be removed now is swept at the next start.
        let _ = unlinkat(self.staging.as_fd(), &self.staged, AtFlags::empty());
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let Some(file) = self.file.take() else { return };
        let arrived = file.metadata().map_or(0, |metadata| metadata.len());
        let kept = arrived > 0 && self.says_it_is_a_part() && self.rename().is_ok();
        if !kept {
            self.discard();
        }
    }
}
