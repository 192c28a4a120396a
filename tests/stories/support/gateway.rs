//! The program as a person runs it: a configuration file, rules, a storage folder, and the binary.

use super::{endpoint::Endpoint, servers::TestServer};
use std::{
    ffi::OsStr,
    fs,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Output, Stdio},
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
            watch: AT_ONCE.into(),
        }
    }
}

/// What stories usually say of a watched folder.
pub const AT_ONCE: &str = "recursive: true, settled_for: 0s, empty_files: take";

impl Gateway {
    pub fn new(server: &TestServer, wishes: &Wishes) -> Self {
        let mut offsite = Endpoint::from(server).connections(wishes.connections);
        offsite.more.clone_from(&wishes.server_lines);
        let gateway = Self::with(&[("offsite", &offsite)]);
        gateway.rule("files", "", &wishes.watch, &wishes.rule);
        gateway
    }

    /// One with these servers and without rules.
    pub fn with(servers: &[(&str, &Endpoint)]) -> Self {
        let home = tempfile::Builder::new().prefix("packetboat-gateway-").tempdir().unwrap();
        let [source, storage, _] = ["source", "storage", "rules"].map(|name| {
            let folder = home.path().join(name);
            fs::create_dir(&folder).unwrap();
            folder
        });
        let gateway = Self { source, storage, config: home.path().join("packetboat.yaml"), _home: home };
        gateway.servers(servers);
        gateway
    }

    /// Writes packetboat.yaml anew; a process heeds it from its next start on.
    pub fn servers(&self, servers: &[(&str, &Endpoint)]) {
        let mut text = format!("storage: {}\ntime_zone: UTC\nservers:\n", self.storage.display());
        for (name, endpoint) in servers {
            let (protocol, lines) = (endpoint.protocol, endpoint.lines().join("\n      "));
            text.push_str(&format!("  {name}:\n    {protocol}:\n      {lines}\n"));
        }
        fs::write(&self.config, text).unwrap();
        fs::set_permissions(&self.config, PermissionsExt::from_mode(0o600)).unwrap();
    }

    /// Adds lines to packetboat.yaml.
    pub fn configuration(&self, lines: &str) {
        let text = fs::read_to_string(&self.config).unwrap();
        fs::write(&self.config, format!("{text}{lines}\n")).unwrap();
    }

    /// Writes a rule for a folder below the source (`""`: the source itself), which is made.
    pub fn rule(&self, name: &str, folder: &str, watch: &str, rest: &str) {
        let folder = self.source.join(folder);
        fs::create_dir_all(&folder).unwrap();
        let when = format!("when:\n  watch: {{ folder: {}, {watch} }}\n", folder.display());
        self.rule_file(name, &format!("{when}{rest}\n"));
    }

    /// Writes the text of a rule as it is.
    pub fn rule_file(&self, name: &str, text: &str) {
        fs::write(self.config.with_file_name("rules").join(name).with_extension("yaml"), text).unwrap();
    }

    /// Writes a file below the source, with the folders it needs.
    pub fn file(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.source.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// The program with these arguments, not yet started. Its log goes nowhere unless asked for.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_packetboat"));
        command.arg("--config").arg(&self.config).args(arguments).stdin(Stdio::null());
        command
    }

    /// Runs a verb to its end; its code.
    pub fn code(&self, line: &str) -> i32 {
        let output = self.run(&line.split(' ').collect::<Vec<_>>());
        output.status.code().unwrap()
    }

    /// Runs a verb to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Starts `run` beside the story; dropped, it is killed.
    pub fn serve(&self) -> Serving {
        self.serve_with(&[])
    }

    /// The same with these environment variables.
    pub fn serve_with(&self, environment: &[(&str, &OsStr)]) -> Serving {
        let mut command = self.command(&["run"]);
        command.envs(environment.iter().copied());
        Serving(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
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
    /// Asks it to stop, as a service manager does, and waits; how it ended.
    pub fn stop(mut self) -> ExitStatus {
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.0.wait().unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
