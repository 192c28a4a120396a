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
    path::Path,
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

/// Runs `client` against an emptied server.
pub fn run(client: Client, work: Work, files: &Path, server: &TestServer) -> Measured {
    empty(&server.root);
    let desk = tempfile::tempdir().unwrap();
    nix::unistd::sync();
    let before = cpu_of_children();
    let mut command = client.command(work, files, server, desk.path());
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
    let is_whole = status.success() && walk(files) == walk(&server.root);
    eprintln!(
        "  {:<18} {work:?} {:?} {:?}: {wall:.2?} cpu {cpu:.2?}{}",
        client.name(),
        server.kind,
        server.tls,
        if is_whole { "" } else { "  NOT WHOLE" }
    );
    Measured { wall, cpu, peak_kib, is_whole }
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

fn empty(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
    }
}
