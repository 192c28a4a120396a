//! One run of one client: time, processor and memory of the client alone, and whether every file arrived as it was.

use crate::{
    client::Client,
    support::{servers::TestServer, walk::walk},
    work::Work,
};
use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeValLike,
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

#[derive(Debug, Clone, Copy)]
pub struct Measured {
    pub wall: Duration,
    /// User and system time of the client.
    pub cpu: Duration,
    /// Its VmHWM, looked at every few milliseconds.
    pub peak_kib: u64,
    pub is_whole: bool,
}

/// What the database was asked during one upload.
#[derive(Debug, Clone, Copy)]
pub struct Database {
    /// Each is a flush; the flushes of checkpoints come on top, one pair for some dozens of commits.
    pub commits: usize,
    pub statements: usize,
}

/// Runs `client` into a fresh folder.
pub fn run(client: Client, work: Work, files: &Path, server: &TestServer) -> Measured {
    let desk = tempfile::tempdir().unwrap();
    let place = Place::new(server, work);
    nix::unistd::sync();
    let before = cpu_of_children();
    let mut command = client.command(work, files, server, &place.seen_as, desk.path());
    let begun = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    let mut peak_kib = 0;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        peak_kib = peak_kib.max(high_water(child.id()).unwrap_or(0));
        std::thread::park_timeout(Duration::from_millis(2));
    };
    let wall = begun.elapsed();
    let cpu = cpu_of_children() - before;
    let is_whole = status.success() && walk(files) == walk(&place.on_disk);
    eprintln!(
        "  {:<18} {work:?} {:?} {:?}: {wall:.2?} cpu {cpu:.2?}{}",
        client.name(),
        server.kind,
        server.tls,
        if is_whole { "" } else { "  NOT WHOLE" }
    );
    Measured { wall, cpu, peak_kib, is_whole }
}

/// Runs Packetboat once more, with every statement logged.
pub fn count(work: Work, files: &Path, server: &TestServer) -> Database {
    let desk = tempfile::tempdir().unwrap();
    let place = Place::new(server, work);
    let mut command = Client::Packetboat.command(work, files, server, &place.seen_as, desk.path());
    let output = command.env("RUST_LOG", "warn,sqlx::query=debug").env("NO_COLOR", "1").output().unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    let statements = log.lines().filter_map(|line| line.split_once("summary=\"")).map(|(_, sql)| sql);
    let commits = statements.clone().filter(|sql| sql.starts_with("COMMIT")).count();
    Database { commits, statements: statements.count() }
}

/// A folder of the server that nothing was written to before.
struct Place {
    on_disk: PathBuf,
    seen_as: String,
}

impl Place {
    fn new(server: &TestServer, work: Work) -> Self {
        if work.is_large() {
            remove_large(&server.root);
        }
        let number = fs::read_dir(&server.root).unwrap().count();
        let name = format!("{}-{number:03}", if work.is_large() { LARGE } else { "small" });
        let on_disk = server.root.join(&name);
        fs::create_dir(&on_disk).unwrap();
        Self { on_disk, seen_as: format!("{}/{name}", server.folder.trim_end_matches('/')) }
    }
}

/// The servers are children too, but live on: only clients that have ended count.
fn cpu_of_children() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(micros.try_into().unwrap())
}

fn high_water(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

const LARGE: &str = "large";

/// The large files before this one: their room is needed, and one file removed leaves no trace.
fn remove_large(root: &Path) {
    for entry in fs::read_dir(root).unwrap().map(Result::unwrap) {
        if entry.file_name().to_string_lossy().starts_with(LARGE) {
            fs::remove_dir_all(entry.path()).unwrap();
        }
    }
}
