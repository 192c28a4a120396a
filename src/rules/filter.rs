//! Which files a source sees at all, by path, age and size.

use crate::domain::Globs;
use std::time::Duration;

/// The part of `when` that all file sources share.
#[derive(Debug, Clone, Default)]
pub struct FileFilter {
    pub include: Globs,
    pub exclude: Globs,
    pub ignore: Globs,
    /// Folders, below the root, that rules write to: what lies there is ours.
    pub ours: Vec<Vec<u8>>,
    pub min_age: Option<Duration>,
    pub min_size: Option<u64>,
    pub max_size: Option<u64>,
}

impl FileFilter {
    /// Whether a file of this path is the rule's: included, neither excluded nor ignored. Age and size are not looked at.
    ///
    /// `path_below_root` has parts separated by `/`, none of them empty; bytes as the file system has them.
    #[must_use]
    pub fn wants(&self, path_below_root: &[u8]) -> bool {
        !self.ignores(path_below_root)
            && self.include.matches(path_below_root)
            && !self.exclude.matches(path_below_root)
    }

    /// Whether nothing at or below this path is ever the rule's: its name or that of a folder above it is ignored, or ours.
    #[must_use]
    pub fn ignores(&self, path_below_root: &[u8]) -> bool {
        let ends = path_below_root.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
        let mut folders = ends.chain([path_below_root.len()]).map(|end| &path_below_root[..end]);
        let is_ours = |path: &[u8]| self.ours.iter().any(|folder| folder == path) || is_temporary(path);
        folders.any(|path| self.ignore.matches(path) || is_ours(path))
    }
}

/// A name under which we set something aside.
fn is_temporary(path: &[u8]) -> bool {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
    name.starts_with(b".pb-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(include: &str, exclude: &[&str], ignore: &[&str]) -> FileFilter {
        let globs = |texts: &[&str]| Globs::new(texts.iter().copied()).unwrap();
        FileFilter {
            include: globs(&[include]),
            exclude: globs(exclude),
            ignore: globs(ignore),
            ..FileFilter::default()
        }
    }

    #[test]
    fn what_is_ours_is_ignored_whatever_the_list_says() {
        let filter = FileFilter { ours: vec![b"sent".to_vec(), b"a/done".to_vec()], ..filter("**", &[], &[]) };
        for (path, wanted) in [
            (&b"sent/x"[..], false),
            (b"sent/2026/x", false),
            (b"a/done/x", false),
            (b"a/x", true),
            (b"b/sent/x", true),
            (b"sent.txt", true),
            (b".pb-00ff.aside", false),
            (b"a/.pb-00ff.part", false),
        ] {
            assert_eq!(filter.wants(path), wanted, "{}", crate::domain::Escaped(path));
        }
    }

    #[test]
    fn a_file_below_an_ignored_folder_is_ignored() {
        let filter = filter("**", &["*.map", "drafts/**"], &[".*", "*.part", "cache/tmp"]);
        for (path, wanted) in [
            (&b"a.txt"[..], true),
            (b"sub/a.txt", true),
            (b".git/config", false),
            (b"sub/.cache/deep/a.txt", false),
            (b"x.part/a.txt", false),
            (b"cache/tmp/a.txt", false),
            (b"cache/a.txt", true),
            (b"a.map", false),
            (b"drafts/a.txt", false),
            (b"caf\xe9", true),
        ] {
            assert_eq!(filter.wants(path), wanted, "{}", crate::domain::Escaped(path));
        }
        assert!(filter.ignores(b".git") && !filter.ignores(b"drafts/a.txt"));
    }
}
