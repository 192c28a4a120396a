//! A file that waits to be sent and is not what it was: its attributes alone, or its bytes.

use crate::support::{
    check,
    endpoint::Endpoint,
    gateway::{AT_ONCE, Gateway},
    ledger::{Ledger, change},
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

#[tokio::test]
async fn what_lies_in_a_folder_that_is_not_mounted_waits_for_it() {
    let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server))]);
    gateway.rule("files", "mounted", AT_ONCE, "then: [{ upload: { to: offsite } }]");
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(gateway.code("pause offsite"), 0);
    gateway.file("mounted/a", "bytes");
    assert_eq!(gateway.code("once"), 4);
    let (mounted, elsewhere) = (gateway.source.join("mounted"), gateway.source.join("elsewhere"));
    fs::rename(&mounted, &elsewhere).unwrap();
    fs::create_dir(&mounted).unwrap();
    assert_eq!(gateway.code("resume offsite"), 0);
    let once = gateway.run(&["once"]);
    assert_eq!(once.status.code(), Some(1), "{}", String::from_utf8_lossy(&once.stdout));
    let plan = gateway.run(&["once"]);
    assert!(String::from_utf8_lossy(&plan.stderr).contains("is its mount missing?"), "{plan:?}");
    let mut ledger = Ledger::open(&gateway).await;
    assert_eq!(ledger.states().await, ["queued 1"]);
    assert_eq!(ledger.count("SELECT sum(counted) FROM attempts").await, 0);
    fs::remove_dir(&mounted).unwrap();
    fs::rename(&elsewhere, &mounted).unwrap();
    change(&gateway, "UPDATE jobs SET due_at = 0").await;
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(fs::read(server.root.join("a")).unwrap(), b"bytes");
}

#[tokio::test]
async fn a_file_that_is_gone_fails_its_job() {
    let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server))]);
    gateway.rule("files", "", AT_ONCE, "then: [{ upload: { to: offsite } }]");
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(gateway.code("pause offsite"), 0);
    gateway.file("a", "bytes");
    assert_eq!(gateway.code("once"), 4);
    fs::remove_file(gateway.source.join("a")).unwrap();
    assert_eq!(gateway.code("resume offsite"), 0);
    assert_eq!(gateway.code("once"), 4, "looked at once more in a moment");
    change(&gateway, "UPDATE jobs SET due_at = 0").await;
    assert_eq!(gateway.code("once"), 1);
    let mut ledger = Ledger::open(&gateway).await;
    assert_eq!(
        ledger.lines("SELECT state || ' ' || reason || ' ' || said FROM jobs").await,
        ["failed source_changed the file is gone"]
    );
}
