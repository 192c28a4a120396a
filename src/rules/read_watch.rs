//! `when:` of a rule: the source it waits for, and the keys of a watched folder.

use super::{
    EmptyFiles, Existing, FileFilter, HardLinks, Source, Symlinks, Watch, WatchMethod, expressions::compiled, globs,
    not_built, read_folder::folder, read_inbox::inbox, read_schedule::schedule,
};
use crate::config::{
    Fields, Problem, Sheet,
    keys::{Table, default, optional, required},
    kind::Kinds,
    read::{self, Meaning, Meaning::Built},
    values,
    yaml::{Node, literal},
};
use crate::domain::Globs;
use crate::templates::DoneFile;
use chrono_tz::Tz;
use std::{sync::Arc, time::Duration};

/// The kinds of source.
static KINDS: Kinds = Kinds {
    table: SOURCES,
    beside: &[],
    none: ("`when` without a source", "write `when: { watch: { folder: … } }` or `when: { schedule: { at: … } }`"),
    two: "a rule waits for one source; make it two rules",
};

const SOURCES: Table = Table {
    name: "when",
    keys: &[optional("watch"), optional("schedule"), not_built::POLL, not_built::DROP, optional("mail")],
    moved: &[
        ("type", "write `watch: { folder: … }`"),
        ("folder", "write `watch: { folder: … }`"),
        ("path", "write `watch: { folder: … }`"),
        ("ftp", "a rule names a server, not its protocol: `poll: { from: SERVER }`, which is not built yet"),
        ("cron", "write `schedule: { at: … }`"),
        ("at", "write `schedule: { at: … }`"),
        ("every", "write `schedule: { every: … }`"),
    ],
};

/// The keys of `watch`.
pub const WATCH: Table = Table {
    name: "watch",
    keys: &[
        required("folder"),
        optional("include"),
        optional("exclude"),
        default("ignore", "[\".*\", \"~*\", \"*.part\", \"*.partial\", \"*.filepart\", \"*.tmp\"]"),
        default("recursive", "false"),
        default("settled_for", "5s"),
        optional("done_file"),
        optional("min_age"),
        optional("min_size"),
        optional("max_size"),
        default("empty_files", "skip"),
        default("existing", "take"),
        default("method", "auto"),
        default("rescan", "60s"),
        default("symlinks", "skip"),
        default("hard_links", "refuse"),
        default("take", "in_place"),
    ],
    moved: &[
        ("path", "write `folder`"),
        ("dir", "write `folder`"),
        ("directory", "write `folder`"),
        ("glob", "write `include`"),
        ("pattern", "write `include`"),
        ("filter", "write `include` or `exclude`"),
        ("to", "a step says where to: `then: [{ upload: { to: SERVER } }]`"),
        ("every", "write `rescan`: how often the folder is looked through"),
        ("interval", "write `rescan`: how often the folder is looked through"),
        ("order", "write `order` beside `when`, not in it"),
        ("follow_symlinks", "write `symlinks: follow`"),
    ],
};

const EMPTY_FILES: &[(&str, Meaning<EmptyFiles>)] =
    &[("skip", Built(EmptyFiles::Skip)), ("take", Built(EmptyFiles::Take)), ("refuse", Built(EmptyFiles::Refuse))];
const EXISTING: &[(&str, Meaning<Existing>)] = &[("take", Built(Existing::Take)), ("skip", Built(Existing::Skip))];
const METHOD: &[(&str, Meaning<WatchMethod>)] =
    &[("auto", Built(WatchMethod::Auto)), ("events", Built(WatchMethod::Events)), ("poll", Built(WatchMethod::Poll))];
const SYMLINKS: &[(&str, Meaning<Symlinks>)] = &[("skip", Built(Symlinks::Skip)), ("follow", Built(Symlinks::Follow))];
const HARD_LINKS: &[(&str, Meaning<HardLinks>)] =
    &[("refuse", Built(HardLinks::Refuse)), ("take", Built(HardLinks::Take))];
const TAKE: &[(&str, Meaning<()>)] =
    &[("in_place", Built(())), ("copy", Meaning::NotYet("leave it out: files are sent from where they lie"))];

