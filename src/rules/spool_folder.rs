//! The spool is no rule's: what lies there is mail, and is taken away.

use super::{Rule, read_folder::Watched, whereabouts::Atlas};
use crate::config::{Problem, Sheet};
use std::path::Path;

/// Reports a watch that would see what lies in the spool.
pub(super) fn check_watch(sheet: &Sheet, watched: &Watched, spool: &Path, atlas: &Atlas) {
    let Watched { at, folder, recursive } = watched;
    let sees = atlas.way(folder, spool).is_some_and(|way| *recursive || way.as_os_str().is_empty());
    if sees || atlas.way(spool, folder).is_some() {
        let problem = Problem::error(at, "messages for `doors: spool` lie in this folder");
        sheet.report(problem.hint("they come by `when: { mail: { door: spool } }`; watch another folder"));
    }
}

/// Reports a rule that would write into the spool.
pub(super) fn check_own(sheet: &Sheet, rule: &Rule, spool: &Path, atlas: &Atlas) {
    if rule.folders_of_ours().any(|spot| atlas.way(spool, &spot.root).is_some()) {
        let problem = Problem::error(&rule.steps_at, "this rule writes into the folder of `doors: spool`");
        sheet.report(problem.hint("what is there is taken for mail: `mail: { to: … }` makes one"));
    }
}
