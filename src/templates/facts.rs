//! What a template may know of an arrival, and the sample arrival that `check` renders with.

use crate::{
    domain::{Identity, Moment, Ref, Sighting},
    templates::{carrier, moment::ZonedMoment},
};
use chrono_tz::Tz;
use minijinja::Value;
use std::{collections::BTreeMap, sync::LazyLock};

/// Everything that names in a template stand for. Values only: the same facts always render the same.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Frozen, so that a retry tomorrow renders what today's try did.
    pub arrived_at: Moment,
    /// The rule's.
    pub time_zone: Tz,
    pub arrival: Ref,
    pub file: &'a Sighting,
    pub rule: &'a str,
    pub about: Option<&'a str>,
    /// This machine's name.
    pub host: &'a str,
    /// Known in paths only.
    pub destination: Option<Destination<'a>>,
}

/// The job a path is rendered for.
#[derive(Debug, Clone, Copy)]
pub struct Destination<'a> {
    pub server: &'a str,
    pub job: Ref,
}

impl Facts<'_> {
    /// The file's name without its folder.
    pub(super) fn file_name(&self) -> &[u8] {
        split_path(&self.file.path).1
    }

    pub(super) fn to_value(self) -> Value {
        let mut names = BTreeMap::from([
            ("arrived", self.moment(self.arrived_at)),
            ("arrival", map([("id", self.arrival.to_string().into())])),
            ("file", self.file_value()),
            ("rule", map([("name", self.rule.into()), ("about", self.about.unwrap_or("").into())])),
            ("host", self.host.into()),
        ]);
        if let Some(destination) = self.destination {
            names.insert("server", map([("name", destination.server.into())]));
            names.insert("job", map([("id", destination.job.to_string().into())]));
        }
        Value::from(names)
    }

    fn file_value(&self) -> Value {
        let (folder, name) = split_path(&self.file.path);
        let (stem, ext) = split_name(name);
        let text = |bytes| Value::from(carrier::to_text(bytes));
        // "Safe" is how a value says that it was parsed as a path: only such a one may bring a `/` (see path.rs).
        let path = |bytes| Value::from_safe_string(carrier::to_text(bytes));
        map([
            ("name", text(name)),
            ("stem", text(stem)),
            ("ext", text(ext)),
            ("path", path(&self.file.path)),
            ("folder", path(folder)),
            ("size", self.file.identity.size_bytes.into()),
            ("modified", self.moment(Moment(self.file.identity.mtime_ns.div_euclid(1_000_000)))),
        ])
    }

    fn moment(&self, moment: Moment) -> Value {
        Value::from_object(ZonedMoment::new(moment, self.time_zone))
    }
}

/// `orders/2026/invoice.pdf`, 1.2 MB, modified at 03:00 and arrived at 03:15 UTC on a day of 2026.
pub(super) fn sample<'a>(destination: Option<Destination<'a>>) -> Facts<'a> {
    static FILE: LazyLock<Sighting> = LazyLock::new(|| Sighting {
        folder: b"/srv/sample".to_vec(),
        path: b"orders/2026/invoice.pdf".to_vec(),
        identity: Identity {
            size_bytes: 1_234_567,
            mtime_ns: 1_795_316_400_000_000_000,
            inode: 1,
            ctime_ns: 1_795_316_400_000_000_000,
        },
    });
    Facts {
        arrived_at: Moment(1_795_317_300_000),
        time_zone: Tz::UTC,
        arrival: Ref([7; 16]),
        file: &FILE,
        rule: "sample",
        about: Some("A sample"),
        host: "localhost",
        destination,
    }
}

/// Folder and name: `a/b/c.txt` → `a/b`, `c.txt`.
pub(super) fn split_path(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (b"", path),
    }
}

/// Stem and extension: `a.tar.gz` → `a.tar`, `gz`; a dot in front makes no extension.
pub(super) fn split_name(name: &[u8]) -> (&[u8], &[u8]) {
    match name.iter().rposition(|byte| *byte == b'.') {
        None | Some(0) => (name, b""),
        Some(dot) => (&name[..dot], &name[dot + 1..]),
    }
}

fn map<const N: usize>(entries: [(&'static str, Value); N]) -> Value {
    Value::from(BTreeMap::from(entries))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_apart_as_people_expect() {
        for (name, stem, ext) in [
            ("a.pdf", "a", "pdf"),
            ("a.tar.gz", "a.tar", "gz"),
            ("README", "README", ""),
            (".bashrc", ".bashrc", ""),
            (".a.txt", ".a", "txt"),
            ("a.", "a", ""),
        ] {
            assert_eq!(split_name(name.as_bytes()), (stem.as_bytes(), ext.as_bytes()), "{name}");
        }
        assert_eq!(split_path(b"a/b/c"), (&b"a/b"[..], &b"c"[..]));
        assert_eq!(split_path(b"c"), (&b""[..], &b"c"[..]));
    }
}
