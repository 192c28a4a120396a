//! `when: mail`: the keys of a rule that takes messages, and what such a rule cannot say.

use super::{Inbox, globs, read_watch::glob, read_words::tags};
use crate::{
    config::{
        Doors, Fields, Outline, Problem, Sheet,
        keys::{Table, default, not_yet, optional},
        read::{self, Meaning, Meaning::Built},
        yaml::{Entry, Kind, Node, Value},
    },
    domain::{Door, Globs},
};

/// The keys of `mail` below `when`.
pub const INBOX: Table = Table {
    name: "mail",
    keys: &[
        optional("door"),
        optional("from"),
        optional("to"),
        optional("tags"),
        not_yet("attachments", "leave it out, and write `if: mail.attachments | length > 0`"),
        default("unmatched", "false"),
    ],
    moved: &[
        ("doors", "write `door`"),
        ("sender", "write `from`: the envelope's sender"),
        ("recipient", "write `to`"),
        ("subject", "write it as a condition beside `when`: `if: \"'invoice' in mail.subject | lower\"`"),
        ("if", "write it beside `when`, not in it"),
    ],
};

const DOORS: &[(&str, Meaning<Door>)] = &[
    ("http", Built(Door::Http)),
    ("submission", Built(Door::Submission)),
    ("sendmail", Built(Door::Sendmail)),
    ("spool", Built(Door::Spool)),
];

/// What stands under `mail`; nothing there: every message.
pub fn inbox(sheet: &Sheet, Entry { key, value }: &Entry) -> Option<Inbox> {
    if matches!(&value.value, Value::Scalar(scalar) if scalar.kind == Kind::Null) {
        return Some(Inbox::default());
    }
    let fields = Fields::open(sheet, &INBOX, &key.at, value)?;
    let doors = fields.or("door", vec![], |sheet, node| {
        read::each(read::at_most(sheet, read::many(sheet, node)?, 10)?, |item| read::word(DOORS)(sheet, item))
    });
    let [from, to] = ["from", "to"].map(|name| fields.or(name, None, |sheet, node| addresses(sheet, node).map(Some)));
    let tags = fields.or("tags", vec![], tags);
    let is_unmatched = fields.need("unmatched", read::switch);
    Some(Inbox { doors: doors?, from: from?, to: to?, tags: tags?, is_unmatched: is_unmatched? })
}

/// Globs of addresses.
fn addresses(sheet: &Sheet, node: &Node) -> Option<Globs> {
    let items = read::at_most(sheet, read::many(sheet, node)?, 500)?;
    let texts = read::each(items, |item| glob(sheet, item).map(|text| Inbox::letters(&text)))?;
    match globs::compile(texts.iter().map(String::as_str)) {
        Ok(globs) => Some(globs),
        Err(fault) => {
            items.first().into_iter().for_each(|item| read::fault(sheet, item, fault.clone()));
            None
        }
    }
}

/// Reports what a rule that takes messages cannot say, and that none can come.
pub fn refuse_what_files_have(sheet: &Sheet, rule: &Fields<'_>, known: &Outline) {
    if let Some(when) = rule.entry("when").filter(|_| known.doors == Doors::default() && known.servers.is_some()) {
        let problem = Problem::error(&when.key.at, "no door is open by which a message could come");
        sheet.report(problem.hint("add `doors: { sendmail: { } }` to packetboat.yaml, or `spool`, or `http`"));
    }
    for (name, hint) in [
        ("after", "leave it out: this version does nothing more with a message that is relayed"),
        ("after_failure", "leave it out: `notices` tell of what failed"),
        ("expect", "leave it out: this version expects files and ticks alone"),
        ("order", "leave it out: `order` says which waiting files go first"),
    ] {
        if let Some(entry) = rule.entry(name) {
            let problem = Problem::error(&entry.key.at, format!("`{name}` in a rule that takes mail"));
            sheet.report(problem.hint(hint));
        }
    }
}
