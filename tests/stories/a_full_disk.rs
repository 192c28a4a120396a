//! The disk of `storage` is full: nothing is lost, it is said aloud, and with room again everything goes on by itself.

use crate::support::{
    check,
    gateway::{Gateway, Serving, Wishes},
    servers::{ServerKind, ServerOptions},
    wait,
};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

const FILES: usize = 600;
const LATER: usize = 100;
const SOON: Duration = Duration::from_secs(60);

/// Full, for the program alone: beyond the limit a write fails (EFBIG, once its signal is ignored) and takes its transaction
/// down, as it would with no block left.
fn limit_files(serving: &Serving, bytes: Option<u64>) {
    let pid = Pid::from_child(&serving.0);
    prlimit(Some(pid), Resource::Fsize, Rlimit { current: bytes, maximum: None }).unwrap();
}

#[tokio::test]
async fn a_full_disk_stops_it_and_room_lets_it_go_on() {
    let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    let gateway = Gateway::new(&server, &Wishes::default());
    gateway.fill(FILES, |number| number);
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
    let listener = std::thread::spawn(move || {
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            if line.contains("the database refused") {
                heard.store(true, Ordering::Release);
            }
        }
    });
    let serving = Serving(child);
    wait::until("the first file is there", SOON, || fs::read_dir(&server.root).unwrap().next().is_some());

    limit_files(&serving, Some(16 << 10));
    let later = gateway.source.join("later");
    fs::create_dir(&later).unwrap();
    (0..LATER).for_each(|number| fs::write(later.join(number.to_string()), "x").unwrap());
    wait::until("it is said", SOON, || is_said.load(Ordering::Acquire));
    check::nothing_half(&gateway, &server);

    limit_files(&serving, None);
    wait::until_async("all are delivered", 2 * SOON, async || {
        check::states(&gateway).await.get("delivered") == Some(&((FILES + LATER) as i64))
    })
    .await;
    drop(serving);
    listener.join().unwrap();
    check::all_delivered(&gateway, &server).await;
}
