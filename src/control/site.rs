//! What a verb needs of the configuration: where the database is, the zone of times, and the names of rules and servers.
//! A mistake elsewhere in it, or a secret that only the service may read, must not keep an operator from looking.

use crate::{
    config::{self, Finding, Outline},
    control::{Known, PausedInFile},
    rules,
};
use std::path::{Path, PathBuf};

/// The part of a configuration that verbs work with.
#[derive(Debug, Clone)]
pub struct Site {
    pub storage: PathBuf,
    pub time_zone: chrono_tz::Tz,
    pub known: Known,
}

impl Site {
    /// Reads as much of the configuration as is needed. `named`: `--config`.
    ///
    /// # Errors
    /// What is wrong with packetboat.yaml when not even its storage could be made out.
    pub fn find(named: Option<&Path>) -> Result<Self, Vec<Finding>> {
        let config::Loaded { outline, findings, .. } = config::load(&config::find(named));
        let Outline { storage: Some(storage), .. } = &outline else { return Err(findings) };
        let loaded = rules::load_outline(&outline);
        let mut known = Known {
            rules: loaded.names.into_iter().map(|name| (name, PausedInFile::No)).collect(),
            servers: outline.servers.iter().flatten().map(|(name, _)| name.clone()).collect(),
        };
        for rule in loaded.rules.iter().flat_map(|rules| &rules.rules) {
            if rule.paused {
                known.rules.insert(rule.name.clone(), PausedInFile::Yes);
            }
        }
        Ok(Self { storage: storage.clone(), time_zone: outline.time_zone, known })
    }

    /// The names of the rules, in their order.
    #[must_use]
    pub fn rules(&self) -> Vec<String> {
        self.known.rules.keys().cloned().collect()
    }
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
