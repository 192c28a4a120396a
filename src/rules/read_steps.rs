//! `then:`, `after:` and `after_failure:` of a rule: its steps.

use super::{
    Action, Manifest, Own, Step, Upload,
    expressions::{compiled, condition, template},
    read_attach::local_file,
    read_here::{save, spot},
    read_mail::mail,
};
use crate::{
    config::{
        Fields, Outline, Problem, ServerKind, Sheet,
        keys::{Table, default, not_yet, optional, required},
        kind::Kinds,
        read::{self, Meaning, Meaning::Built},
        suggest, values,
        yaml::{Entry, Kind, Node, Value},
    },
    domain::{Arriving, OnExists, ProofWish, Resume, Stage, Times},
    templates::{Known, Rows, TextKind, TextTemplate},
};
use std::{ops::Range, path::Path};

const STEPS_THERE_ARE: &str = "this version has the steps `upload`, `mail`, `save`, `manifest`, `move` and `delete`";

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
        not_yet("relay", STEPS_THERE_ARE),
        optional("manifest"),
        optional("move"),
        optional("delete"),
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

const AS_IT_IS: &str = "leave it out: files are sent as they are";

/// The keys of `upload`.
pub const UPLOAD: Table = Table {
    name: "upload",
    keys: &[
        required("to"),
        default("path", "\"{{ file.path }}\""),
        default("on_exists", "replace"),
        default("proof", "size"),
        default("times", "keep"),
        optional("resume"),
        optional("bandwidth"),
        not_yet("compress", AS_IT_IS),
        not_yet("encrypt", AS_IT_IS),
        not_yet("attachments", AS_IT_IS),
        optional("file"),
        optional("text"),
        not_yet("keep", "leave it out: every copy is kept"),
    ],
    moved: &[
        ("server", "write `to`"),
        ("target", "write `to` for the server, `path` for the place on it"),
        ("destination", "write `to` for the server, `path` for the place on it"),
        ("folder", "write `path`; one that ends in `/` is a folder"),
        ("via", "a server is named by `to`"),
        ("host", "write `to`: the name of a server in packetboat.yaml"),
        ("if", "write it beside `upload`, not in it"),
        ("include", "files are chosen in `when`, or by `if` beside `upload`"),
        ("overwrite", "write `on_exists: replace`, `keep_both`, `fail` or `skip_same`"),
        ("verify", "write `proof: size`, `hash` or `read_back`"),
        ("retry", "write it beside `then`, not in it"),
        ("temporary_name", "a temporary name is always used; `upload_as` of the server says otherwise"),
    ],
};

pub const ON_EXISTS: &[(&str, Meaning<OnExists>)] = &[
    ("replace", Built(OnExists::Replace)),
    ("keep_both", Built(OnExists::KeepBoth)),
    ("fail", Built(OnExists::Fail)),
    ("skip_same", Built(OnExists::SkipSame)),
];
pub const PROOF: &[(&str, Meaning<ProofWish>)] =
    &[("size", Built(ProofWish::Size)), ("hash", Built(ProofWish::Hash)), ("read_back", Built(ProofWish::ReadBack))];
pub const TIMES: &[(&str, Meaning<Times>)] = &[("keep", Built(Times::Keep)), ("none", Built(Times::None))];

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
    let Around { known, of, folder } = around;
    let stage = of.stage;
    let Entry { key, value } = KINDS.one(sheet, node)?;
    let rows = if entry(&value, "rows").is_some() { Rows::Yes } else { Rows::No };
    let condition = entry(node, "if").and_then(|own| condition(sheet, own, Known { rows, ..of }));
    let action = match key.as_text() {
        Some(step @ ("save" | "move" | "delete")) if of.arriving == Arriving::Tick => {
            return refuse_file_step(sheet, step, &key.at);
        }
        Some("mail") => Action::Mail(Box::new(mail(sheet, &key.at, &value, (known, of))?)),
        Some("manifest") if stage != Stage::After => return refuse_manifest(sheet, &key.at),
        Some("manifest") => Action::Manifest(manifest(&Fields::open(sheet, &MANIFEST, &key.at, &value)?, known, of)?),
        Some("save") => Action::Save(save(sheet, &key.at, &value, of)?),
        Some(end @ ("move" | "delete")) if stage == Stage::Then => return refuse_end(sheet, end, &key.at),
        Some("move") => Action::Move(spot(sheet, &value, (of, folder))?),
        Some("delete") => delete(sheet, &value)?,
        _ => Action::Upload(upload(sheet, &Fields::open(sheet, &UPLOAD, &key.at, &value)?, known, of)?),
    };
    Some(Step { action, condition })
}

/// A schedule brings nothing that could be copied or taken away.
fn refuse_file_step(sheet: &Sheet, step: &str, at: &Range<usize>) -> Option<Step> {
    let problem = Problem::error(at, format!("`{step}` where no file comes"));
    let hint = match step {
        "save" => "an upload may bring a text of its own: `upload: { to: SERVER, path: …, text: … }`",
        _ => "leave it out: there is no source to be dealt with",
    };
    sheet.report(problem.hint(hint));
    None
}

/// Beside other steps it could take the file away before they have it.
fn refuse_end(sheet: &Sheet, end: &str, at: &Range<usize>) -> Option<Step> {
    let step = if end == "delete" { "delete" } else { "{ move: \"sent/\" }" };
    let problem = Problem::error(at, format!("`{end}` before the file is delivered"));
    sheet.report(problem.hint(format!("`after: [{step}]` comes when all of `then` is delivered")));
    None
}

fn refuse_manifest(sheet: &Sheet, at: &Range<usize>) -> Option<Step> {
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
    bare.or_else(|| ["move", "delete"].into_iter().find(|end| entry(item, end).is_some()))
}

