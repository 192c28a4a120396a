//! What `once` says it did: its own doing, whatever else happens to the rows meanwhile.

use crate::support::{
    endpoint::Endpoint,
    gateway::{AT_ONCE, Gateway, Wishes},
    ledger::{Ledger, change},
    scripted_ftp::{Action, Script, ScriptedFtp, always},
    servers::{ServerKind, ServerOptions},
};
use std::{fs, process::Stdio};

fn counts(gateway: &Gateway) -> String {
    let output = gateway.run(&["once"]);
    let code = output.status.code().unwrap();
    format!("{code}: {}", String::from_utf8(output.stdout).unwrap().lines().next().unwrap_or_default())
}

#[tokio::test]
async fn it_counts_what_it_delivered_though_old_rows_are_purged_meanwhile() {
    let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    let gateway = Gateway::new(&server, &Wishes::default());
    gateway.fill(3, |number| number);
    assert_eq!(counts(&gateway), "0: 3 delivered, 0 waiting, 0 failed");
    change(&gateway, "UPDATE jobs SET ended_at = 1").await;
    gateway.file("one", "1");
    gateway.file("two", "2");
    assert_eq!(counts(&gateway), "0: 2 delivered, 0 waiting, 0 failed");
    assert_eq!(Ledger::open(&gateway).await.states().await, ["delivered 2"], "the old ones were kept long enough");
}

#[tokio::test]
async fn it_does_not_set_off_an_old_failure_against_a_new_one() {
    let server = ScriptedFtp::start(Script::with([always("STOR", Action::Instead("553 not this one"))]));
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server))]);
    gateway.rule("files", "", AT_ONCE, "then: [{ upload: { to: offsite } }]");
    gateway.file("old", "1");
    assert_eq!(gateway.code("once"), 1);
    change(&gateway, "UPDATE jobs SET ended_at = 1").await;
    gateway.file("new", "2");
    assert_eq!(gateway.code("once"), 1);
}

/// Where there can be no socket (a file system without, or as here a folder of its name), nothing begins.
#[tokio::test]
async fn without_a_control_socket_nothing_is_sent_and_no_session_is_left_open() {
    let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    let gateway = Gateway::new(&server, &Wishes::default());
    gateway.file("first", "1");
    assert_eq!(gateway.code("once"), 0);
    let socket = gateway.storage.join("control.sock");
    fs::create_dir(&socket).unwrap();
    fs::write(socket.join("file"), "").unwrap();
    gateway.file("second", "2");
    let refused = gateway.run(&["once"]);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("control.sock cannot be opened"), "{refused:?}");
    let mut ledger = Ledger::open(&gateway).await;
    assert_eq!(ledger.count("SELECT count(*) FROM sessions WHERE ended_at IS NULL").await, 0);
    assert_eq!(ledger.count("SELECT count(*) FROM sessions").await, 1, "it never began");
    fs::remove_dir_all(&socket).unwrap();
    assert_eq!(gateway.code("once"), 0);
    assert!(server.root.join("second").exists());
}

#[tokio::test]
async fn ended_before_its_files_have_settled_it_does_not_say_that_all_is_done() {
    let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    let gateway = Gateway::new(&server, &Wishes { watch: "settled_for: 1h".into(), ..Wishes::default() });
    gateway.file("fresh", "1");
    let once = gateway.command(&["once"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut ledger = Ledger::open(&gateway).await;
    let scanned = "SELECT count(*) FROM places WHERE first_scan_at IS NOT NULL";
    ledger.until("it has looked", scanned, |places| places == 1).await;
    let pid = rustix::process::Pid::from_child(&once);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let ended = once.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&ended.stdout);
    assert_eq!(ended.status.code(), Some(4), "{told}");
    assert!(told.contains("1 file not taken, ended early"), "{told}");
}
