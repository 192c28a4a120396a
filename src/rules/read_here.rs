//! `save:` and `move:`: places on this machine.

use super::{
    Save, Spot,
    expressions::{compiled, has_name},
    not_built,
    read_own::{check_is_whole, own, path_of, warn_of_times},
    read_upload::{ON_EXISTS, PROOF, TIMES},
};
use crate::{
    config::{
        Fields, Outline, Problem, Sheet,
        keys::{Table, default, optional, required},
        read,
        values::Fault,
        yaml::Node,
    },
    templates::{Known, PathTemplate, TemplateError},
};
use std::{
    ops::Range,
    path::{Component, Path, PathBuf},
};

/// The keys of `save`.
pub const SAVE: Table = Table {
    name: "save",
    keys: &[
        required("to"),
        default("path", "\"{{ file.path }}\""),
        default("on_exists", "replace"),
        default("proof", "size"),
        default("times", "keep"),
        default("mode", "\"0640\""),
        not_built::COMPRESS,
        not_built::ENCRYPT,
        not_built::ATTACHMENTS,
        optional("file"),
        optional("text"),
        not_built::KEEP,
    ],
    moved: &[
        ("folder", "write `to`: an absolute folder"),
        ("target", "write `to` for the folder, `path` for the place below it"),
        ("permissions", "write `mode`"),
        ("if", "write it beside `save`, not in it"),
    ],
};

/// A save step; `at` is its key.
pub fn save(sheet: &Sheet, at: &Range<usize>, node: &Node, (known, of): (&Outline, Known<'_>)) -> Option<Save> {
    let fields = Fields::open(sheet, &SAVE, at, node)?;
    let is_whole = check_is_whole(sheet, &fields, of);
    let own = own(sheet, &fields, (known, of));
    let root = fields.need("to", folder);
    let path = path_of(&fields, is_whole, |sheet, node| {
        has_name(sheet, node, of)?;
        compiled(sheet, node, "a text", |text| PathTemplate::parse(of, text).map_err(below_to))
    });
    let on_exists = fields.need("on_exists", read::word(ON_EXISTS));
    let proof = fields.need("proof", read::word(PROOF));
    let times = fields.need("times", read::word(TIMES));
    warn_of_times(sheet, &fields);
    let mode = fields.need("mode", read::spelt("permission bits", mode));
    is_whole?;
    Some(Save {
        to: Spot { root: root?, path: path? },
        on_exists: on_exists?,
        proof: proof?,
        times: times?,
        mode: mode?,
        own,
    })
}

/// What a path may not do on a server it may not do here.
fn below_to(error: TemplateError) -> TemplateError {
    let hint = error.hint.map(|hint| match hint.contains("the server's folder") {
        true => "a path stays below `to`: name a higher folder there".to_owned(),
        false => hint,
    });
    TemplateError { hint, ..error }
}

fn mode(text: &str) -> Result<u32, Fault> {
    let is_octal = text.len() <= 4 && text.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    let bits = if is_octal { u32::from_str_radix(text, 8).ok() } else { None };
    bits.filter(|bits| *bits <= 0o777).ok_or_else(|| Fault {
        message: "not permission bits".to_owned(),
        range: None,
        hint: Some("three octal digits, as chmod has them: `mode: \"0640\"`".to_owned()),
    })
}

fn folder(sheet: &Sheet, node: &Node) -> Option<PathBuf> {
    let text = read::some_text(sheet, node)?;
    match absolute(Path::new(&text)) {
        Some(folder) => Some(folder),
        None => {
            let problem = Problem::error(&node.at, "not an absolute folder");
            sheet.report(problem.hint("it begins with `/` and has no `..` in it: `/srv/invoices`"));
            None
        }
    }
}

/// Cleaned of `.` and of slashes that say nothing.
fn absolute(path: &Path) -> Option<PathBuf> {
    let is_plain = |part: &Component<'_>| !matches!(part, Component::ParentDir | Component::Prefix(_));
    (path.is_absolute() && path.components().all(|part| is_plain(&part))).then(|| path.components().collect())
}

/// Where a source is moved to: a folder of its own, named before anything is inserted, and a path below it. Relative ones start at the
/// watched folder.
pub fn spot(sheet: &Sheet, node: &Node, (known, folder): (Known<'_>, Option<&Path>)) -> Option<Spot> {
    let text = read::some_text(sheet, node)?;
    let fixed = &text[..text.find(['{']).unwrap_or(text.len())];
    let at = fixed.rfind('/').map_or(0, |slash| slash + 1);
    let (root, rest) = text.split_at(at);
    let refuse = |message: &str, hint: &str| {
        sheet.report(Problem::error(&node.at, message).hint(hint.to_owned()));
        None
    };
    if root.trim_matches('/').is_empty() {
        return refuse(
            "a moved file gets a folder of its own",
            "begin with one: `move: \"sent/\"` is a folder in the watched one; one that begins with `/` is taken as written",
        );
    }
    let folder = if root.starts_with('/') { Path::new("/") } else { folder? };
    let Some(root) = absolute(&folder.join(root)) else {
        return refuse("this path can leave its root", "write the folder as it is, beginning with `/`");
    };
    let rest = if rest.is_empty() { "{{ file.name }}" } else { rest };
    let parse = |_: &str| PathTemplate::parse(known, rest).map_err(|error| error.shifted(at));
    let path = compiled(sheet, node, "a path", parse)?;
    Some(Spot { root, path })
}
