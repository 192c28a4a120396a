//! A copy of a file in a folder of this machine: temporary name, bytes on disk, then its own name.

use crate::{
    delivery::here::{
        failure::{changed, refused, trouble},
        place::{Place, rename_to_free},
    },
    domain::{
        Delivered, Identity, OnExists, Outcome, Proof, ProofWish, RemotePath, SaveWishes, Sha256, Times, TroubleKind,
    },
    faults::kill_point,
    streams::{CHUNK, identity_of},
};
use rustix::{
    fs::{AtFlags, Mode, OFlags},
    io::Errno,
};
use sha2::Digest;
use std::{
    fs::{File, FileTimes, Permissions},
    io::Write,
    os::unix::fs::{FileExt, PermissionsExt},
    path::Path,
    time::{Duration, SystemTime},
};

/// What is copied, and how.
pub struct Save {
    pub source: File,
    /// The version of it that is meant.
    pub expected: Identity,
    /// Absolute, without the first `/`.
    pub target: RemotePath,
    pub temporary_name: String,
    pub wishes: SaveWishes,
}

/// Copies. A death leaves the temporary name at most, and a second call makes it anew.
#[must_use]
pub fn save(save: &Save) -> Outcome {
    try_to(save).unwrap_or_else(|outcome| *outcome)
}

fn try_to(save: &Save) -> Result<Outcome, Box<Outcome>> {
    let place = Place::make(Path::new(&save.wishes.root), &save.target);
    let place = place.map_err(|why| trouble("its folder cannot be made", why))?;
    let there = there(&place).map_err(|why| trouble("its place cannot be looked at", why))?;
    match (there, save.wishes.on_exists) {
        (Some(_), OnExists::Fail) => return Err(exists()),
        (Some(there), OnExists::SkipSame) => {
            let same = same(save, &there).map_err(|why| trouble("it exists and cannot be compared", why))?;
            if let Some(sha256) = same {
                return Ok(delivered(save, &place, (&place.name, sha256), Proof::ReadBack));
            }
        }
        _ => {}
    }
    match copy(save, &place) {
        Ok((name, sha256, proof)) => Ok(delivered(save, &place, (&name, sha256), proof)),
        Err(outcome) => {
            let _ = rustix::fs::unlinkat(&place.folder, save.temporary_name.as_str(), AtFlags::empty()); // or it was never made
            Err(outcome)
        }
    }
}

fn exists() -> Box<Outcome> {
    refused(TroubleKind::Exists, "it exists, and the rule says `on_exists: fail`")
}

fn there(place: &Place) -> Result<Option<File>, Errno> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    match rustix::fs::openat(&place.folder, &place.name[..], flags, Mode::empty()) {
        Ok(file) => Ok(Some(file.into())),
        Err(Errno::NOENT) => Ok(None),
        Err(why) => Err(why),
    }
}

/// The hash of both, if they have the same bytes.
fn same(save: &Save, there: &File) -> std::io::Result<Option<Sha256>> {
    if there.metadata()?.len() != save.expected.size_bytes {
        return Ok(None);
    }
    let ours = hash(&save.source, |_| Ok(()))?;
    Ok(Some(ours).filter(|_| hash(there, |_| Ok(())).is_ok_and(|theirs| theirs == ours)))
}

type Copied = (Vec<u8>, Sha256, Proof);