/// What comes after the source is gone would not find it.
fn check_not_the_end(sheet: &Sheet, item: &Node) {
    if let Some(end) = end_in(item) {
        let problem = Problem::error(&item.at, format!("`{end}` is not the last step"));
        sheet.report(problem.hint("the steps after it would not find the file: put it at the end"));
    }
}

fn upload(sheet: &Sheet, fields: &Fields<'_>, known: &Outline, of: Known<'_>) -> Option<Upload> {
    if of.arriving == Arriving::Tick {
        check_has_content(sheet, fields)?;
    }
    let to = fields.need("to", |sheet, node| servers(sheet, node, known));
    let path = fields.need("path", |sheet, node| template(sheet, node, of));
    let parse = |text: &str| TextTemplate::parse(TextKind::Text, of, text);
    let own = match (fields.entry("text"), fields.entry("file")) {
        (None, None) => None,
        (Some(_), None) => Some(Own::Text(fields.may("text", |sheet, node| compiled(sheet, node, "a text", parse))?)),
        (None, Some(_)) => {
            let (root, below) = fields.may("file", |sheet, node| local_file(sheet, node, of))?;
            Some(Own::File { root, below, most: known.message_size })
        }
        (Some(_), Some(file)) => {
            let problem = Problem::error(&file.key.at, "`file` beside `text`");
            sheet.report(problem.hint("one thing is sent: keep one of the two"));
            return None;
        }
    };
    let on_exists = fields.need("on_exists", read::word(ON_EXISTS));
    let proof = fields.need("proof", read::word(PROOF));
    let times = fields.need("times", read::word(TIMES));
    let resume = fields.may("resume", read::switch);
    let bandwidth = fields.may("bandwidth", read::spelt("a bandwidth", values::byte_rate));
    let resume = match resume {
        None => Resume::WhenLarge,
        Some(true) => Resume::Always,
        Some(false) => Resume::Never,
    };
    Some(Upload { to: to?, path: path?, on_exists: on_exists?, proof: proof?, times: times?, resume, bandwidth, own })
}

/// Where no file comes, an upload brings its own content and its own name.
fn check_has_content(sheet: &Sheet, fields: &Fields<'_>) -> Option<()> {
    let mut is_whole = true;
    for (keys, message, hint) in [
        (
            &["path"][..],
            "a copy without a name: a schedule brings no file that has one",
            "add `path: \"heartbeat.txt\"`",
        ),
        (
            &["text", "file"],
            "nothing to send: a schedule brings no file",
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

/// One server or several, each once.
fn servers(sheet: &Sheet, node: &Node, known: &Outline) -> Option<Vec<String>> {
    let items = read::at_most(sheet, read::many(sheet, node)?, 100)?;
    let servers = read::each(items, |item| server(sheet, item, known))?;
    check_twice(sheet, node, &servers);
    Some(servers)
}

/// What tells files of one name apart that lie in different folders.
const TELLING: [&str; 4] = ["file.path", "file.folder", "sha256", ".id"];

/// Where the folders below are watched too, two files may have one name, and one place over there is for one of them.
pub fn warn_of_one_place(sheet: &Sheet, steps: &Node) {
    for step in read::items(steps) {
        let Some(upload) = entry(step, "upload") else { continue };
        let is_kept_apart = entry(upload, "on_exists").and_then(Node::as_text).is_some_and(|word| word != "replace");
        let Some(path) = entry(upload, "path").filter(|_| !is_kept_apart) else { continue };
        if path.as_text().is_some_and(|text| !TELLING.iter().any(|telling| text.contains(telling))) {
            let message = "files of one name in different folders would replace each other here";
            let hint = "`{{ file.path }}` is the file with its folders, `{{ file.folder }}` the folders alone";
            sheet.report(Problem::warning(&path.at, message).hint(hint));
        }
    }
}

fn entry<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    let Value::Map(entries) = &node.value else { return None };
    entries.iter().find(|entry| entry.key.as_text() == Some(key)).map(|entry| &entry.value)
}

/// The name of an FTP server that packetboat.yaml has.
fn server(sheet: &Sheet, node: &Node, known: &Outline) -> Option<String> {
    let name = read::spelt("a server's name", |text| Ok(text.to_owned()))(sheet, node)?;
    let Some(servers) = &known.servers else { return Some(name) };
    let of_kind = |kind: ServerKind| {
        let names = kind.names(servers).collect::<Vec<_>>().join(", ");
        (!names.is_empty()).then(|| format!("{names} ({})", kind.word()))
    };
    let mut has = [ServerKind::Ftp, ServerKind::Smtp].into_iter().filter_map(of_kind).collect::<Vec<_>>().join("; ");
    let message = match servers.get(&name) {
        Some(ServerKind::Ftp) => return Some(name),
        Some(ServerKind::Smtp) => format!("`{name}` is a relay, and files go to an ftp server"),
        Some(ServerKind::Webhook) => format!("`{name}` is a webhook, and files go to an ftp server"),
        None => {
            if has.is_empty() {
                has.push_str("no servers: add it below `servers`");
            }
            has.push_str(&suggest::did_you_mean(&name, ServerKind::Ftp.names(servers)));
            format!("there is no server `{name}`")
        }
    };
    sheet.report(Problem::error(&node.at, message).hint(format!("packetboat.yaml has {has}")));
    None
}

fn check_twice(sheet: &Sheet, node: &Node, servers: &[String]) {
    for (index, item) in read::items(node).iter().enumerate() {
        if servers.get(index).is_some_and(|name| servers[..index].contains(name)) {
            sheet.report(
                Problem::error(&item.at, "this server is named twice").hint("each server of `to` gets one copy"),
            );
        }
    }
}
