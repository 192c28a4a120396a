//! The disk of `storage` is full: nothing is lost, it is said aloud, and with room again everything goes on by itself.

use crate::support::{
    check,
    gateway::{Gateway, Serving, Wishes},
    inside::again_inside,
    ledger::Ledger,
    servers::{ServerKind, ServerOptions, TestServer},
    wait,
};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use std::{
    fs::{self, File},
    io::{BufRead, BufReader, ErrorKind, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

const FILES: usize = 600;
const SOON: Duration = Duration::from_secs(60);

/// Beyond the limit a write fails (EFBIG, once its signal is ignored) and takes its transaction down, as with no block left.
#[tokio::test]
async fn a_limit_of_its_files_stops_it_and_room_lets_it_go_on() {
    let (server, gateway) = a_gateway();
    let limit = |serving: &Serving, bytes| {
        let limit = Rlimit { current: bytes, maximum: None };
        prlimit(Some(Pid::from_child(&serving.0)), Resource::Fsize, limit).unwrap();
    };
    it_runs_full(&gateway, &server, |serving| limit(serving, Some(16 << 10)), |serving| limit(serving, None)).await;
}

#[tokio::test]
async fn a_disk_without_a_block_left_stops_it_and_room_lets_it_go_on() {
    if !again_inside(&["unshare", "--user", "--map-root-user", "--mount"], "true") {
        return;
    }
    let (server, gateway) = a_gateway();
    let disk = Disk::mount(&gateway.storage);
    let mut config = File::options().append(true).open(&gateway.config).unwrap();
    config.write_all(b"limits: { disk_free: 1B }\n").unwrap(); // so that it goes on until nothing is left
    let ballast = gateway.storage.join("ballast");
    it_runs_full(&gateway, &server, |_| fill_up(&ballast), |_| fs::remove_file(&ballast).unwrap()).await;
    drop(disk);
}

fn a_gateway() -> (TestServer, Gateway) {
    let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    let gateway = Gateway::new(&server, &Wishes::default());
    gateway.fill(FILES, |number| number);
    (server, gateway)
}

async fn it_runs_full(gateway: &Gateway, server: &TestServer, fill: impl Fn(&Serving), free: impl Fn(&Serving)) {
    let (serving, is_said) = serve(gateway);
    wait::until("the first file is there", SOON, || fs::read_dir(&server.root).unwrap().next().is_some());

    fill(&serving);
    // The database may have some room within its files: more comes until there is none.
    let mut later = 0;
    wait::until("it is said", SOON, || {
        gateway.file(&format!("later/{later}"), "x");
        later += 1;
        is_said.load(Ordering::Acquire)
    });
    check::nothing_half(gateway, server);

    free(&serving);
    Ledger::open(gateway).await.until_states(&[&format!("delivered {}", FILES + later)]).await;
    check::all_delivered(gateway, server).await;
}

/// The daemon, and whether it has said that the database refused something.
fn serve(gateway: &Gateway) -> (Serving, Arc<AtomicBool>) {
    let run = gateway.command(&["run"]);
    let mut child = Command::new("/bin/sh")
        .args(["-c", r#"trap "" XFSZ; exec "$@""#, "sh"])
        .arg(run.get_program())
        .args(run.get_args())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let is_said = Arc::new(AtomicBool::new(false));
    let (log, heard) = (child.stderr.take().unwrap(), is_said.clone());
    std::thread::spawn(move || {
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            if line.contains("the database refused") {
                heard.store(true, Ordering::Release);
            }
        }
    });
    (Serving(child), is_said)
}

/// A small disk of its own over a folder, gone when dropped.
struct Disk(PathBuf);

impl Disk {
    fn mount(folder: &Path) -> Self {
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=16M", "tmpfs"]).arg(folder).status();
        assert!(mount.unwrap().success());
        Self(folder.to_owned())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// Writes until no block is left.
fn fill_up(ballast: &Path) {
    let mut file = File::create(ballast).unwrap();
    let full = std::iter::repeat_with(|| file.write_all(&[0; 4096])).find_map(Result::err).unwrap();
    assert_eq!(full.kind(), ErrorKind::StorageFull);
}
