//! `upload:` of a rule's steps: a file, or a text, to one server or several.

use super::{
    Upload,
    expressions::template,
    not_built,
    read_own::{check_is_whole, own, path_of, warn_of_times},
};
use crate::{
    config::{
        Fields, Outline, Problem, ServerKind, Sheet,
        keys::{Table, default, optional, required},
        read::{self, Meaning, Meaning::Built},
        suggest, values,
        yaml::Node,
    },
    domain::{OnExists, ProofWish, Resume, Times},
    templates::Known,
};
use std::ops::Range;

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
        not_built::COMPRESS,
        not_built::ENCRYPT,
        not_built::ATTACHMENTS,
        optional("file"),
        optional("text"),
        not_built::KEEP,
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

/// An upload step; `at` is its key.
pub fn upload(sheet: &Sheet, at: &Range<usize>, node: &Node, (known, of): (&Outline, Known<'_>)) -> Option<Upload> {
    let fields = Fields::open(sheet, &UPLOAD, at, node)?;
    let is_whole = check_is_whole(sheet, &fields, of);
    let own = own(sheet, &fields, (known, of));
    let to = fields.need("to", |sheet, node| servers(sheet, node, known));
    let path = path_of(&fields, is_whole, |sheet, node| template(sheet, node, of));
    let on_exists = fields.need("on_exists", read::word(ON_EXISTS));
    let proof = fields.need("proof", read::word(PROOF));
    let times = fields.need("times", read::word(TIMES));
    warn_of_times(sheet, &fields);
    let resume = fields.may("resume", read::switch);
    let bandwidth = fields.may("bandwidth", read::spelt("a bandwidth", values::byte_rate));
    let resume = match resume {
        None => Resume::WhenLarge,
        Some(true) => Resume::Always,
        Some(false) => Resume::Never,
    };
    is_whole?;
    Some(Upload { to: to?, path: path?, on_exists: on_exists?, proof: proof?, times: times?, resume, bandwidth, own })
}

/// One server or several, each once.
pub fn servers(sheet: &Sheet, node: &Node, known: &Outline) -> Option<Vec<String>> {
    let items = read::at_most(sheet, read::many(sheet, node)?, 100)?;
    let servers = read::each(items, |item| server(sheet, item, known))?;
    check_twice(sheet, node, &servers);
    Some(servers)
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

/// What tells files of one name apart that lie in different folders.
const TELLING: [&str; 4] = ["file.path", "file.folder", "sha256", ".id"];

/// Where the folders below are watched too, two files may have one name, and one place for copies is for one of them.
pub fn warn_of_one_place(sheet: &Sheet, steps: &Node) {
    for step in read::items(steps) {
        let Some(copy) = step.entry("upload").or_else(|| step.entry("save")) else { continue };
        let written = |key| copy.value.entry(key).map(|entry| &entry.value);
        let is_kept_apart = written("on_exists").and_then(Node::as_text).is_some_and(|word| word != "replace");
        let Some(path) = written("path").filter(|_| !is_kept_apart) else { continue };
        if path.as_text().is_some_and(|text| !TELLING.iter().any(|telling| text.contains(telling))) {
            let message = "files of one name in different folders would replace each other here";
            let hint = "`{{ file.path }}` is the file with its folders, `{{ file.folder }}` the folders alone";
            sheet.report(Problem::warning(&path.at, message).hint(hint));
        }
    }
}
