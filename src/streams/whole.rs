//! Files read whole, each as one version of it: for their bytes, where they are small, and for their hash.

use crate::{
    domain::{Identity, Sha256, Sighting, show_size},
    streams::{
        beneath::{self, OpenError, Root, Symlinks},
        identity_of,
    },
};
use sha2::Digest;
use std::{
    ffi::OsStr,
    fs::File,
    io::{self, Read},
    os::unix::ffi::OsStrExt,
    path::Path,
};

/// Why there are no bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotRead {
    /// It is no longer what was seen.
    #[error("it has changed since it came")]
    Changed,
    /// We may not.
    #[error("{0}")]
    Forbidden(String),
    /// Not at this moment: a device, a mount or this machine is in trouble.
    #[error("{0}")]
    NotNow(String),
}

impl From<io::Error> for NotRead {
    fn from(why: io::Error) -> Self {
        match why.kind() {
            io::ErrorKind::PermissionDenied => Self::Forbidden(why.to_string()),
            _ => Self::NotNow(why.to_string()),
        }
    }
}

/// Reads the version of a file that was seen, beneath its folder. Blocks.
///
/// # Errors
/// [`NotRead`]: before and after, it must be the version that was seen.
pub fn version(sighting: &Sighting) -> Result<Vec<u8>, NotRead> {
    let folder = Path::new(OsStr::from_bytes(&sighting.folder));
    let (file, identity) = beneath::open(folder, &sighting.path, Symlinks::Follow).map_err(|why| match why {
        OpenError::Unreadable(why) => NotRead::from(why),
        OpenError::Gone | OpenError::NotAFile(_) | OpenError::RootMissing(_) => NotRead::Changed,
    })?;
    if !identity.is_same(&sighting.identity) {
        return Err(NotRead::Changed);
    }
    read(&file, &identity)?.ok_or(NotRead::Changed)
}

/// Reads the file at `path` below `root`, which is the rule author's, and never one that a link leads out to. Blocks.
///
/// # Errors
/// Why it cannot be had, for the operator.
pub fn attachment(root: &Path, path: &[u8], most: u64) -> Result<Vec<u8>, String> {
    let (file, identity) = beneath::open(root, path, Symlinks::Follow).map_err(|why| match why {
        OpenError::Gone => "there is no such file".to_owned(),
        why => why.to_string(),
    })?;
    if identity.size_bytes > most {
        let (size, most) = (show_size(identity.size_bytes), show_size(most));
        return Err(format!("it has {size}, and `limits: message_size` is {most}"));
    }
    let read = read(&file, &identity).map_err(|why| format!("it cannot be read: {why}"))?;
    read.ok_or_else(|| "it changed while it was read".to_owned())
}

/// The hash of the version of a file that was seen, beneath its folder: `None` when it is not that, before and after, or cannot be
/// read. Blocks as long as that takes, or until `is_enough`.
pub fn hash(sighting: &Sighting, symlinks: Symlinks, is_enough: impl Fn() -> bool) -> Option<Sha256> {
    let root = Root::open(Path::new(OsStr::from_bytes(&sighting.folder))).ok()?;
    let told = |why| tracing::debug!(%why, "a file to be hashed could not be opened");
    let (mut file, identity) = root.file(&sighting.path, symlinks).map_err(told).ok()?;
    if !identity.is_same(&sighting.identity) {
        return None;
    }
    let mut hasher = sha2::Sha256::new();
    let mut buffer = vec![0; 128 << 10];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => hasher.update(&buffer[..length]),
            Err(why) if why.kind() == io::ErrorKind::Interrupted => (),
            Err(_) => return None,
        }
        if is_enough() {
            return None;
        }
    }
    let after = root.look(&sighting.path, symlinks).ok()?.identity;
    after.is_same(&sighting.identity).then(|| Sha256(hasher.finalize().into()))
}

/// One byte more than there should be, to see that there is none; `None`: it is not this version any more.
fn read(file: &File, identity: &Identity) -> io::Result<Option<Vec<u8>>> {
    let size = identity.size_bytes;
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default() + 1);
    file.take(size + 1).read_to_end(&mut bytes)?;
    let is_same = identity_of(file).is_ok_and(|after| after.is_same(identity));
    Ok(Some(bytes).filter(|bytes| is_same && bytes.len() as u64 == size))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::symlink};

    #[test]
    fn a_file_is_attached_from_below_the_folder_of_the_rule_and_from_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("pdf/2026")).unwrap();
        fs::write(at("pdf/2026/7.pdf"), "bytes").unwrap();
        fs::write(at("secret"), "outside").unwrap();
        symlink(at("secret"), at("pdf/out.pdf")).unwrap();
        symlink("2026/7.pdf", at("pdf/in.pdf")).unwrap();
        let read = |path: &str, most| attachment(&at("pdf"), path.as_bytes(), most);
        assert_eq!(read("2026/7.pdf", 5), Ok(b"bytes".to_vec()));
        assert_eq!(read("in.pdf", 5), Ok(b"bytes".to_vec()));
        for (path, most, why) in [
            ("2026/7.pdf", 4, "it has 5 B, and `limits: message_size` is 4 B"),
            ("2026/8.pdf", 5, "there is no such file"),
            ("out.pdf", 50, "it is a symlink, not a file"),
            ("../secret", 50, "it is a symlink, not a file"),
            ("2026", 50, "it is a folder, not a file"),
        ] {
            assert_eq!(read(path, most), Err(why.to_owned()), "{path}");
        }
        assert!(attachment(&at("none"), b"x", 5).unwrap_err().starts_with("the folder is missing"));
    }
}
