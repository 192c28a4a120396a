//! A configuration in a folder of its own, to be checked.

use crate::config::{Finding, Paint, render};
use crate::rules::check_with;
use std::{ffi::OsString, fs, os::unix::fs::PermissionsExt as _, path::PathBuf};
use tempfile::TempDir;

pub const PACKETBOAT_YAML: &str =
    "servers:\n  offsite: { ftp: { host: 127.0.0.1, user: acme, password: { env: HOME } } }\n";
pub const RULE: &str = "when:\n  watch: { folder: /tmp }\nthen:\n  - upload: { to: offsite }\n";

/// A packetboat.yaml and rules in a folder of their own.
pub struct Site(pub TempDir);

impl Site {
    pub fn new(packetboat_yaml: impl AsRef<[u8]>, rules: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("rules")).unwrap();
        let site = Self(folder);
        fs::write(site.file(), packetboat_yaml).unwrap();
        fs::set_permissions(site.file(), fs::Permissions::from_mode(0o644)).unwrap();
        for (name, text) in rules {
            fs::write(site.rule(name), text).unwrap();
        }
        site
    }

    pub fn file(&self) -> PathBuf {
        self.0.path().join("packetboat.yaml")
    }

    pub fn rule(&self, name: &str) -> PathBuf {
        self.0.path().join("rules").join(name)
    }

    pub fn findings(&self) -> Vec<Finding> {
        check_with(&self.file(), &variable).findings
    }

    /// The findings as they are printed, with paths below the site.
    pub fn shown(&self) -> String {
        self.print(&self.findings())
    }

    pub fn print(&self, findings: &[Finding]) -> String {
        let site = format!("{}/", self.0.path().display());
        render(findings, Paint::Plain).replace(&site, "")
    }
}

/// The environment.
pub fn variable(name: &str) -> Option<OsString> {
    (name == "HOME").then(|| OsString::from("/home/acme"))
}
