//! `expect` of a rule: what must come, and by when.

use crate::{
    config::{
        Fields, Problem, Sheet,
        keys::{Table, default, optional},
        read, values,
        values::Fault,
        yaml::Entry,
    },
    domain::Arriving,
    schedule::{Expect, Rhythm},
};
use chrono_tz::Tz;
use std::time::Duration;

/// The keys of `expect`.
pub const EXPECT: Table = Table {
    name: "expect",
    keys: &[optional("every"), optional("by"), default("files", "1"), optional("min_size"), optional("min_share")],
    moved: &[
        ("at", "write `by: \"0 4 * * *\"`"),
        ("within", "write `every: 24h`"),
        ("count", "write `files`"),
        ("size", "write `min_size`"),
        ("share", "write `min_share: 50%`"),
    ],
};

const SECOND: Duration = Duration::from_secs(1);
pub const YEAR: Duration = Duration::from_secs(366 * 24 * 3600);

/// `expect`, with its moments in `time_zone`.
pub fn expect(sheet: &Sheet, Entry { key, value }: &Entry, arriving: Arriving, time_zone: Tz) -> Option<Expect> {
    let fields = Fields::open(sheet, &EXPECT, &key.at, value)?;
    let every = fields.may("every", read::span(SECOND..=YEAR));
    let by = fields.may("by", read::crontab);
    let files = fields.need("files", read::count("`files`", 1..=1000));
    let min_size = fields.may("min_size", read::spelt("a size", values::size));
    let min_share = fields.may("min_share", read::spelt("a share", share));
    let rhythm = match (fields.entry("every"), fields.entry("by")) {
        (Some(_), None) => every.map(Rhythm::Every),
        (None, Some(_)) => by.map(|by| Rhythm::By(by, time_zone)),
        (Some(_), Some(by)) => {
            sheet.report(Problem::error(&by.key.at, "`by` beside `every`").hint("keep one of the two"));
            None
        }
        (None, None) => {
            let problem = Problem::error(fields.at(), "nothing says by when");
            sheet.report(problem.hint("add `every: 24h`, or `by: \"0 4 * * *\"`"));
            None
        }
    };
    if let (Some(share), Some(2..)) = (fields.entry("min_share"), files) {
        let problem = Problem::error(&share.key.at, "`min_share` of several files");
        sheet.report(problem.hint("one file is compared with the one before it; with `files`, write `min_size`"));
        return None;
    }
    Some(Expect { arriving, rhythm: rhythm?, files: files?, min_size, min_share })
}

fn share(text: &str) -> Result<u32, Fault> {
    let number = text.strip_suffix('%').and_then(|number| number.trim_end().parse::<u32>().ok());
    let share = number.filter(|share| (1..=1000).contains(share));
    share.ok_or_else(|| Fault::new(format!("`{text}` is not a share"), "a share is written 50%: of the last one"))
}
