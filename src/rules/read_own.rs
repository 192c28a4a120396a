//! `text` and `file` of an upload or a save: what goes in place of the file that arrived.

use super::{Own, expressions::compiled, read_attach::local_file};
use crate::{
    config::{Fields, Outline, Problem, Sheet, yaml::Node},
    domain::Arriving,
    templates::{Known, TextKind, TextTemplate},
};

/// The content that a step brings; `None` where it is the file that arrived, or a finding says what is wrong.
pub fn own(sheet: &Sheet, fields: &Fields<'_>, (known, of): (&Outline, Known<'_>)) -> Option<Own> {
    let parse = |text: &str| TextTemplate::parse(TextKind::Text, of, text);
    let text = fields.may("text", |sheet, node| compiled(sheet, node, "a text", parse)).map(Own::Text);
    let file = fields.may("file", |sheet, node| local_file(sheet, node, of));
    let file = file.map(|(root, below)| Own::File { root, below, most: known.message_size });
    if let (Some(_), Some(file)) = (fields.entry("text"), fields.entry("file")) {
        let problem = Problem::error(&file.key.at, "`file` beside `text`");
        sheet.report(problem.hint("a copy has one content: keep one of the two"));
        return None;
    }
    text.or(file)
}

/// Where no file comes, a step brings its own content and its own name.
pub fn check_is_whole(sheet: &Sheet, fields: &Fields<'_>, of: Known<'_>) -> Option<()> {
    if of.arriving == Arriving::File {
        return Some(());
    }
    let mut is_whole = true;
    for (keys, message, hint) in [
        (
            &["path"][..],
            "a copy without a name: a schedule brings no file that has one",
            "add `path: \"heartbeat.txt\"`",
        ),
        (
            &["text", "file"],
            "a copy without content: a schedule brings no file",
            "add `text: \"alive {{ arrived.iso }}\"`, or `file: /etc/hosts`",
        ),
    ] {
        if keys.iter().all(|key| fields.entry(key).is_none()) {
            sheet.report(Problem::error(fields.at(), message).hint(hint));
            is_whole = false;
        }
    }
    is_whole.then_some(())
}

/// The path of a copy that [`check_is_whole`] has looked at: what is said of one that is not written is said once.
pub fn path_of<T>(
    fields: &Fields<'_>,
    is_whole: Option<()>,
    read: impl FnOnce(&Sheet, &Node) -> Option<T>,
) -> Option<T> {
    if is_whole.is_some() { fields.need("path", read) } else { fields.may("path", read) }
}

/// A content of our own has no time that could be kept.
pub fn warn_of_times(sheet: &Sheet, fields: &Fields<'_>) {
    let own = ["text", "file"].into_iter().find(|key| fields.entry(key).is_some());
    if let (Some(own), Some(times)) = (own, fields.entry("times"))
        && times.value.as_text() == Some("keep")
    {
        let problem = Problem::warning(&times.key.at, format!("`times: keep` beside `{own}` keeps nothing"));
        sheet.report(problem.hint("leave it out: what a step brings itself is as old as its copy"));
    }
}
