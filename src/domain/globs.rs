//! Globs over names that are bytes, with one meaning in rules and in filters: without `/` about the name, else about the path
//! below the root; `*` and `?` stay in a folder.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _, path::Path};

/// Several globs; a path matches when one of them does.
#[derive(Debug, Clone, Default)]
pub struct Globs {
    names: GlobSet,
    paths: GlobSet,
    samples: Vec<String>,
}

/// Why these are no globs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GlobError {
    #[error("not a glob: {0}")]
    Malformed(String),
    #[error("too large a glob")]
    TooLarge,
}

impl Globs {
    /// Compiles them.
    ///
    /// # Errors
    /// The first that is none, or that together they are too large to compile.
    pub fn new<'a>(globs: impl IntoIterator<Item = &'a str>) -> Result<Self, GlobError> {
        let (mut names, mut paths, mut samples) = (GlobSetBuilder::new(), GlobSetBuilder::new(), Vec::new());
        for text in globs {
            let glob = GlobBuilder::new(text).literal_separator(true).backslash_escape(true).build();
            let glob = glob.map_err(|why| GlobError::Malformed(why.kind().to_string()))?;
            samples.push(sample(text));
            if text.contains('/') {
                paths.add(glob)
            } else {
                names.add(glob)
            };
        }
        let too_large = |_| GlobError::TooLarge;
        Ok(Self { names: names.build().map_err(too_large)?, paths: paths.build().map_err(too_large)?, samples })
    }

    /// A path for each of them that it matches, as a person would think of one.
    #[must_use]
    pub fn samples(&self) -> &[String] {
        &self.samples
    }

    /// Whether one matches `path`, which is below the root and has no `/` at its ends.
    #[must_use]
    pub fn matches(&self, path: &[u8]) -> bool {
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
        self.names.is_match(as_path(name)) || self.paths.is_match(as_path(path))
    }
}

/// The glob with an `x` for whatever it leaves open: something that it matches, for all but odd ones.
fn sample(glob: &str) -> String {
    let mut sample = String::new();
    let mut letters = glob.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '*' => {
                while letters.next_if_eq(&'*').is_some() {}
                sample.push('x');
            }
            '?' => sample.push('x'),
            '\\' => sample.extend(letters.next()),
            '[' => {
                sample.extend(letters.next());
                while letters.next().is_some_and(|letter| letter != ']') {}
            }
            '{' => {
                let mut is_first = true;
                while let Some(letter) = letters.next().filter(|letter| *letter != '}') {
                    is_first = is_first && letter != ',';
                    sample.extend(Some(letter).filter(|_| is_first));
                }
            }
            letter => sample.push(letter),
        }
    }
    sample
}

fn as_path(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_something_that_its_glob_matches() {
        for (glob, sample) in [
            ("*.pdf", "x.pdf"),
            ("**", "x"),
            ("**/*.log.1", "x/x.log.1"),
            ("inv?ice-[0-9][!a]*", "invxice-0!x"),
            ("*.{jpg,png}", "x.jpg"),
            ("{a,b{c}}", "a}"),
            ("\\*.txt", "*.txt"),
            ("plain", "plain"),
        ] {
            let globs = Globs::new([glob]).unwrap();
            assert_eq!(globs.samples(), [sample], "{glob}");
            assert!(globs.matches(sample.as_bytes()) || glob == "{a,b{c}}", "{glob}");
        }
    }

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
}
