//! What a verb needs of the configuration: where the database is, the zone of times, and the names of rules and servers.
//! A mistake elsewhere in it, or a secret that only the service may read, must not keep an operator from looking.

use crate::{
    config::{self, Finding, Outline},
    control::{Known, PausedInFile},
    domain::Moment,
    rules::{self, Source},
    schedule::Timetable,
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::UNIX_EPOCH,
};

/// The part of a configuration that verbs work with.
#[derive(Debug, Clone)]
pub struct Site {
    pub storage: PathBuf,
    pub time_zone: chrono_tz::Tz,
    pub known: Known,
    /// When a file of it was last written, added or removed, as far as their folder tells.
    pub changed_at: Option<Moment>,
    /// The schedules of the rules that have one, where all rules are in order.
    pub timetables: BTreeMap<String, Arc<Timetable>>,
}

impl Site {
    /// Reads as much of the configuration as is needed. `named`: `--config`.
    ///
    /// # Errors
    /// What is wrong with packetboat.yaml when not even its storage could be made out.
    pub fn find(named: Option<&Path>) -> Result<Self, Vec<Finding>> {
        let file = config::find(named);
        let config::Loaded { outline, findings, .. } = config::load(&file);
        let Outline { storage: Some(storage), .. } = &outline else { return Err(findings) };
        let loaded = rules::load_outline(&outline);
        let mut known = Known {
            rules: loaded.names.into_iter().map(|name| (name, PausedInFile::No)).collect(),
            servers: outline.servers.clone().unwrap_or_default(),
        };
        let mut timetables = BTreeMap::new();
        for rule in loaded.rules.iter().flat_map(|rules| &rules.rules) {
            if rule.paused {
                known.rules.insert(rule.name.clone(), PausedInFile::Yes);
            }
            if let Source::Schedule(timetable) = &rule.when {
                timetables.insert(rule.name.clone(), timetable.clone());
            }
        }
        let changed_at = changed_at(&file, &outline.rules);
        Ok(Self { storage: storage.clone(), time_zone: outline.time_zone, known, changed_at, timetables })
    }

    /// When the schedule of a rule comes next.
    #[must_use]
    pub fn next_tick(&self, rule: &str, now: Moment) -> Option<Moment> {
        self.timetables.get(rule)?.next_after(now)
    }

    /// The names of the rules, in their order.
    #[must_use]
    pub fn rules(&self) -> Vec<String> {
        self.known.rules.keys().cloned().collect()
    }
}

fn changed_at(file: &Path, rules: &Path) -> Option<Moment> {
    let of_rules = std::fs::read_dir(rules).into_iter().flatten().flatten().map(|entry| entry.path());
    let files = of_rules.filter(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    let times =
        files.chain([file.to_owned(), rules.to_owned()]).filter_map(|path| path.metadata().ok()?.modified().ok());
    let since = times.max()?.duration_since(UNIX_EPOCH).ok()?;
    Some(Moment::default().plus(since))
}

/// This machine's name, as it stands in rows and in `{{ host }}`.
#[must_use]
pub fn node() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// `10s`, `5m`, `24h`, `2d`.
///
/// # Errors
/// What is wrong with the text, and how a span is written.
pub fn span(text: &str) -> Result<std::time::Duration, String> {
    config::values::span(text).map_err(|fault| match fault.hint {
        Some(hint) => format!("{}; {hint}", fault.message),
        None => fault.message,
    })
}
