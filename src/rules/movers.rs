//! What the ends of sources may not do: meet their files again, or be two for one file.

use super::{Rule, Symlinks, Watch, whereabouts::Atlas};
use crate::config::{Problem, Sheet};
use std::os::unix::ffi::OsStrExt;

/// Reports a rule that writes into the folder it watches.
pub(super) fn check_own_folder(sheet: &Sheet, rule: &Rule, atlas: &Atlas) {
    let Some(watch) = rule.when.watch() else { return };
    let way = |to| atlas.way(&watch.folder, to);
    if rule.folders_of_ours().any(|spot| way(&spot.root).is_some_and(|way| way.as_os_str().is_empty())) {
        let problem = Problem::error(
            &rule.steps_at,
            "this rule would meet its own files again: it writes to the folder that it watches",
        );
        sheet.report(problem.hint("give them a folder of their own: `move: \"sent/\"`"));
    }
}

/// Reports a rule that would take away what a link leads to, or the link: neither is safe, for other names may lead to the same file.
pub(super) fn check_links(sheet: &Sheet, rule: &Rule) {
    let follows = |watch: &Watch| watch.symlinks == Symlinks::Follow;
    if let (Some(end), true) = (&rule.end_at, rule.when.watch().is_some_and(follows)) {
        let problem = Problem::error(end, "with `symlinks: follow` no file can be moved or deleted");
        let hint =
            "what a link leads to has other names: leave out `symlinks: follow`, or this step, and the files stay";
        sheet.report(problem.hint(hint));
    }
}

/// Reports two rules that would move or delete the same file. Whether two globs have a file in common is looked for by example.
pub(super) fn check_two(read: &[(&Sheet, &Rule)], atlas: &Atlas) {
    for (at, (sheet, rule)) in read.iter().enumerate() {
        let Some(end) = &rule.end_at else { continue };
        let is_other = |other: &Rule| other.end_at.is_some() && have_common_files(rule, other, atlas);
        let other = read[..at].iter().find(|(_, other)| is_other(other));
        if let Some((_, other)) = other {
            let problem =
                Problem::error(end, format!("two rules would move the same file: `{}` does, too", other.name));
            sheet.report(
                problem.hint("put both into one rule (`to: [offsite, vault]`), or narrow `include` in one of them"),
            );
        }
    }
}

fn have_common_files(one: &Rule, other: &Rule, atlas: &Atlas) -> bool {
    let (Some(one), Some(other)) = (one.when.watch(), other.when.watch()) else { return false };
    let samples = || one.filter.include.samples().iter().chain(other.filter.include.samples());
    let takes = |watch: &Watch, folder, sample: &str| {
        let way = atlas.way(&watch.folder, folder);
        way.is_some_and(|way| watch.reaches(way.join(sample).as_os_str().as_bytes()))
    };
    [&one.folder, &other.folder]
        .into_iter()
        .any(|folder| samples().any(|sample| takes(one, folder, sample) && takes(other, folder, sample)))
}
