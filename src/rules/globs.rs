//! The globs of a rule: which texts are some, and what is said of those that are not.

use crate::{
    config::values::Fault,
    domain::{GlobError, Globs},
};

/// Letters of a glob; the time to compile one grows with it.
const LONGEST: usize = 500;

/// Compiles globs that [`check`] has passed.
///
/// # Errors
/// When together they are too large to compile.
pub fn compile<'a>(globs: impl IntoIterator<Item = &'a str>) -> Result<Globs, Fault> {
    Globs::new(globs).map_err(|error| match error {
        GlobError::Malformed(_) => {
            Fault::new(error.to_string(), "`*` and `?` stay in a folder, `**/` crosses folders, `\\*` is a star")
        }
        GlobError::TooLarge => Fault::new("these globs are too large together", "use fewer or plainer ones"),
    })
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
    compile([text]).map(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_match_nothing_is_no_glob() {
        for text in ["", "/etc/*", "./a", "../a", "a/../b", "sub/", "[a", "{a,b", "a\\", &"x".repeat(501)] {
            assert!(check(text).is_err(), "{text}");
        }
        assert_eq!(check("a/../b").unwrap_err().range, Some(2..4));
    }
}
