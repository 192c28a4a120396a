//! smtp-sink: it takes everything, as fast as it can, and keeps each message in a file.

use crate::support::{
    cannot_here::cannot_here,
    ports::PortBlock,
    program::{Program, Start, is_root},
    servers::unpacked,
    wait,
};
use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};
use tempfile::TempDir;

/// Dropping it kills it.
pub struct Sink {
    pub port: u16,
    folder: TempDir,
    _program: Program,
    _ports: PortBlock,
}

impl Sink {
    /// One that keeps nothing.
    #[allow(dead_code, reason = "bench-mail uses it")]
    pub fn discarding() -> Option<Self> {
        Self::serve(&[], |_| vec![])
    }

    /// One that keeps nothing, and counts.
    #[allow(dead_code, reason = "bench-mail uses it")]
    pub fn counting() -> Option<Self> {
        Self::serve(&["-c"], |_| vec![])
    }

    /// How many messages it has taken, of one that counts.
    #[allow(dead_code, reason = "bench-mail uses it")]
    pub fn taken(&self) -> usize {
        let printed = fs::read_to_string(self.folder.path().join("printed")).unwrap_or_default();
        let last = printed.rsplit("mesg=").next().unwrap_or_default();
        last.split(|other: char| !other.is_ascii_digit()).next().unwrap_or_default().parse().unwrap_or(0)
    }

    /// `None`: this machine cannot run it, which is told.
    pub fn start(options: &[&str]) -> Option<Self> {
        Self::serve(options, |folder| vec!["-d".to_owned(), folder.join("message.").display().to_string()])
    }

    fn serve(options: &[&str], keeping: impl Fn(&Path) -> Vec<String>) -> Option<Self> {
        if let Err(why) = unpacked::check() {
            cannot_here(&format!("smtp-sink: {why}"));
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let ports = PortBlock::take();
        let port = ports.control();
        let mut arguments: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        arguments.extend(keeping(folder.path()));
        if is_root() {
            // It does not serve as root.
            arguments.extend(["-u", "nobody"].map(str::to_owned));
        }
        arguments.extend([format!("127.0.0.1:{port}"), "100".to_owned()]);
        let program = Program::start(&Start {
            wrapped_in: &[],
            program: &unpacked::root().join("usr/sbin/smtp-sink"),
            arguments,
            environment: BTreeMap::from([("LD_LIBRARY_PATH", unpacked::libraries())]),
            log: &folder.path().join("printed"),
            port,
        });
        Some(Self { port, folder, _program: program, _ports: ports })
    }

    /// So many messages, once they are there: the sink's own header lines, then ours, all ending in LF.
    ///
    /// # Panics
    /// When there are fewer, or one of them does not end with `end`.
    pub fn messages(&self, count: usize, end: &str) -> Vec<String> {
        let all = || {
            let files = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
            let dumped = files.filter(|path| path.to_string_lossy().contains("/message."));
            dumped.map(|path| fs::read_to_string(path).unwrap()).collect::<Vec<_>>()
        };
        // It answers first and writes then.
        wait::until("the sink has written the messages", Duration::from_secs(5), || {
            let all = all();
            all.len() == count && all.iter().all(|message| message.trim_end().ends_with(end.trim_end()))
        });
        all()
    }
}
