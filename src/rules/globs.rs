//! Globs over names that are bytes: a glob without `/` is matched against the name, else against the path below the root.

use crate::config::values::Fault;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _, path::Path};

/// Several globs; a path matches when one of them does.
#[derive(Debug, Clone, Default)]
pub struct Globs {
    names: GlobSet,
    paths: GlobSet,
}

/// Letters of a glob; the time to compile one grows with it.
const LONGEST: usize = 500;

impl Globs {
    /// Compiles globs that [`check`] has passed.
    ///
    /// # Errors
    /// When together they are too large to compile.
    pub fn new<'a>(globs: impl IntoIterator<Item = &'a str>) -> Result<Self, Fault> {
        let (mut names, mut paths) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        for text in globs {
            let glob = compile(text)?;
            if text.contains('/') {
                paths.add(glob)
            } else {
                names.add(glob)
            };
        }
        let too_large = |_| Fault::new("these globs are too large together", "use fewer or plainer ones");
        Ok(Self { names: names.build().map_err(too_large)?, paths: paths.build().map_err(too_large)? })
    }

    /// Whether one matches `path`, which is below the root and has no `/` at its ends.
    #[must_use]
    pub fn matches(&self, path: &[u8]) -> bool {
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
        self.names.is_match(as_path(name)) || self.paths.is_match(as_path(path))
    }
}

/// Whether `text` is a glob that can match something below a root.
///
/// # Errors
/// What is wrong with it.
pub fn check(text: &str) -> Result<String, Fault> {
    let below = "a glob is matched below the folder: `*.pdf`, `sub/*.pdf`, `**/*.pdf`";
    if text.is_empty() {
        return Err(Fault::new("an empty glob", below));
    }
    if text.len() > LONGEST {
        return Err(Fault::new(format!("a glob of more than {LONGEST} letters"), "use several"));
    }
    if text.starts_with('/') || text.starts_with("./") {
        let end = text.find('/').map_or(1, |slash| slash + 1);
        return Err(Fault::new("a glob does not begin at a root", below).at(0..end));
    }
    if let Some(at) = text.split('/').position(|part| part == "..") {
        let start = text.split('/').take(at).map(|part| part.len() + 1).sum::<usize>();
        return Err(Fault::new("a glob cannot leave the folder", below).at(start..start + 2));
    }
    if text.ends_with('/') {
        return Err(Fault::new(
            "a folder is not a file",
            format!("its files are `{text}*`, or `{text}**` with all below"),
        ));
    }
    compile(text).map(|_| text.to_owned())
}

fn compile(text: &str) -> Result<globset::Glob, Fault> {
    GlobBuilder::new(text).literal_separator(true).backslash_escape(true).build().map_err(|error| {
        Fault::new(
            format!("not a glob: {}", error.kind()),
            "`*` and `?` stay in a folder, `**/` crosses folders, `\\*` is a star",
        )
    })
}

fn as_path(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_without_a_slash_is_about_the_name() {
        for (glob, path, matches) in [
            ("*.pdf", &b"a.pdf"[..], true),
            ("*.pdf", b"sub/deep/a.pdf", true),
            ("*.pdf", b"a.pdf/x", false),
            ("sub/*.pdf", b"sub/a.pdf", true),
            ("sub/*.pdf", b"sub/deep/a.pdf", false),
            ("**/*.pdf", b"a.pdf", true),
            ("**/*.pdf", b"sub/deep/a.pdf", true),
            ("assets/**", b"assets/css/a.css", true),
            ("assets/**", b"other/assets/a.css", false),
            ("*", b".hidden", true),
            ("*", b"caf\xe9.txt", true),
            ("caf?.txt", b"caf\xe9.txt", true),
            ("*.{jpg,png}", b"x/y.png", true),
            ("\\*.txt", b"*.txt", true),
            ("\\*.txt", b"a.txt", false),
            ("[a-c]*", b"b1", true),
            ("*", b"line\nbreak", true),
            ("**", b"a/b/c", true),
        ] {
            let globs = Globs::new([glob]).unwrap();
            assert_eq!(globs.matches(path), matches, "{glob} on {}", crate::domain::Escaped(path));
        }
    }

    #[test]
    fn what_can_match_nothing_is_no_glob() {
        for text in ["", "/etc/*", "./a", "../a", "a/../b", "sub/", "[a", "{a,b", "a\\", &"x".repeat(501)] {
            assert!(check(text).is_err(), "{text}");
        }
        assert_eq!(check("a/../b").unwrap_err().range, Some(2..4));
    }
}
