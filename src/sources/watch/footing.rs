//! What a folder stands on, so that an unmounted or replaced folder is not taken for an emptied one.

use rustix::{
    fd::BorrowedFd,
    fs::{AtFlags, StatxFlags},
    io::Result,
};

/// Of an open folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Footing {
    /// File system and folder on it; the same again after a remount or a restart.
    pub ground: String,
    /// The mount it is on; another one after a remount.
    pub mount: u64,
    /// User id of the folder's owner.
    pub owner: u32,
    /// No events come from the other machine, and its clock is not ours.
    pub is_network: bool,
}

impl Footing {
    pub fn of(folder: BorrowedFd<'_>) -> Result<Self> {
        let stat = rustix::fs::fstat(folder)?;
        let system = rustix::fs::fstatfs(folder)?;
        let id = rustix::fs::fstatvfs(folder)?.f_fsid;
        let kind = system.f_type.cast_unsigned() & 0xffff_ffff;
        let (inode, born_ns, mount) = print(folder)?; // a folder made anew often has the inode of the one before
        Ok(Self {
            ground: format!("{kind:x}:{id:x}:{inode:x}:{born_ns:x}"),
            mount,
            owner: stat.st_uid,
            is_network: NETWORK.contains(&kind),
        })
    }
}

/// The mount that an open folder is on (its device, where the kernel is older than 5.8).
pub(super) fn mount(folder: BorrowedFd<'_>) -> Result<u64> {
    match rustix::fs::statx(folder, c"", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID) {
        Ok(stat) if StatxFlags::from_bits_retain(stat.stx_mask).contains(StatxFlags::MNT_ID) => Ok(stat.stx_mnt_id),
        _ => Ok(rustix::fs::fstat(folder)?.st_dev),
    }
}

/// What another folder under the same path would not have: inode, birth and mount.
pub(super) type Print = (u64, i64, u64);

/// The print of an open folder.
pub(super) fn print(folder: BorrowedFd<'_>) -> Result<Print> {
    let mount = mount(folder)?;
    match rustix::fs::statx(folder, c"", AtFlags::EMPTY_PATH, StatxFlags::INO | StatxFlags::BTIME) {
        Ok(stat) => {
            let born_ns = stat.stx_btime.tv_sec.saturating_mul(1_000_000_000) + i64::from(stat.stx_btime.tv_nsec);
            Ok((stat.stx_ino, born_ns, mount))
        }
        Err(_) => Ok((rustix::fs::fstat(folder)?.st_ino, 0, mount)),
    }
}

/// `f_type` of statfs(2): NFS, SMB, CIFS, SMB2, 9P, Ceph, AFS, FUSE (sshfs and its kin).
const NETWORK: [u64; 8] =
    [0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42, 0x0102_1997, 0x00c3_6400, 0x5346_414f, 0x6573_5546];
