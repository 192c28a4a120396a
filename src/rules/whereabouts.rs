//! Where a folder lies, whatever it is called: one that is reached through a symlink, or mounted in two places, is one.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// A folder as its file system knew it at the moment of one look.
#[derive(Debug, Clone)]
pub struct Whereabouts {
    /// It and each folder above it, under their real paths; device and inode of those that are there.
    way: Vec<(PathBuf, Option<(u64, u64)>)>,
    /// User id of its owner, if it is there.
    pub owner: Option<u32>,
}

impl Whereabouts {
    /// Looks. What is not there yet lies where its text says, below what is there. Blocks as long as its file systems do.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        let real = folder.ancestors().find_map(|above| {
            let real = fs::canonicalize(above).ok()?;
            folder.strip_prefix(above).ok().map(|rest| real.join(rest))
        });
        let mut whereabouts = Self::named(real.as_deref().unwrap_or(folder));
        for (above, id) in &mut whereabouts.way {
            *id = fs::metadata(above).ok().map(|about| (about.dev(), about.ino()));
        }
        whereabouts.owner = fs::metadata(folder).ok().map(|about| about.uid());
        whereabouts
    }

    /// By its text alone, for one that does not answer.
    #[must_use]
    pub fn named(folder: &Path) -> Self {
        Self { way: folder.ancestors().map(|above| (above.to_owned(), None)).collect(), owner: None }
    }

    /// The way from `folder` to it, empty if it is that; `None` when it lies elsewhere.
    #[must_use]
    pub fn below(&self, folder: &Self) -> Option<&Path> {
        let (path, id) = folder.way.first()?;
        let is_it = |(above, found): &&(PathBuf, Option<(u64, u64)>)| above == path || id.is_some() && found == id;
        let (above, _) = self.way.iter().find(is_it)?;
        self.way.first()?.0.strip_prefix(above).ok()
    }
}

/// Where the folders of rules lie, those that they watch and those that they write to, and which of them are folders.
pub(super) struct Atlas(BTreeMap<PathBuf, (Whereabouts, io::Result<bool>)>);

impl Atlas {
    /// Looks at all of them at once.
    pub(super) fn of<'a>(folders: impl IntoIterator<Item = &'a PathBuf>) -> Self {
        let folders: BTreeSet<PathBuf> = folders.into_iter().cloned().collect();
        let looked = all_in_time(folders.iter().cloned(), |folder| {
            (Whereabouts::of(&folder), fs::metadata(&folder).map(|found| found.is_dir()))
        });
        let unseen = |folder: &Path| {
            (Whereabouts::named(folder), Err(io::Error::new(io::ErrorKind::TimedOut, "it does not answer")))
        };
        let all = folders.into_iter().zip(looked);
        Self(all.map(|(folder, seen)| (folder.clone(), seen.unwrap_or_else(|| unseen(&folder)))).collect())
    }

    /// The way from `folder` to `to`, as [`Whereabouts::below`].
    pub(super) fn way(&self, folder: &Path, to: &Path) -> Option<&Path> {
        self.0.get(to)?.0.below(&self.0.get(folder)?.0)
    }

    /// Whether there is a folder of this name, or something else.
    ///
    /// # Errors
    /// It is not there, or cannot be seen.
    pub(super) fn is_folder(&self, folder: &Path) -> Result<bool, String> {
        match self.0.get(folder) {
            Some((_, Ok(is_folder))) => Ok(*is_folder),
            Some((_, Err(why))) => Err(why.to_string()),
            None => Err("nobody looked".to_owned()),
        }
    }
}

/// A network mount that hangs must not hang every verb that reads a rule, and many that hang take no longer than one.
const SEEN_WITHIN: Duration = Duration::from_secs(2);

/// What `look` shows of each, by threads that nobody waits for any longer. `None`: there is no answer.
fn all_in_time<A: Send + 'static, T: Send + 'static>(
    all: impl Iterator<Item = A>,
    look: impl Fn(A) -> T + Copy + Send + 'static,
) -> Vec<Option<T>> {
    let until = Instant::now() + SEEN_WITHIN;
    let ask = |asked| {
        let (tell, told) = mpsc::channel();
        thread::spawn(move || tell.send(look(asked))); // nobody may be waiting any more
        told
    };
    let asked: Vec<mpsc::Receiver<T>> = all.map(ask).collect();
    asked.iter().map(|told| told.recv_timeout(until.saturating_duration_since(Instant::now())).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{os::unix::fs::symlink, sync::Barrier};

    #[test]
    fn a_folder_is_the_same_by_whatever_path() {
        let home = tempfile::tempdir().unwrap();
        let at = |path: &str| home.path().join(path);
        fs::create_dir_all(at("real/deep/er")).unwrap();
        symlink("real", at("link")).unwrap();
        symlink(at("real/deep"), at("far")).unwrap();
        symlink("nowhere", at("dangling")).unwrap();
        for (folder, to, way) in [
            ("real", "real", Some("")),
            ("real", "link", Some("")),
            ("link", "real", Some("")),
            ("link", "real/deep/er", Some("deep/er")),
            ("real", "far/er", Some("deep/er")),
            ("far", "link/deep/er", Some("er")),
            ("link", "real/none/yet", Some("none/yet")),
            ("real/none", "link/none/yet", Some("yet")),
            ("real/deep", "real/deepest", None),
            ("far", "real", None),
            ("dangling", "dangling/a", Some("a")),
            ("dangling", "real", None),
            (".", "link/../real/deep", Some("real/deep")),
        ] {
            let [above, below] = [folder, to].map(|path| Whereabouts::of(&at(path)));
            assert_eq!(below.below(&above), way.map(Path::new), "{folder} to {to}");
        }
        assert_eq!(Whereabouts::of(&at("link")).owner, Some(fs::metadata(at("real")).unwrap().uid()));
        assert_eq!(Whereabouts::of(&at("none")).owner, None);
    }

    #[test]
    fn all_are_looked_at_at_once() {
        static ALL: Barrier = Barrier::new(60);
        // one by one the first would wait for the others in vain
        let looked = all_in_time(0..60, |number| {
            ALL.wait();
            number
        });
        assert_eq!(looked, (0..60).map(Some).collect::<Vec<_>>());
    }
}
