//! `when: schedule`: moments in place of files, and what a rule of moments cannot say.

use super::read_expect::YEAR;
use crate::{
    config::{
        Fields, Problem, Sheet,
        keys::{Table, default, optional},
        read::{self, Meaning, Meaning::Built},
        yaml::Entry,
    },
    schedule::{Missed, Rhythm, Timetable},
};
use chrono_tz::Tz;
use std::time::Duration;

const NO_FILES: &str = "a schedule brings no files; `watch: { folder: … }` does";

/// The keys of `schedule`.
pub const SCHEDULE: Table = Table {
    name: "schedule",
    keys: &[optional("at"), optional("every"), default("missed", "once")],
    moved: &[
        ("cron", "write `at`"),
        ("by", "write `at`"),
        ("time", "write `at: \"0 7 * * 1\"`"),
        ("interval", "write `every`"),
        ("catch_up", "write `missed: once` or `missed: skip`"),
        ("time_zone", "write it beside `when`, not in it"),
        ("folder", NO_FILES),
        ("include", NO_FILES),
        ("exclude", NO_FILES),
        ("ignore", NO_FILES),
        ("recursive", NO_FILES),
        ("settled_for", NO_FILES),
        ("done_file", NO_FILES),
        ("min_age", NO_FILES),
        ("min_size", NO_FILES),
        ("max_size", NO_FILES),
        ("empty_files", NO_FILES),
        ("existing", NO_FILES),
    ],
};

const MISSED: &[(&str, Meaning<Missed>)] = &[("once", Built(Missed::Once)), ("skip", Built(Missed::Skip))];

/// What stands under `schedule`, its moments in `time_zone`.
pub fn schedule(sheet: &Sheet, Entry { key, value }: &Entry, time_zone: Tz) -> Option<Timetable> {
    let fields = Fields::open(sheet, &SCHEDULE, &key.at, value)?;
    let at = fields.may("at", read::crontab);
    let every = fields.may("every", read::span(Duration::from_secs(1)..=YEAR));
    let missed = fields.need("missed", read::word(MISSED));
    let rhythm = match (fields.entry("at"), fields.entry("every")) {
        (Some(_), None) => at.map(|at| Rhythm::By(at, time_zone)),
        (None, Some(_)) => every.map(Rhythm::Every),
        (Some(at), Some(every)) => {
            let is_first = at.key.at.start < every.key.at.start;
            let (later, message) = if is_first { (every, "`every` beside `at`") } else { (at, "`at` beside `every`") };
            let problem = Problem::error(&later.key.at, message);
            sheet.report(problem.hint("keep one of the two"));
            None
        }
        (None, None) => {
            let problem = Problem::error(fields.at(), "nothing says when");
            sheet.report(problem.hint("add `at: \"0 7 * * 1\"`, or `every: 1h`"));
            None
        }
    };
    Some(Timetable { rhythm: rhythm?, missed: missed? })
}

/// Reports what only a rule of files can say.
pub fn refuse_what_files_have(sheet: &Sheet, rule: &Fields<'_>) {
    let below = |key: &str, name: &str| rule.value(key)?.entry(name);
    for (entry, name, hint) in [
        (rule.entry("order"), "order", "leave it out: `order` says which waiting files go first"),
        (below("limits", "size"), "size", "leave it out: `size` is that of files"),
        (below("expect", "min_size"), "min_size", "leave it out: a tick has no size"),
        (below("expect", "min_share"), "min_share", "leave it out: a tick has no size"),
    ] {
        if let Some(entry) = entry {
            sheet.report(Problem::error(&entry.key.at, format!("`{name}` where no files come")).hint(hint));
        }
    }
}
