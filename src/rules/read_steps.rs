//! `then:`, `after:` and `after_failure:` of a rule: its steps.

use super::{
    Action, Manifest, Step,
    expressions::{condition, template},
    not_built,
    read_here::{save, spot},
    read_mail::mail,
    read_relay::relay,
    read_upload::{servers, upload},
};
use crate::{
    config::{
        Fields, Outline, Problem, Sheet,
        keys::{Table, optional, required},
        kind::Kinds,
        read,
        yaml::{Entry, Kind, Node, Value},
    },
    domain::{Arriving, Stage},
    templates::{Known, Rows},
};
use std::{ops::Range, path::Path};

/// A step: one action and its condition.
static KINDS: Kinds = Kinds {
    table: STEP,
    beside: &["if"],
    none: ("a step without an action", "write `upload: { to: SERVER }`"),
    two: "one action a step: start a new `- `",
};

const STEP: Table = Table {
    name: "a step",
    keys: &[
        optional("upload"),
        optional("if"),
        optional("mail"),
        optional("save"),
        optional("relay"),
        optional("manifest"),
        optional("move"),
        optional("delete"),
        not_built::SET,
        not_built::VERIFY,
        not_built::KEEP,
        not_built::COMPRESS,
        not_built::ENCRYPT,
        not_built::ATTACHMENTS,
        not_built::REPORT_TO_SENDER,
        not_built::POLL,
        not_built::DROP,
    ],
    moved: &[
        ("type", "write `upload: { … }`"),
        ("action", "write `upload: { … }`"),
        ("to", "write it in the action: `upload: { to: … }`"),
        ("path", "write it in the action: `upload: { path: … }`"),
        ("ftp", "a rule names a server, not its protocol: `upload: { to: SERVER }`"),
        ("copy", "write `upload: { to: SERVER }`"),
        ("send", "write `upload: { to: SERVER }`"),
        ("put", "write `upload: { to: SERVER }`"),
        ("when", "write `if`"),
    ],
};

/// The keys of `manifest`.
pub const MANIFEST: Table = Table {
    name: "manifest",
    keys: &[required("to"), required("path")],
    moved: &[("server", "write `to`"), ("folder", "write `path`"), ("if", "write it beside `manifest`, not in it")],
};

/// What reading a step takes from around it.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    pub known: &'a Outline,
    /// Where its steps stand, and what they are about.
    pub of: Known<'a>,
    /// The watched folder, where it is known: what a `move` starts from.
    pub folder: Option<&'a Path>,
}

/// All steps of a list.
pub fn steps(sheet: &Sheet, node: &Node, around: Around<'_>) -> Option<Vec<Step>> {
    match &node.value {
        Value::List(items) if items.is_empty() && around.of.stage == Stage::Then => {
            let problem = Problem::error(&node.at, "a rule has at least one step");
            sheet.report(problem.hint("write `- upload: { to: SERVER }`"));
            None
        }
        Value::List(items) => {
            let last = items.len().saturating_sub(1);
            for item in items.iter().take(last).filter(|_| around.of.stage != Stage::Then) {
                check_not_the_end(sheet, item);
            }
            read::each(read::at_most(sheet, items, 100)?, |item| step(sheet, item, around))
        }
        Value::Map(entries) => {
            let action = entries.first().and_then(|entry| entry.key.as_text()).unwrap_or("upload");
            let problem = Problem::error(&node.at, "a map, expected a list of steps");
            sheet.report(problem.hint(format!("put `- ` before `{action}`")));
            None
        }
        Value::Scalar(_) => {
            read::mismatch(sheet, node, "a list of steps");
            None
        }
    }
}

fn step(sheet: &Sheet, node: &Node, around: Around<'_>) -> Option<Step> {
    let mut rows = Rows::No;
    let action = KINDS.one(sheet, node, |kind| {
        if kind.value.entry("rows").is_some() {
            rows = Rows::Yes;
        }
        action(sheet, &kind, around)
    });
    let condition = node.entry("if").and_then(|own| condition(sheet, &own.value, Known { rows, ..around.of }));
    Some(Step { action: action?, condition })
}

