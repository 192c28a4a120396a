//! Everything the demo needs, in one folder under the system's temporary one: configuration, sources, storage.

use crate::{config::Secret, demo::DemoError};
use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// The shipped rules as they are compiled in, and what the demo changes in them.
const RULES: [(&str, &str); 4] = [
    ("media", include_str!("../../rules/media.yaml")),
    ("nightly-dumps", include_str!("../../rules/nightly-dumps.yaml")),
    ("old-logs", include_str!("../../rules/old-logs.yaml")),
    ("website", include_str!("../../rules/website.yaml")),
];

/// Nobody who watches a demo waits for the night, or for a film of 100 MB.
const IMPATIENCE: [(&str, &str); 3] = [
    ("settled_for: 2m", "settled_for: 1s"),
    ("min_size: 100MB", "min_size: 1MB"),
    ("folder: /var/log", "settled_for: 1s\n    folder: /var/log"),
];

/// Folders that the shipped rules name, moved below the demo's own.
const SOURCES: [&str; 4] = ["/srv/media/ready", "/var/backups/db", "/var/log", "/srv/www/build"];

/// The servers that they name, each a folder of the one embedded server.
pub(super) const SERVERS: [&str; 3] = ["offsite", "webhost", "broadcaster"];

/// A folder that goes when this is dropped.
#[derive(Debug)]
pub(super) struct Stage {
    pub home: PathBuf,
}

impl Stage {
    pub(super) fn build() -> Result<Self, DemoError> {
        let name = format!("packetboat-demo-{}", std::process::id());
        let home = std::env::temp_dir().join(name);
        fs::DirBuilder::new().mode(0o700).create(&home).map_err(|why| DemoError::file(&home, why))?;
        let stage = Self { home };
        for source in SOURCES {
            stage.make(&stage.source(source))?;
        }
        for server in SERVERS {
            stage.make(&stage.ashore().join(server))?;
        }
        stage.make(&stage.home.join("rules"))?;
        for (name, text) in RULES {
            stage.write(&format!("rules/{name}.yaml"), &stage.impatient(text))?;
        }
        Ok(stage)
    }

    /// The folder that a shipped rule watches.
    pub(super) fn source(&self, shipped: &str) -> PathBuf {
        self.home.join(shipped.trim_start_matches('/'))
    }

    /// What the remote server serves.
    pub(super) fn ashore(&self) -> PathBuf {
        self.home.join("ashore")
    }

    pub(super) fn configuration(&self) -> PathBuf {
        self.home.join("packetboat.yaml")
    }

    /// packetboat.yaml for a server on `port` and a relay on another.
    pub(super) fn configure(&self, port: u16, user: &str, password: &Secret, relay: u16) -> Result<(), DemoError> {
        let mut text = String::from("storage: storage\nservers:\n");
        for server in SERVERS {
            text.push_str(&format!(
                "  {server}:\n    ftp: {{ host: localhost, port: {port}, user: {user}, password: {}, folder: {server}, ca_file: ca.pem }}\n",
                password.reveal()
            ));
        }
        text.push_str(&format!(
            "  main:\n    smtp: {{ host: localhost, port: {relay}, tls: none }}\n\
             mail: {{ from: packetboat@localhost }}\nnotices: [{{ to: you@localhost }}]\n"
        ));
        self.write("packetboat.yaml", &text)
    }

    /// Writes a file that only its owner reads.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<(), DemoError> {
        let path = self.home.join(name);
        let open = fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(&path);
        open.and_then(|mut file| io::Write::write_all(&mut file, text.as_bytes()))
            .map_err(|why| DemoError::file(&path, why))
    }

    fn make(&self, folder: &Path) -> Result<(), DemoError> {
        fs::create_dir_all(folder).map_err(|why| DemoError::file(folder, why))
    }

    fn impatient(&self, rule: &str) -> String {
        let mut text: String =
            rule.lines().filter(|line| !line.starts_with("windows:")).map(|line| format!("{line}\n")).collect();
        for (patient, impatient) in IMPATIENCE {
            text = text.replace(patient, impatient);
        }
        for source in SOURCES {
            text = text.replace(source, &self.source(source).to_string_lossy());
        }
        text
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.home); // what cannot be removed is in the system's temporary folder
    }
}
