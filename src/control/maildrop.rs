//! The caller's side of the maildrop: a message left so that it survives a power cut, by whoever may make a file there.

pub use crate::mail::maildrop::Given;

use crate::{
    config::{self, MAILDROP},
    domain::Ref,
    mail::{self, maildrop},
};
use std::{
    fs::{self, File, Permissions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// The addresses that its header names, for `-t`.
///
/// # Errors
/// Which of them is none.
pub fn recipients(message: &[u8]) -> Result<Vec<String>, String> {
    mail::incoming::recipients_of(message).map_err(|why| why.to_string())
}

/// Where messages are left: as the configuration says, where the caller may read that. The folder that he stands in is not asked for
/// one: it may be anybody's.
#[must_use]
pub fn folder(named: Option<&Path>) -> PathBuf {
    let file = named.unwrap_or(Path::new("/etc/packetboat/packetboat.yaml"));
    config::maildrop(file).unwrap_or_else(|| MAILDROP.into())
}

/// Leaves a message there; its ref. When it returns well, the message survives a power cut.
///
/// # Errors
/// What the file system refuses; then nothing of it is there.
pub fn leave(folder: &Path, given: &Given, message: &[u8]) -> io::Result<Ref> {
    let id = Ref::new();
    let bytes = maildrop::encode(given, message)?;
    let [whole, part] = [maildrop::WHOLE, ".part"].map(|end| folder.join(id.long() + end));
    let written = File::options().write(true).create_new(true).mode(0o600).open(&part).and_then(|mut file| {
        file.set_permissions(Permissions::from_mode(0o640))?; // whatever the caller's umask: its group is the gateway's
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&part, &whole)?;
        File::open(folder)?.sync_all()
    });
    if written.is_err() {
        let _ = fs::remove_file(&part); // the gateway removes what is left
    }
    written.map(|()| id)
}