fn copy(save: &Save, place: &Place) -> Result<Copied, Box<Outcome>> {
    let (folder, temporary) = (&place.folder, save.temporary_name.as_str());
    match rustix::fs::unlinkat(folder, temporary, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(why) => return Err(trouble("what an earlier try left cannot be removed", why)),
    }
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let made = rustix::fs::openat(folder, temporary, flags, Mode::from_raw_mode(0o600));
    let mut file = File::from(made.map_err(|why| trouble("no file can be made there", why))?);
    let sha256 =
        hash(&save.source, |bytes| file.write_all(bytes)).map_err(|why| trouble("it cannot be copied", why))?;
    check_source(save)?;
    let proof = prove(save, &file, sha256)?;
    dress(save, &file).map_err(|why| trouble("its time and permissions cannot be set", why))?;
    file.sync_all().map_err(|why| trouble("it cannot be brought to disk", why))?;
    kill_point("here.before_rename");
    let name = match save.wishes.on_exists {
        OnExists::Replace | OnExists::SkipSame => {
            rustix::fs::renameat(folder, temporary, folder, &place.name[..]).map(|()| place.name.clone())
        }
        OnExists::KeepBoth => place.bring((folder, temporary.as_bytes())),
        OnExists::Fail => {
            rename_to_free((folder, temporary.as_bytes()), (folder, &place.name)).map(|()| place.name.clone())
        }
    };
    match name {
        Ok(name) => {
            place.sync();
            Ok((name, sha256, proof))
        }
        Err(Errno::EXIST) if save.wishes.on_exists == OnExists::Fail => Err(exists()),
        Err(why) => Err(trouble("it cannot be given its name", why)),
    }
}

fn check_source(save: &Save) -> Result<(), Box<Outcome>> {
    match identity_of(&save.source) {
        Ok(found) if found.is_same(&save.expected) => Ok(()),
        Ok(_) => Err(changed("the file changed while it was copied")),
        Err(why) => Err(trouble("the file cannot be looked at", why)),
    }
}

/// `hash` and `read_back` are the same here: we are the server.
fn prove(save: &Save, copy: &File, sha256: Sha256) -> Result<Proof, Box<Outcome>> {
    let size = copy.metadata().map_err(|why| trouble("the copy cannot be looked at", why))?.len();
    let mut is_whole = size == save.expected.size_bytes;
    let proof = if save.wishes.proof == ProofWish::Size { Proof::Size } else { Proof::ReadBack };
    if proof == Proof::ReadBack {
        is_whole &= hash(copy, |_| Ok(())).map_err(|why| trouble("the copy cannot be read back", why))? == sha256;
    }
    let damaged = || trouble("the copy", std::io::Error::other("it is not what was written"));
    if is_whole { Ok(proof) } else { Err(damaged()) }
}

fn dress(save: &Save, copy: &File) -> std::io::Result<()> {
    if save.wishes.times == Times::Keep {
        let modified = i128::from(save.expected.mtime_ns);
        let span = Duration::from_nanos(u64::try_from(modified.unsigned_abs()).unwrap_or(u64::MAX));
        let modified = if modified < 0 { SystemTime::UNIX_EPOCH - span } else { SystemTime::UNIX_EPOCH + span };
        copy.set_times(FileTimes::new().set_modified(modified))?;
    }
    copy.set_permissions(Permissions::from_mode(save.wishes.mode))
}

/// Reads a file from its start, shows each piece to `take`, and answers the hash of all.
pub(super) fn hash(file: &File, mut take: impl FnMut(&[u8]) -> std::io::Result<()>) -> std::io::Result<Sha256> {
    let (mut hasher, mut buffer, mut at) = (sha2::Sha256::new(), vec![0; CHUNK], 0);
    loop {
        let read = file.read_at(&mut buffer, at)?;
        if read == 0 {
            return Ok(Sha256(hasher.finalize().into()));
        }
        hasher.update(&buffer[..read]);
        take(&buffer[..read])?;
        at += read as u64;
    }
}

fn delivered(save: &Save, place: &Place, (name, sha256): (&[u8], Sha256), proof: Proof) -> Outcome {
    let target = place.target(name).unwrap_or_else(|| save.target.clone());
    Outcome::Delivered(Delivered {
        reply: format!("saved as /{target}"),
        remote_path: Some(target),
        size_bytes: save.expected.size_bytes,
        sha256,
        proof,
        sent_bytes: save.expected.size_bytes,
        tls: None,
        litter: None,
    })
}
