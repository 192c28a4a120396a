//! The whole configuration, for what works with rules and passwords: all of it or every reason why not.

use crate::{
    config::{self, Finding, Settings},
    rules::{self, RuleSet},
};
use std::path::Path;

/// Settings and rules without an error.
#[derive(Debug, Clone)]
pub struct Configuration {
    pub settings: Settings,
    pub rules: RuleSet,
    /// What keeps nothing from running.
    pub warnings: Vec<Finding>,
}

/// Loads packetboat.yaml and the rules. `named`: `--config`.
///
/// # Errors
/// Everything that is wrong, when anything is.
pub fn load(named: Option<&Path>) -> Result<Configuration, Vec<Finding>> {
    let rules::Checked { loaded, findings, .. } = rules::check(&config::find(named));
    match loaded {
        Some((settings, rules)) => Ok(Configuration { settings, rules, warnings: findings }),
        None => Err(findings),
    }
}
