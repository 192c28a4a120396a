//! Killed anywhere, as by `kill -9`: nothing lost, nothing half under a final name, each job in a state, each receipt true.

use crate::support::{
    check,
    gateway::{Gateway, Wishes},
    servers::{ServerKind, ServerOptions, TestServer},
};
use std::{
    path::Path,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

/// The points of `crate::faults` in the order of a file's way.
const POINTS: [&str; 10] = [
    "intake.before_commit",
    "intake.after_commit",
    "worker.after_claim",
    "delivery.sending",
    "delivery.stored",
    "delivery.proven",
    "delivery.renamed",
    "worker.after_delivery",
    "worker.before_settle",
    "worker.after_settle",
];

#[tokio::test]
async fn at_each_named_point() {
    let Some(server) = ServerKind::Vsftpd.start(ServerOptions::default()) else { return };
    for point in POINTS {
        let time = if point.starts_with("intake") { 1 } else { 3 }; // all arrivals of a scan are one commit
        let gateway = Gateway::new(&server, &Wishes::default());
        gateway.fill(40, |number| number * 997);
        let status = gateway.command(&["once"]).env("PACKETBOAT_KILL_AT", format!("{point}:{time}")).status().unwrap();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "{point} was never reached");
        check::nothing_half(&gateway, &server);
        finish(&gateway, &server).await;
        clear(&server);
    }
}

#[tokio::test]
async fn between_the_renames_of_a_server_that_does_not_rename_over() {
    let options =
        ServerOptions { rename_over: crate::support::servers::RenameOver::Refused, ..ServerOptions::default() };
    let Some(server) = ServerKind::ALL.into_iter().find(|kind| kind.offers(&options)).unwrap().start(options) else {
        return;
    };
    for point in ["delivery.aside", "delivery.renamed_over"] {
        let gateway = Gateway::new(&server, &Wishes::default());
        gateway.fill(10, |number| number + 1);
        finish(&gateway, &server).await;
        gateway.fill(10, |number| number + 5000);
        let status = gateway.command(&["once"]).env("PACKETBOAT_KILL_AT", format!("{point}:4")).status().unwrap();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "{point} was never reached");
        finish(&gateway, &server).await;
        clear(&server);
    }
}

/// 200 kills over 2,000 files: one in four soon after the start, the others a moment after a run has delivered something.
#[tokio::test]
async fn at_two_hundred_random_times() {
    let Some(server) = ServerKind::Vsftpd.start(ServerOptions::default()) else { return };
    let rule = "then: [{ upload: { to: offsite } }]\nretry: { first_wait: 1s, longest_wait: 1s }".to_owned();
    let gateway = Gateway::new(&server, &Wishes { connections: 3, rule, ..Wishes::default() });
    gateway.fill(2000, |number| [0, 100, 4096, 60_000][number % 4] + number);
    let seed = std::env::var("PACKETBOAT_SEED").ok().and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    println!("PACKETBOAT_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let mut amid = 0;
    for kill in 0..200 {
        let before = files_below(&server.root);
        let child = gateway.command(&["once"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let moment = Duration::from_micros(random.u64(1_000..60_000));
        let is_early = kill % 4 == 0;
        kill_when(child, moment, || is_early || files_below(&server.root) > before);
        check::nothing_half(&gateway, &server);
        amid += usize::from(check::is_amid(&gateway).await);
    }
    assert!(amid >= 100, "only {amid} of 200 kills fell between the first file and the last");
    finish(&gateway, &server).await;
}

/// Kills `child` when `moment` has passed since `begun` came true, unless it ends before.
fn kill_when(mut child: Child, moment: Duration, mut begun: impl FnMut() -> bool) {
    while !begun() && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    let until = Instant::now() + moment;
    while Instant::now() < until && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    let _ = child.kill();
    child.wait().unwrap();
}

fn files_below(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries.map(|entry| if entry.file_type().unwrap().is_dir() { files_below(&entry.path()) } else { 1 }).sum()
}

/// The next run ends it all, as if nothing had happened.
async fn finish(gateway: &Gateway, server: &TestServer) {
    for _ in 0..40 {
        let status = gateway.run(&["once"]).status;
        match status.code() {
            Some(0) => return check::all_delivered(gateway, server).await,
            // a job that was running when the process died waits a little: try it now
            Some(4) => assert!(gateway.run(&["retry", "--state", "queued"]).status.success()),
            other => panic!("once ended with {other:?}"),
        }
    }
    panic!("after forty runs jobs still wait");
}

fn clear(server: &TestServer) {
    for entry in std::fs::read_dir(&server.root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { std::fs::remove_dir_all(path).unwrap() } else { std::fs::remove_file(path).unwrap() }
    }
}
