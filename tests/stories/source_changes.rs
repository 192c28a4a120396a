//! A file that waits to be sent and is not what it was: its attributes alone, or its bytes.

use crate::support::{
    check,
    endpoint::Endpoint,
    gateway::{AT_ONCE, Gateway},
    ledger::Ledger,
    servers::{ServerKind, ServerOptions},
    wait,
};
use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

fn chmod(path: &Path) {
    fs::set_permissions(path, PermissionsExt::from_mode(0o640)).unwrap();
}

/// A watch that will not look again by itself.
const SELDOM: &str = "method: poll, rescan: 1h, settled_for: 0s";

#[tokio::test]
async fn a_file_whose_attributes_changed_while_it_waited_is_not_failed_but_left_to_its_watch() {
    let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server))]);
    gateway.rule("files", "", SELDOM, "then: [{ upload: { to: offsite } }]");
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(gateway.code("pause offsite"), 0);
    gateway.file("a", "bytes");
    let serving = gateway.serve();
    let mut ledger = Ledger::open(&gateway).await;
    ledger.until_states(&["queued 1"]).await;
    wait::until("it serves", Duration::from_secs(20), || gateway.storage.join("control.sock").exists());
    chmod(&gateway.source.join("a"));
    assert_eq!(gateway.code("resume offsite"), 0);
    ledger.until("it is tried twice", "SELECT count(*) FROM attempts", |tries| tries >= 2).await;
    let told = "SELECT state || ' ' || reason || ' ' || counted_tries FROM jobs";
    assert_eq!(ledger.lines(told).await, ["queued source_changed 0"]);
    assert!(serving.stop().success());

    assert_eq!(gateway.code("once"), 0, "a scan finds it, and it goes");
    let told = "SELECT state || ' ' || coalesce(reason, '-') FROM jobs ORDER BY id";
    assert_eq!(ledger.lines(told).await, ["cancelled superseded", "delivered -"]);
    assert_eq!(fs::read(server.root.join("a")).unwrap(), b"bytes");
}

#[tokio::test]
async fn a_file_known_by_its_hash_is_sent_under_its_new_attributes() {
    let north = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    let south = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    let gateway = Gateway::with(&[("north", &Endpoint::from(&north)), ("south", &Endpoint::from(&south))]);
    gateway.rule("files", "", AT_ONCE, "then: [{ upload: { to: [north, south] } }]");
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(gateway.code("pause south"), 0);
    gateway.file("a", "bytes");
    assert_eq!(gateway.code("once"), 4);
    chmod(&gateway.source.join("a"));
    assert_eq!(gateway.code("once"), 4);
    assert_eq!(gateway.code("resume south"), 0);
    assert_eq!(gateway.code("once"), 0);
    let mut ledger = Ledger::open(&gateway).await;
    assert_eq!(ledger.states().await, ["delivered 2"]);
    assert_eq!(ledger.count("SELECT count(*) FROM attempts").await, 2);
    assert!(north.root.join("a").exists());
    check::nothing_half(&gateway, &south);
}

#[tokio::test]
async fn a_version_that_is_not_wanted_ends_the_job_of_the_one_before() {
    let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server))]);
    gateway.rule("files", "", AT_ONCE, "if: file.size < 10\nthen: [{ upload: { to: offsite } }]");
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(gateway.code("pause offsite"), 0);
    gateway.file("a", "small");
    assert_eq!(gateway.code("once"), 4);
    gateway.file("a", "larger than is wanted");
    assert_eq!(gateway.code("once"), 0, "nothing waits");
    assert_eq!(
        Ledger::open(&gateway).await.lines("SELECT state || ' ' || reason FROM jobs").await,
        ["cancelled superseded"]
    );
}
