//! Reading files whose inode or ctime alone has changed: same bytes, same file.

use crate::{
    domain::{Sha256, Sighting},
    streams::beneath::{OpenError, Root, Symlinks},
};
use sha2::Digest;
use std::{io::Read, path::Path};
use tokio_util::sync::CancellationToken;

/// A file with the hash that its bytes have if it is the one we know.
pub(super) type Doubt = (Sighting, Sha256);

/// What reading showed.
#[derive(Debug)]
pub(super) enum Compared {
    Same(Doubt),
    /// Other bytes: a new version.
    Different(Sighting),
    /// It changed or left while it was read, or cannot be read now: look again.
    Unclear(Sighting),
}

/// Bytes read before the results so far are handed over.
const ENOUGH: u64 = 64 << 20;

/// Reads from the front of `doubts` until enough was read, and takes off what it read. Blocks.
pub(super) fn compare(
    folder: &Path,
    symlinks: Symlinks,
    doubts: Vec<Doubt>,
    cancel: &CancellationToken,
) -> (Vec<Compared>, Vec<Doubt>) {
    let mut compared = Vec::new();
    let mut doubts = doubts.into_iter();
    let mut read = 0;
    for (sighting, sha256) in doubts.by_ref() {
        read += sighting.identity.size_bytes;
        compared.push(match hash(folder, &sighting, symlinks, cancel) {
            Some(found) if found == sha256 => Compared::Same((sighting, sha256)),
            Some(_) => Compared::Different(sighting),
            None => Compared::Unclear(sighting),
        });
        if read >= ENOUGH || cancel.is_cancelled() {
            break;
        }
    }
    (compared, doubts.collect())
}

/// `None` unless the file was the version sighted before and after it was read.
fn hash(folder: &Path, sighting: &Sighting, symlinks: Symlinks, cancel: &CancellationToken) -> Option<Sha256> {
    let root = Root::open(folder).ok()?;
    let (mut file, identity) = root.file(&sighting.path, symlinks).map_err(told).ok()?;
    if identity != sighting.identity {
        return None;
    }
    let mut hasher = sha2::Sha256::new();
    let mut buffer = vec![0; 128 << 10];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => hasher.update(&buffer[..length]),
            Err(why) if why.kind() == std::io::ErrorKind::Interrupted => (),
            Err(_) => return None,
        }
        if cancel.is_cancelled() {
            return None;
        }
    }
    let after = root.look(&sighting.path, symlinks).ok()?.identity;
    (after == sighting.identity).then(|| Sha256(hasher.finalize().into()))
}

fn told(why: OpenError) {
    tracing::debug!(%why, "a file to be compared could not be opened");
}