const DAY: Duration = Duration::from_secs(24 * 3600);

/// The source under `when`; moments are in `time_zone`.
pub fn when(sheet: &Sheet, node: &Node, time_zone: Tz) -> Option<Source> {
    KINDS.one(sheet, node, |entry| match entry.key.as_text() {
        Some("schedule") => Some(Source::Schedule(Arc::new(schedule(sheet, &entry, time_zone)?))),
        Some("mail") => Some(Source::Mail(Arc::new(inbox(sheet, &entry)?))),
        _ => {
            let fields = Fields::open(sheet, &WATCH, &entry.key.at, &entry.value)?;
            Some(Source::Watch(Arc::new(watch(&fields, sheet)?)))
        }
    })
}

fn watch(fields: &Fields<'_>, sheet: &Sheet) -> Option<Watch> {
    let folder = fields.need("folder", folder);
    let recursive = fields.need("recursive", read::switch);
    let every = if recursive == Some(true) { "\"**\"" } else { "\"*\"" };
    let filter = filter(fields, sheet, every);
    let settled_for = fields.need("settled_for", read::span(Duration::ZERO..=DAY));
    let done_file = fields.may("done_file", done_file);
    let empty_files = fields.need("empty_files", read::word(EMPTY_FILES));
    let existing = fields.need("existing", read::word(EXISTING));
    let method = fields.need("method", read::word(METHOD));
    let rescan = fields.need("rescan", read::span(Duration::from_secs(1)..=DAY));
    let symlinks = fields.need("symlinks", read::word(SYMLINKS));
    let hard_links = fields.need("hard_links", read::word(HARD_LINKS));
    fields.need("take", read::word(TAKE));
    Some(Watch {
        folder: folder?,
        filter: filter?,
        recursive: recursive?,
        settled_for: settled_for?,
        done_file,
        empty_files: empty_files?,
        existing: existing?,
        method: method?,
        rescan: rescan?,
        symlinks: symlinks?,
        hard_links: hard_links?,
    })
}

fn filter(fields: &Fields<'_>, sheet: &Sheet, every: &'static str) -> Option<FileFilter> {
    let include = match fields.value("include") {
        Some(node) => read::many(sheet, node).and_then(|items| globs_of(sheet, items)),
        None => globs_of(sheet, &[literal(every)?]),
    };
    let exclude =
        fields.value("exclude").map_or_else(|| Some(Globs::default()), |node| globs_of(sheet, read::items(node)));
    let ignore = fields.need("ignore", |sheet, node| globs_of(sheet, read::items(node)));
    let size = || read::spelt("a size", values::size);
    let min_size = fields.may("min_size", size());
    let max_size = fields.may("max_size", size());
    if let (Some(least), Some(most), Some(node)) = (min_size, max_size, fields.value("max_size"))
        && least > most
    {
        sheet.report(Problem::error(&node.at, "`max_size` is below `min_size`: no file fits"));
    }
    let min_age = fields.may("min_age", read::span(Duration::ZERO..=DAY * 3660));
    let ours = Vec::new(); // all rules together tell
    Some(FileFilter { include: include?, exclude: exclude?, ignore: ignore?, ours, min_age, min_size, max_size })
}

/// Globs of a list, each checked at its place.
pub fn globs_of(sheet: &Sheet, items: &[Node]) -> Option<Globs> {
    let items = read::at_most(sheet, items, 500)?;
    let texts = read::each(items, |item| glob(sheet, item))?;
    match globs::compile(texts.iter().map(String::as_str)) {
        Ok(globs) => Some(globs),
        Err(fault) => {
            items.first().into_iter().for_each(|item| read::fault(sheet, item, fault.clone()));
            None
        }
    }
}

/// One glob.
pub fn glob(sheet: &Sheet, node: &Node) -> Option<String> {
    read::text(sheet, node)?;
    read::spelt("a glob", globs::check)(sheet, node)
}

fn done_file(sheet: &Sheet, node: &Node) -> Option<DoneFile> {
    read::some_text(sheet, node)?;
    compiled(sheet, node, "a name", DoneFile::parse)
}
