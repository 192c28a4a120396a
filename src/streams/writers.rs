//! Whether somebody has a file open for writing. Only a lease tells (fcntl(2), "Leases"), and no crate offers it without `unsafe`.

use rustix::{
    fd::{AsFd, AsRawFd},
    fs::fstatfs,
    io::Errno,
};
use std::{ffi::c_int, fs::File};

/// Whether any process of this machine has `file`, which is open for reading alone, open for writing now.
///
/// `None`: it cannot be told. It is another user's and we lack `CAP_LEASE`, or its file system knows no leases.
#[must_use]
pub fn is_being_written(file: &File) -> Option<bool> {
    // whoever opens it by a second name in the instant of the lease waits for its end, and the signal about him is one that nobody minds
    let leased = control(file, F_SETSIG, libc::SIGURG)
        .and_then(|()| control(file, libc::F_SETLEASE, libc::F_RDLCK))
        .and_then(|()| control(file, libc::F_SETLEASE, libc::F_UNLCK));
    match leased {
        Ok(()) => Some(false),
        Err(Errno::AGAIN) if is_local(file) => Some(true),
        Err(_) => None,
    }
}

/// Of <linux/fcntl.h>, the same on all machines that we build for.
const F_SETSIG: c_int = 10;

/// The file systems (statfs(2)) that say the same where a server gave them no promise: NFS, SMB in its three versions, 9P, AFS, Ceph,
/// and whatever lies behind FUSE.
const SHARED: [u32; 8] = [0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42, 0x0102_1997, 0x5346_414f, 0x00c3_6400, 0x6573_5546];

fn is_local(file: &File) -> bool {
    fstatfs(file).is_ok_and(|about| u32::try_from(about.f_type).is_ok_and(|kind| !SHARED.contains(&kind)))
}

#[expect(unsafe_code, reason = "the descriptor is borrowed, and these three commands take a number and no pointer")]
fn control(file: &File, command: c_int, number: c_int) -> Result<(), Errno> {
    // SAFETY: `fcntl` with these commands reads its arguments and touches no memory of ours.
    match unsafe { libc::fcntl(file.as_fd().as_raw_fd(), command, number) } {
        -1 => Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::OpenOptions;

    #[test]
    fn a_writer_is_seen_for_as_long_as_he_has_it_open() {
        for folder in ["/dev/shm", "/tmp"] {
            let folder = tempfile::tempdir_in(folder).unwrap();
            let path = folder.path().join("a");
            let writer = File::create(&path).unwrap();
            let reader = File::open(&path).unwrap();
            assert_eq!(is_being_written(&reader), Some(true));
            drop(writer);
            let _other_reader = File::open(&path).unwrap();
            assert_eq!(is_being_written(&reader), Some(false));
            let _appender = OpenOptions::new().append(true).open(&path).unwrap();
            assert_eq!(is_being_written(&reader), Some(true), "and opening it did not have to wait");
        }
    }
}
