//! A person beside the gateway, while it runs and while it does not: many jobs at once, and stopping in mid-upload.

use crate::support::{
    check,
    endpoint::Endpoint,
    gateway::{AT_ONCE, Gateway, Serving},
    ledger::Ledger,
    servers::{ServerKind, ServerOptions, TestServer},
    wait,
    walk::walk,
};
use serde_json::Value;
use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

/// What a verb printed; it must end with 0.
fn say(gateway: &Gateway, line: &str) -> String {
    let output = gateway.run(&line.split(' ').collect::<Vec<_>>());
    assert!(output.status.success(), "{line}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The names in a list of jobs.
fn names(gateway: &Gateway, filters: &str) -> Vec<String> {
    let list: Value = serde_json::from_str(&say(gateway, &format!("jobs --json {filters}"))).unwrap();
    let jobs = list["jobs"].as_array().unwrap().iter();
    let mut names: Vec<_> = jobs.map(|job| job["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

/// Whether the verbs meet a running process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Daemon {
    Up,
    Down,
}

#[tokio::test]
async fn what_waits_for_a_dead_server_is_chosen_by_filters_and_goes_elsewhere() {
    for daemon in [Daemon::Up, Daemon::Down] {
        let mut north = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
        let south = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
        north.unplug().await;
        let gateway = Gateway::with(&[("north", &Endpoint::from(&north)), ("south", &Endpoint::from(&south))]);
        let rule = "then: [{ upload: { to: north, path: \"in/{{ file.name }}\" } }]\nretry: { first_wait: 1s }";
        gateway.rule("orders", "", AT_ONCE, rule);
        for name in ["a.pdf", "b.pdf", "c.xml", "d.xml", "e.txt"] {
            gateway.file(name, name);
        }
        let serving = (daemon == Daemon::Up).then(|| gateway.serve());
        if daemon == Daemon::Down {
            assert_eq!(gateway.code("once"), 4);
        }
        let mut ledger = Ledger::open(&gateway).await;
        ledger.until_states(&["queued 5"]).await;
        ledger.until("the lane closes", "SELECT count(*) FROM lanes WHERE state = 'closed'", |lanes| lanes == 1).await;
        assert_eq!(gateway.code("status"), 1);
        let status = gateway.run(&["status"]);
        let status = String::from_utf8(status.stdout).unwrap();
        assert!(status.contains("! north") && status.contains("5 jobs wait"), "{status}");

        for (filters, expected) in [
            ("--name *.pdf", &["a.pdf", "b.pdf"][..]),
            ("--to in/c*", &["c.xml"]),
            ("--text d.xm", &["d.xml"]),
            ("--state queued --rule orders --server north --since 1h --name [de]*", &["d.xml", "e.txt"]),
            ("--server south", &[]),
            ("--state delivered,failed", &[]),
        ] {
            assert_eq!(names(&gateway, filters), expected, "{daemon:?} {filters}");
        }
        assert!(say(&gateway, "jobs --limit 2").contains("3 more"));

        assert_eq!(say(&gateway, "hold --name *.pdf"), "2 jobs held\n");
        assert_eq!(say(&gateway, "cancel --to in/e.txt"), "1 job cancelled\n");
        assert_eq!(names(&gateway, "--state held"), ["a.pdf", "b.pdf"]);
        assert_eq!(say(&gateway, "retry --state cancelled"), "1 job queued again\n");
        assert_eq!(say(&gateway, "pause orders"), "orders is paused; 3 jobs held\n");
        gateway.file("f.txt", "f.txt");
        if daemon == Daemon::Down {
            assert_eq!(gateway.code("once"), 0, "all is held on purpose");
        }
        ledger.until_states(&["held 6"]).await;
        assert_eq!(say(&gateway, "resume orders"), "orders goes on; 4 jobs let go\n");
        assert_eq!(say(&gateway, "release --state held"), "2 jobs released\n");
        assert_eq!(say(&gateway, "move-jobs --from north --to south --dry-run"), "6 jobs would be moved to south\n");
        assert_eq!(say(&gateway, "move-jobs --from north --to south"), "6 jobs moved to south\n");
        if daemon == Daemon::Down {
            assert_eq!(gateway.code("once"), 0);
        }
        ledger.until_states(&["delivered 6"]).await;
        assert!(walk(&south.root.join("in")) == walk(&gateway.source));

        let receipts: Value = serde_json::from_str(&say(&gateway, "receipts --json --to in/*.xml")).unwrap();
        let paths = receipts["receipts"].as_array().unwrap().iter().map(|receipt| &receipt["server"]);
        assert_eq!(paths.collect::<Vec<_>>(), ["south", "south"]);
        let csv = say(&gateway, "receipts --csv");
        assert_eq!(csv.lines().count(), 7, "{csv}");
        assert_eq!(ledger.count("SELECT count(*) FROM receipts").await, 6);
        if let Some(serving) = serving {
            assert!(serving.stop().success());
        }
    }
}

#[tokio::test]
async fn a_storage_is_served_by_one_process() {
    let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server))]);
    gateway.rule("files", "", AT_ONCE, "then: [{ upload: { to: offsite } }]");
    let serving = gateway.serve();
    let _ = Ledger::open(&gateway).await;
    assert_eq!(gateway.code("run"), 5);
    assert!(serving.stop().success());
    assert_eq!(gateway.code("once"), 0, "and is free when it has stopped");
}

