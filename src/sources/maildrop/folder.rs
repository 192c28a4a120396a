//! The folder of the maildrop: made so that everybody can leave something there, and what is whole in it.

use crate::{
    mail::maildrop::WHOLE,
    sources::mail_folder::files::{self, Found, Lies, Most},
};
use rustix::fd::AsFd;
use std::{
    ffi::OsStr,
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::Path,
    time::Duration,
};

/// Everybody may leave a file here and take away his own; the group of a file is ours, so that we can read it.
const MODE: u32 = 0o3777;
/// Of an envelope, beside the message.
const ENVELOPE: u64 = 1 << 20;
/// A file that nobody finished for so long is nobody's.
const STALE: Duration = Duration::from_secs(36 * 3600);

/// Makes the folder and sees to it that others can use it.
pub(super) fn make(folder: &Path) -> io::Result<()> {
    if let Some(above) = folder.parent() {
        fs::create_dir_all(above)?;
    }
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(why) if why.kind() != io::ErrorKind::AlreadyExists => return Err(why),
        _ => {}
    }
    let mode = fs::metadata(folder)?.permissions().mode() & 0o7777;
    if mode != MODE {
        fs::set_permissions(folder, fs::Permissions::from_mode(MODE))?;
    }
    Ok(())
}

/// At most `most` whole files, oldest first by name; what nobody finished for long is removed.
pub(super) fn whole(folder: &Path, most: usize, largest: u64) -> io::Result<(Vec<Found>, usize)> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            continue; // another's: it cannot be moved away
        }
        let name = entry.file_name();
        match name.to_str() {
            Some(name) if name.ends_with(WHOLE) => names.push(name.to_owned()),
            _ => remove_if_stale(&folder.join(&name)),
        }
    }
    names.sort_unstable(); // refs are in the order of time
    let more = names.len().saturating_sub(most);
    names.truncate(most);
    let folder = File::open(folder)?;
    let beyond = format!("it has more than {largest} bytes, `limits: message_size`");
    let most = Most { bytes: largest + ENVELOPE, beyond: &beyond };
    let mut found = Vec::with_capacity(names.len());
    for name in names {
        let name = OsStr::new(&name);
        match files::open(folder.as_fd(), name)? {
            Lies::Nothing => {}
            Lies::NoFile(uid, why) => found.push(files::no_file(name, uid, why)),
            Lies::File(file) => found.push(files::read(file, name, most)?),
        }
    }
    Ok((found, more))
}

fn remove_if_stale(path: &Path) {
    let is_stale = fs::symlink_metadata(path).is_ok_and(|found| {
        found.is_file() && found.modified().is_ok_and(|at| at.elapsed().is_ok_and(|age| age > STALE))
    });
    if is_stale {
        let _ = fs::remove_file(path); // the next look tries again
    }
}

/// Where what cannot be taken is set aside: nobody else's.
pub(super) fn make_refused(refused: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(refused)
}
