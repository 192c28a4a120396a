//! The program as a person runs it: a configuration file, rules, a storage folder, and the binary.

use super::servers::{TestServer, Tls};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};
use tempfile::TempDir;

/// A gateway with one rule, `files`, from `source` to the server `offsite`.
pub struct Gateway {
    pub source: PathBuf,
    pub storage: PathBuf,
    pub config: PathBuf,
    _home: TempDir,
}

/// What a story may want otherwise.
pub struct Wishes {
    pub connections: u32,
    /// More lines of `servers.offsite.ftp`.
    pub server_lines: Vec<String>,
    /// The whole rule but its `when`; the default uploads by the file's path.
    pub rule: String,
    /// More keys of `watch`.
    pub watch: String,
}

impl Default for Wishes {
    fn default() -> Self {
        Self {
            connections: 2,
            server_lines: vec![],
            rule: "then: [{ upload: { to: offsite } }]".into(),
            watch: "recursive: true, settled_for: 0s, empty_files: take".into(),
        }
    }
}

impl Gateway {
    pub fn new(server: &TestServer, wishes: &Wishes) -> Self {
        let home = tempfile::Builder::new().prefix("packetboat-gateway-").tempdir().unwrap();
        let [source, storage, rules] = ["source", "storage", "rules"].map(|name| {
            let folder = home.path().join(name);
            fs::create_dir(&folder).unwrap();
            folder
        });
        let config = home.path().join("packetboat.yaml");
        let ftp = server_lines(server, wishes).join("\n      ");
        let text = format!("storage: {}\nservers:\n  offsite:\n    ftp:\n      {ftp}\n", storage.display());
        fs::write(&config, text).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        fs::set_permissions(&config, mode).unwrap();
        let when = format!("when:\n  watch: {{ folder: {}, {} }}\n", source.display(), wishes.watch);
        fs::write(rules.join("files.yaml"), format!("{when}{}\n", wishes.rule)).unwrap();
        Self { source, storage, config, _home: home }
    }

    /// The program with these arguments, not yet started. Its log goes nowhere unless asked for.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_packetboat"));
        command.arg("--config").arg(&self.config).args(arguments).stdin(Stdio::null());
        command
    }

    /// Runs a verb to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Starts `run` beside the story; dropped, it is killed.
    pub fn serve(&self) -> Serving {
        let child = self.command(&["run"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Serving(child)
    }

    /// Files of these sizes, in folders of ten, with bytes that differ.
    pub fn fill(&self, count: usize, size: impl Fn(usize) -> usize) {
        for number in 0..count {
            let folder = self.source.join(format!("folder-{}", number / 10));
            fs::create_dir_all(&folder).unwrap();
            let bytes: Vec<u8> = (0..size(number)).map(|at| (at.wrapping_mul(31) ^ number ^ (at >> 8)) as u8).collect();
            fs::write(folder.join(format!("file-{number}.bin")), bytes).unwrap();
        }
    }

    pub fn database(&self) -> PathBuf {
        self.storage.join("packetboat.db")
    }
}

/// A running daemon.
pub struct Serving(pub Child);

impl Serving {
    pub fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn server_lines(server: &TestServer, wishes: &Wishes) -> Vec<String> {
    let mut lines = vec![
        format!("host: {}", server.host),
        format!("port: {}", server.port),
        format!("user: {}", server.user),
        format!("password: {}", server.password),
        format!("connections: {}", wishes.connections),
        match server.tls {
            Tls::None => "tls: none".into(),
            Tls::Explicit => "tls: explicit".into(),
            Tls::Implicit => "tls: implicit".into(),
        },
    ];
    if server.folder != "/" {
        lines.push(format!("folder: {}", server.folder));
    }
    if let Some(certificate) = &server.certificate {
        lines.push(format!("ca_file: {}", as_text(&certificate.ca)));
    }
    lines.extend(wishes.server_lines.iter().cloned());
    lines
}

fn as_text(path: &Path) -> &str {
    path.to_str().unwrap()
}
