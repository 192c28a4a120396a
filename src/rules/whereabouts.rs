//! Where a folder lies, whatever it is called: one that is reached through a symlink, or mounted in two places, is one.

use super::Rule;
use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::Duration,
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

/// Where the folders of rules lie, those that they watch and those that they write to.
pub(super) struct Atlas(BTreeMap<PathBuf, Whereabouts>);

impl Atlas {
    pub(super) fn of<'a>(rules: impl IntoIterator<Item = &'a Rule>) -> Self {
        let mut folders = BTreeMap::new();
        for rule in rules {
            let watched = rule.when.watch().map(|watch| &watch.folder);
            for folder in watched.into_iter().chain(rule.folders_of_ours().map(|spot| &spot.root)) {
                folders.entry(folder.clone()).or_insert_with(|| in_time_of(folder));
            }
        }
        Self(folders)
    }

    /// The way from `folder` to `to`, as [`Whereabouts::below`].
    pub(super) fn way(&self, folder: &Path, to: &Path) -> Option<&Path> {
        self.0.get(to)?.below(self.0.get(folder)?)
    }
}

/// A network mount that hangs must not hang every verb that reads a rule.
const SEEN_WITHIN: Duration = Duration::from_secs(2);

/// What `look` shows, by a thread that nobody waits for any longer. `None`: there is no answer.
pub(super) fn in_time<T: Send + 'static>(look: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || tell.send(look())); // nobody may be waiting any more
    told.recv_timeout(SEEN_WITHIN).ok()
}

/// [`Whereabouts::of`], or by its text where it does not answer.
pub(super) fn in_time_of(folder: &Path) -> Whereabouts {
    let asked = folder.to_owned();
    in_time(move || Whereabouts::of(&asked)).unwrap_or_else(|| Whereabouts::named(folder))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

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
}
