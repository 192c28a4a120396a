//! What is whole is claimed: renamed so that its ref stands in its name. From then on it is taken in under that ref, however often we die.

use super::folder::{self, Folders, NEW, ends};
use crate::{
    domain::{Identity, Ref},
    sources::mail_folder::files::{self, Lies},
    streams::{beneath::facts_of, is_being_written},
};
use rustix::{
    fd::{AsFd, BorrowedFd},
    fs::{AtFlags, FileType, RenameFlags, fsync, renameat_with, statat},
    io::Errno,
};
use std::{
    collections::{HashMap, HashSet},
    ffi::{OsStr, OsString},
    io,
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// What was not renamed there must stay the same for so long.
pub(super) const SETTLED_FOR: Duration = Duration::from_secs(2);

/// How the name of a claimed file begins; its ref and its own name follow.
const CLAIMED: &[u8] = b".pb-";
/// Bytes of a name.
const LONGEST: usize = 255;
/// Digits of a ref.
const DIGITS: usize = 32;

/// What has been seen and not claimed.
#[derive(Debug, Default)]
pub(super) struct Settling {
    /// And since when it is the same.
    seen: HashMap<PathBuf, (Identity, Instant)>,
    renamed_in: HashSet<PathBuf>,
}

/// A file under its claimed name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claimed {
    pub name: OsString,
    pub id: Ref,
    /// As it was handed over, perhaps cut.
    pub own: OsString,
    /// By an earlier look: it may have been taken in.
    pub is_old: bool,
}

impl Settling {
    pub(super) fn renamed_in(&mut self, path: PathBuf) {
        self.renamed_in.insert(path);
    }
}

/// Claims what is whole in the folder of this path. All that is claimed, by an earlier run, too, oldest first; whether something is not
/// whole yet.
pub(super) fn claim(folders: &Folders, path: &Path, settling: &mut Settling) -> io::Result<(Vec<Claimed>, bool)> {
    let mut claimed = Vec::new();
    let mut whole: Vec<(Identity, bool, OsString)> = Vec::new();
    let renamed_in = std::mem::take(&mut settling.renamed_in);
    let mut seen = HashMap::new();
    for (folder, is_maildir) in [(folders.spool.as_fd(), false), (folders.new.as_fd(), true)] {
        for name in folder::names(folder)? {
            if name.as_bytes().starts_with(b".") {
                claimed.extend(Claimed::of(name).filter(|_| !is_maildir));
                continue;
            }
            if !is_maildir && [".tmp", ".part"].iter().any(|end| ends(&name, end)) {
                continue;
            }
            let Some((identity, links)) = look(folder, &name)? else { continue };
            let path = if is_maildir { path.join(NEW).join(&name) } else { path.join(&name) };
            // in a maildir it is whole when it is there; by `link`, it has its other name for a moment
            let is_handed_over = links == 1 && (is_maildir || renamed_in.contains(&path));
            let since = settling.seen.get(&path).filter(|(known, _)| *known == identity);
            let since = since.map_or_else(Instant::now, |(_, since)| *since);
            let is_settled = since.elapsed() >= SETTLED_FOR || age(&identity) >= Some(SETTLED_FOR);
            if (is_handed_over || is_settled) && !is_written(folder, &name)? {
                whole.push((identity, is_maildir, name));
            } else {
                seen.insert(path, (identity, since));
            }
        }
    }
    settling.seen = seen;
    whole.sort_by_key(|(identity, ..)| (identity.mtime_ns, identity.inode));
    let is_new = !whole.is_empty();
    for (_, is_maildir, own) in whole {
        let folder = if is_maildir { &folders.new } else { &folders.spool };
        let new = Claimed::new(&own, is_maildir);
        match renameat_with(folder, &own, &folders.spool, &new.name, RenameFlags::NOREPLACE) {
            Ok(()) => claimed.push(new),
            Err(Errno::NOENT) => {}
            Err(why) => return Err(why.into()),
        }
    }
    if is_new {
        fsync(&folders.new)?;
        fsync(&folders.spool)?; // before anything is committed under these refs
        crate::faults::kill_point("spool.claimed");
    }
    claimed.sort_by_key(|claimed| claimed.id);
    Ok((claimed, !settling.seen.is_empty()))
}

impl Claimed {
    fn new(own: &OsStr, is_maildir: bool) -> Self {
        let mut own = own.as_bytes().to_vec();
        if is_maildir {
            own.extend_from_slice(b".eml"); // whatever it is called there
        }
        let excess = (CLAIMED.len() + DIGITS + 1 + own.len()).saturating_sub(LONGEST);
        own.drain(..excess); // its end says what it is
        let id = Ref::new();
        let name = [CLAIMED, id.long().as_bytes(), b"-", &own].concat();
        Self { name: OsString::from_vec(name), id, own: OsString::from_vec(own), is_old: false }
    }

    fn of(name: OsString) -> Option<Self> {
        let rest = name.as_bytes().strip_prefix(CLAIMED)?;
        let (id, own) = rest.split_at_checked(DIGITS)?;
        let id = Ref::from_long(str::from_utf8(id).ok()?)?;
        let own = OsStr::from_bytes(own.strip_prefix(b"-")?).to_owned();
        Some(Self { name, id, own, is_old: true })
    }
}

/// Which version of what it is, and how many names that has; `None`: nothing that could be taken or set aside.
fn look(folder: BorrowedFd<'_>, name: &OsStr) -> io::Result<Option<(Identity, u64)>> {
    let stat = match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => stat,
        Err(Errno::NOENT) => return Ok(None),
        Err(why) => return Err(why.into()),
    };
    let is_folder = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
    Ok((!is_folder).then(|| (facts_of(&stat).identity, stat.st_nlink)))
}

/// Since its last change of any kind, by the clock on the wall; `None`: that was set back.
fn age(identity: &Identity) -> Option<Duration> {
    let changed = UNIX_EPOCH + Duration::from_nanos(u64::try_from(identity.ctime_ns).ok()?);
    SystemTime::now().duration_since(changed).ok()
}

/// Whether somebody has it open for writing, as far as that can be told.
pub(super) fn is_written(folder: BorrowedFd<'_>, name: &OsStr) -> io::Result<bool> {
    Ok(matches!(files::open(folder, name)?, Lies::File(file) if is_being_written(&file) == Some(true)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claimed_name_has_the_ref_and_the_end_of_the_own_name() {
        let long = "x".repeat(251) + ".eml";
        for (own, is_maildir, kept) in [
            ("a.eml", false, "a.eml"),
            ("1700.M1P2.host,S=3:2,S", true, "1700.M1P2.host,S=3:2,S.eml"),
            (&long, false, &long[37..]),
            (&long, true, &(long[41..].to_owned() + ".eml")),
        ] {
            let claimed = Claimed::new(OsStr::new(own), is_maildir);
            assert_eq!(claimed.own, kept);
            assert!(claimed.name.len() <= 255);
            assert_eq!(Claimed::of(claimed.name.clone()), Some(Claimed { is_old: true, ..claimed }));
        }
        for name in [".pb-", ".pb-1-a.eml", ".a.eml", "a.eml", ".pb-0192f0c1d2e37abc8def0123456789abXa.eml"] {
            assert_eq!(Claimed::of(OsString::from(name)), None, "{name}");
        }
    }
}
