//! A configuration file from disk: only a regular file of sane size in UTF-8 becomes a sheet.

use super::{
    Finding,
    sheet::{Problem, Sheet},
    yaml,
};
use crate::domain::show_size;
use std::{
    fs::{self, File},
    io::Read as _,
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

/// Bytes of a file: a thousand servers fit.
pub const LARGEST: u64 = 1 << 20;

/// What came from disk.
pub struct Opened {
    pub sheet: Sheet,
    /// The whole file, unread bytes and byte order mark included.
    pub bytes: Vec<u8>,
    /// Permission bits.
    pub mode: u32,
}

/// Reads `path`; symbolic links are followed.
///
/// # Errors
/// The finding that says why there is nothing to read.
pub fn open(path: &Path) -> Result<Opened, Vec<Finding>> {
    let shown = shown(path);
    let refuse = |message: String, hint: Option<&str>| vec![Finding::about_file(&shown, &message, hint)];
    let found = fs::metadata(path).map_err(|error| refuse(format!("cannot be read: {error}"), None))?;
    if !found.is_file() {
        let what = if found.is_dir() { "a folder" } else { "no regular file" };
        return Err(refuse(
            format!("this is {what}, expected a file"),
            Some("move it out of the folder, or rename it"),
        ));
    }
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
    read.map_err(|error| refuse(format!("cannot be read: {error}"), None))?;
    let mode = found.permissions().mode() & 0o7777;
    Ok(Opened { sheet: sheet_of(&shown, &bytes)?, bytes, mode })
}

/// The text of a file; `shown` is its name in messages.
///
/// # Errors
/// The finding that says why it is none.
pub fn sheet_of(shown: &str, bytes: &[u8]) -> Result<Sheet, Vec<Finding>> {
    if bytes.len() as u64 > LARGEST {
        let hint = "a configuration is a few kilobytes";
        let finding = Finding::about_file(shown, "this file is larger than 1 MiB", Some(hint));
        return Err(vec![finding]);
    }
    whole(shown, bytes)
}

/// The same of a file that may have other things in it, with at most so many bytes.
///
/// # Errors
/// The finding that says why it is none.
pub fn sheet_within(most: u64, shown: &str, bytes: &[u8]) -> Result<Sheet, Vec<Finding>> {
    if bytes.len() as u64 > most {
        return Err(vec![Finding::about_file(shown, &format!("this is larger than {}", show_size(most)), None)]);
    }
    whole(shown, bytes)
}

fn whole(shown: &str, bytes: &[u8]) -> Result<Sheet, Vec<Finding>> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Sheet::new(shown, text.strip_prefix('\u{feff}').unwrap_or(text))),
        Err(error) => {
            let sheet = Sheet::new(shown, String::from_utf8_lossy(bytes));
            yaml::keep_secrets(&sheet);
            let at = error.valid_up_to();
            let message = format!("this is not UTF-8: the byte 0x{:02x}", bytes.get(at).copied().unwrap_or_default());
            sheet.report(Problem::error(&(at..at + 1), message).hint("save the file as UTF-8"));
            Err(sheet.into_findings())
        }
    }
}

/// The path as it is shown: relative below the working directory.
#[must_use]
pub fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let short = here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_path_buf));
    short.as_deref().unwrap_or(path).to_string_lossy().into_owned()
}