#[tokio::test]
async fn without_its_database_nothing_is_sent_and_it_stops_when_told() {
    let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server))]);
    gateway.rule("files", "", AT_ONCE, "then: [{ upload: { to: offsite } }]");
    gateway.file("first", "1");
    let log = gateway.config.with_file_name("log");
    let serving = Serving(gateway.command(&["run"]).stderr(fs::File::create(&log).unwrap()).spawn().unwrap());
    Ledger::open(&gateway).await.until_states(&["delivered 1"]).await;
    let aside = gateway.storage.with_file_name("aside");
    fs::rename(&gateway.storage, &aside).unwrap();
    fs::create_dir(&gateway.storage).unwrap(); // and what another process makes there is not ours
    fs::write(gateway.database(), "").unwrap();
    gateway.file("second", "2");
    wait::until("it says so", Duration::from_secs(30), || {
        let said = fs::read_to_string(&log).unwrap();
        said.contains("not taken in yet") && said.contains("was removed or replaced")
    });
    assert!(!server.root.join("second").exists(), "it was sent, and nothing on disk says so");
    let asked = Instant::now();
    assert!(serving.stop().success());
    assert!(asked.elapsed() < Duration::from_secs(15), "it took {:?}", asked.elapsed());
    fs::remove_dir_all(&gateway.storage).unwrap();
    fs::rename(&aside, &gateway.storage).unwrap();
    assert_eq!(gateway.code("once"), 0);
    assert!(server.root.join("second").exists());
}

const LARGE: usize = 6_000_000;

/// A gateway in the middle of one large upload, at about a megabyte a second.
async fn amid_a_large_file(server: &TestServer, keys: &str) -> (Gateway, Serving) {
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(server).line("bandwidth: 1MB/s"))]);
    let rule = format!("then: [{{ upload: {{ to: offsite{keys} }} }}]\nretry: {{ first_wait: 1s }}");
    gateway.rule("files", "", AT_ONCE, &rule);
    gateway.file("film.bin", (0..LARGE).map(|at| (at * 31 % 251) as u8).collect::<Vec<_>>());
    let serving = gateway.serve();
    wait::until("a good part of it is there", Duration::from_secs(30), || {
        bytes_below(server.root.parent().unwrap()) > 1_500_000
    });
    (gateway, serving)
}

/// Also what lies hidden, as the parts at the embedded server do, beside its root; names come and go meanwhile.
fn bytes_below(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.filter_map(|entry| {
        let about = entry.metadata().ok()?;
        Some(if about.is_dir() { bytes_below(&entry.path()) } else { about.len() })
    });
    sizes.sum()
}

/// Without its bandwidth limit, all goes.
async fn goes_on(gateway: &Gateway, server: &TestServer) {
    gateway.servers(&[("offsite", &Endpoint::from(server))]);
    let serving = gateway.serve();
    let mut ledger = Ledger::open(gateway).await;
    ledger.until_states(&["delivered 1"]).await;
    ledger.until("the litter is gone", "SELECT count(*) FROM litter", |left| left == 0).await;
    assert!(serving.stop().success());
    check::all_delivered(gateway, server).await;
}

#[tokio::test]
async fn told_to_stop_it_hands_back_what_is_under_way_and_counts_nothing() {
    for kind in [ServerKind::Embedded, ServerKind::Vsftpd, ServerKind::ProFtpd] {
        for (keys, is_resumed) in [("", false), (", resume: true", kind != ServerKind::Embedded)] {
            let Some(server) = kind.start(ServerOptions::default()) else { continue };
            let (gateway, serving) = amid_a_large_file(&server, keys).await;
            let asked = Instant::now();
            assert!(serving.stop().success());
            assert!(asked.elapsed() < Duration::from_secs(10), "{kind:?}: it took {:?}", asked.elapsed());
            assert!(!server.root.join("film.bin").exists(), "{kind:?}{keys}");
            let mut ledger = Ledger::open(&gateway).await;
            assert_eq!(ledger.lines("SELECT state || ' ' || counted_tries FROM jobs").await, ["queued 0"]);
            assert_eq!(ledger.lines("SELECT outcome || ' ' || counted FROM attempts").await, ["returned 0"]);
            goes_on(&gateway, &server).await;
            let sent = ledger.count("SELECT bytes FROM attempts WHERE outcome = 'delivered'").await;
            if is_resumed {
                assert!(sent < LARGE as i64, "{kind:?} did not resume");
            }
        }
    }
}

#[tokio::test]
async fn killed_in_mid_upload_it_leaves_nothing_half() {
    for kind in [ServerKind::Embedded, ServerKind::Vsftpd] {
        for keys in ["", ", resume: true"] {
            let Some(server) = kind.start(ServerOptions::default()) else { continue };
            let (gateway, serving) = amid_a_large_file(&server, keys).await;
            drop(serving); // killed
            assert!(!server.root.join("film.bin").exists());
            goes_on(&gateway, &server).await;
        }
    }
}
