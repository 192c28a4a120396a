//! A program that ends with the test: also when the test is killed, and with all its children.

use super::wait;
use rustix::process::{Pid, Signal, kill_process_group};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// Runs the program in a process group of its own and kills the group when its standard input ends: a pipe that we
/// hold, so that even a killed test leaves nothing running.
const GUARD: &str = r#""$@" & read -r _; kill -KILL 0"#;
pub const READY: Duration = Duration::from_secs(15);

/// A server as a program of its own.
#[derive(Debug)]
pub struct Program {
    guard: Child,
}

/// How a program is started.
pub struct Start<'a> {
    /// A program that runs it, or nothing.
    pub wrapped_in: &'a [&'a str],
    pub program: &'a Path,
    pub arguments: Vec<String>,
    pub environment: BTreeMap<&'static str, String>,
    /// Takes what it prints.
    pub log: &'a Path,
    /// Where it will listen.
    pub port: u16,
}

impl Program {
    /// Starts it and returns once it listens.
    ///
    /// # Panics
    /// When it does not listen in time; says what it printed.
    pub fn start(start: &Start<'_>) -> Self {
        let log = File::create(start.log).unwrap();
        let mut command = Command::new("/bin/sh");
        command.args(["-c", GUARD, "guard"]);
        command.args(start.wrapped_in).arg(start.program).args(&start.arguments).envs(&start.environment);
        command.stdin(Stdio::piped()).stdout(log.try_clone().unwrap()).stderr(log);
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let program = Self { guard: command.spawn().unwrap() };
        let listens = std::panic::catch_unwind(|| {
            wait::until("the server listens", READY, || listens(start.port));
        });
        if listens.is_err() {
            let printed = fs::read_to_string(start.log).unwrap_or_default();
            panic!("{} does not listen on {}: {printed}", start.program.display(), start.port);
        }
        program
    }
}

impl Program {
    /// Its process group.
    #[allow(dead_code, reason = "bench-mail uses it")]
    pub fn group(&self) -> i32 {
        Pid::from_child(&self.guard).as_raw_nonzero().get()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let group = Pid::from_child(&self.guard);
        // It may have ended by itself; `wait` then says so.
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.guard.wait();
        // The port is free and the connections are closed only when the last child is gone.
        wait::until("the server's processes end", READY, || !lives(group));
    }
}

/// Whether any process of this group still runs; one that nobody has waited for does not.
fn lives(group: Pid) -> bool {
    let group = group.as_raw_nonzero().get().to_string();
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes.filter_map(|process| fs::read_to_string(process.path().join("stat")).ok()).any(|stat| {
        // The name, in brackets, may hold anything; after it come state, parent and group.
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        let mut columns = after_name.split_whitespace();
        let state = columns.next();
        state != Some("Z") && columns.nth(1) == Some(&group)
    })
}

/// For a server that changes its user id: it takes root, or a namespace with more than one id. Nothing where we are root.
pub fn as_root() -> &'static [&'static str] {
    if is_root() { &[] } else { &["unshare", "--user", "--map-root-user", "--map-auto"] }
}

/// Why there is no such namespace on this machine, if there is none.
pub fn check_as_root() -> Result<(), String> {
    let [program, arguments @ ..] = as_root() else { return Ok(()) };
    let tried = Command::new(program).args(arguments).arg("true").output();
    if tried.is_ok_and(|tried| tried.status.success()) {
        return Ok(());
    }
    Err("it changes its user id: be root, or install uidmap and have a line in /etc/subuid and /etc/subgid".into())
}

/// Removes a folder with what such a server wrote in it.
pub fn remove_as_root(folder: &Path) {
    if let [program, arguments @ ..] = as_root() {
        let _ = Command::new(program).args(arguments).args(["rm", "-rf"]).arg(folder).status();
    }
}

/// Whether we, and so the servers, have root's rights.
pub fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

/// Whether something listens on 127.0.0.1 there, without connecting: a connection would count against its limits.
pub fn listens(port: u16) -> bool {
    const LISTEN: &str = "0A";
    let local = format!("0100007F:{port:04X}");
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    table.lines().any(|line| {
        let mut columns = line.split_whitespace().skip(1);
        columns.next() == Some(&local) && columns.nth(1) == Some(LISTEN)
    })
}
