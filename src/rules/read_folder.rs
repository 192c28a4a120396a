//! The folder that a rule watches: how it is written, and, once all rules are read and their folders looked at, what lies there.

use super::whereabouts::Atlas;
use crate::config::{
    Problem, Sheet, read,
    yaml::{Kind, Node},
};
use std::{
    ops::Range,
    path::{Component, Path, PathBuf},
};

/// What a rule says of its folder, whether the rest of it is in order or not.
pub struct Watched {
    pub at: Range<usize>,
    pub folder: PathBuf,
    pub recursive: bool,
}

/// The folder as it is written; nobody looks whether it is there.
pub fn folder(sheet: &Sheet, node: &Node) -> Option<PathBuf> {
    let text = read::some_text(sheet, node)?;
    if let Some(folder) = straight(&text) {
        return Some(folder);
    }
    let (message, hint) = match Path::new(&text).is_absolute() {
        true => ("a watched folder has no `..` in it", "write it straight"),
        false if text.starts_with('~') => {
            ("a watched folder is absolute", "`~` is a shell's: write the folder out, from `/`")
        }
        false => ("a watched folder is absolute", "write it from `/`"),
    };
    sheet.report(Problem::error(&node.at, message).hint(hint));
    None
}

/// Parts once over, so that two spellings are one folder.
fn straight(text: &str) -> Option<PathBuf> {
    let path = Path::new(text);
    let is_straight = path.is_absolute() && path.components().all(|part| part != Component::ParentDir);
    is_straight.then(|| path.components().collect())
}

/// By these keys alone, so that a mistake in another hides nothing of them.
pub fn watched(rule: &Node) -> Option<Watched> {
    let watch = &rule.entry("when")?.value.entry("watch")?.value;
    let folder = &watch.entry("folder")?.value;
    let recursive = watch.entry("recursive").and_then(|entry| entry.value.as_scalar());
    Some(Watched {
        at: folder.at.clone(),
        folder: straight(folder.as_text()?)?,
        recursive: recursive.is_some_and(|scalar| scalar.kind == Kind::Bool(true)),
    })
}

/// Reports what cannot be watched, and what is not there yet.
pub(super) fn check_folder(sheet: &Sheet, watched: &Watched, storage: Option<&Path>, atlas: &Atlas) {
    let Watched { at, folder, recursive } = watched;
    match atlas.is_folder(folder) {
        Ok(true) => {}
        Ok(false) => {
            let problem = Problem::error(at, "this is not a folder");
            sheet.report(problem.hint("watch the folder it lies in, with `include`"));
        }
        Err(why) => {
            let problem = Problem::warning(at, format!("this folder cannot be seen: {why}"));
            sheet.report(problem.hint("the rule waits until it is there"));
        }
    }
    let way = storage.and_then(|storage| atlas.way(folder, storage));
    if way.is_some_and(|way| *recursive || way.as_os_str().is_empty()) {
        let problem = Problem::error(at, "packetboat's own storage lies in this folder");
        sheet.report(problem.hint("it changes with every file that is sent; watch another folder, or move `storage`"));
    }
}