fn action(sheet: &Sheet, Entry { key, value }: &Entry, Around { known, of, folder }: Around<'_>) -> Option<Action> {
    let stage = of.stage;
    Some(match key.as_text() {
        Some(end @ ("move" | "delete")) if of.arriving != Arriving::File => {
            return refuse_without_file(sheet, end, &key.at);
        }
        Some("mail") => Action::Mail(Box::new(mail(sheet, &key.at, value, (known, of))?)),
        Some("relay") => Action::Relay(Box::new(relay(sheet, &key.at, value, (known, of))?)),
        Some("manifest") if stage != Stage::After => return refuse_manifest(sheet, &key.at),
        Some("manifest") => Action::Manifest(manifest(&Fields::open(sheet, &MANIFEST, &key.at, value)?, known, of)?),
        Some("save") => Action::Save(save(sheet, &key.at, value, (known, of))?),
        Some(end @ ("move" | "delete")) if stage == Stage::Then => return refuse_end(sheet, end, &key.at),
        Some("move") => Action::Move(spot(sheet, value, (of, folder))?),
        Some("delete") => delete(sheet, value)?,
        _ => Action::Upload(upload(sheet, &key.at, value, (known, of))?),
    })
}

/// A schedule brings nothing that could be taken away.
fn refuse_without_file(sheet: &Sheet, end: &str, at: &Range<usize>) -> Option<Action> {
    let problem = Problem::error(at, format!("`{end}` where no file comes"));
    sheet.report(problem.hint("leave it out: there is no source to be dealt with"));
    None
}

/// Beside other steps it could take the file away before they have it.
fn refuse_end(sheet: &Sheet, end: &str, at: &Range<usize>) -> Option<Action> {
    let step = if end == "delete" { "delete" } else { "{ move: \"sent/\" }" };
    let problem = Problem::error(at, format!("`{end}` before the file is delivered"));
    sheet.report(problem.hint(format!("`after: [{step}]` comes when all of `then` is delivered")));
    None
}

fn refuse_manifest(sheet: &Sheet, at: &Range<usize>) -> Option<Action> {
    let problem = Problem::error(at, "a manifest lists what is delivered");
    sheet.report(problem.hint("write it in `after`, which comes when all of `then` is"));
    None
}

fn manifest(fields: &Fields<'_>, known: &Outline, of: Known<'_>) -> Option<Manifest> {
    let to = fields.need("to", |sheet, node| servers(sheet, node, known));
    let path = fields.need("path", |sheet, node| template(sheet, node, of));
    Some(Manifest { to: to?, path: path? })
}

fn delete(sheet: &Sheet, value: &Node) -> Option<Action> {
    if matches!(&value.value, Value::Scalar(scalar) if scalar.kind == Kind::Null) {
        return Some(Action::Delete);
    }
    sheet.report(Problem::error(&value.at, "`delete` has no options").hint("write `- delete`"));
    None
}

/// Where a list moves or deletes the source, if it does.
pub fn end_of(list: &Node) -> Option<Range<usize>> {
    read::items(list).iter().find(|item| end_in(item).is_some()).map(|item| item.at.clone())
}

/// The step that a source does not outlive, if this is one.
fn end_in(item: &Node) -> Option<&str> {
    let bare = item.as_text().filter(|word| ["move", "delete"].contains(word));
    bare.or_else(|| ["move", "delete"].into_iter().find(|end| item.entry(end).is_some()))
}

/// What comes after the source is gone would not find it.
fn check_not_the_end(sheet: &Sheet, item: &Node) {
    if let Some(end) = end_in(item) {
        let problem = Problem::error(&item.at, format!("`{end}` is not the last step"));
        sheet.report(problem.hint("the steps after it would not find the file: put it at the end"));
    }
}
