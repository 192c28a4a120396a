//! What is there already, what proves a copy, whose time it has, and how a cut upload goes on.

use crate::support::{
    check,
    endpoint::Endpoint,
    gateway::{AT_ONCE, Gateway},
    ledger::Ledger,
    scripted_ftp::{Action, Script, ScriptedFtp, once},
    servers::{ServerKind, ServerOptions, SetTime, TestServer},
};
use std::{
    fs,
    time::{Duration, SystemTime},
};

const PROOF: &str = "SELECT proof FROM receipts ORDER BY id DESC LIMIT 1";

/// A gateway whose one step has these keys.
fn uploading(endpoint: &Endpoint, keys: &str) -> Gateway {
    let gateway = Gateway::with(&[("offsite", endpoint)]);
    let rule = format!("then: [{{ upload: {{ to: offsite, {keys} }} }}]\nretry: {{ first_wait: 1s }}");
    gateway.rule("files", "", AT_ONCE, &rule);
    gateway
}

/// Started one after the other.
fn real_servers(options: &ServerOptions) -> impl Iterator<Item = TestServer> {
    let kinds = [ServerKind::Vsftpd, ServerKind::ProFtpd, ServerKind::PureFtpd];
    kinds.into_iter().filter(|kind| kind.offers(options)).filter_map(|kind| kind.start(options.clone()))
}

#[tokio::test]
async fn what_is_there_already_is_treated_as_the_rule_says() {
    // on_exists, what the gateway has, its exit code, and what is there in the end
    type Row = (&'static str, &'static str, i32, &'static [(&'static str, &'static str)]);
    let rows: [Row; 5] = [
        ("replace", "new", 0, &[("plan.txt", "new")]),
        ("keep_both", "new", 0, &[("plan-2.txt", "new"), ("plan.txt", "old")]),
        ("fail", "new", 1, &[("plan.txt", "old")]),
        ("skip_same", "old", 0, &[("plan.txt", "old")]),
        ("skip_same", "newer", 0, &[("plan.txt", "newer")]),
    ];
    for server in real_servers(&ServerOptions::default()) {
        for (on_exists, ours, code, expected) in rows {
            let path = server.root.join("plan.txt");
            // what a program that keeps watch of it would see of a file that is written again
            fs::write(&path, "old").unwrap();
            let before = fs::metadata(&path).unwrap().modified().unwrap();
            let gateway = uploading(&Endpoint::from(&server), &format!("on_exists: {on_exists}"));
            gateway.file("plan.txt", ours);
            assert_eq!(gateway.code("once"), code, "{:?} {on_exists}", server.kind);
            let names = fs::read_dir(&server.root).unwrap().map(|entry| entry.unwrap().file_name());
            let mut there: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
            there.sort();
            let there: Vec<_> =
                there.iter().map(|name| (name.clone(), fs::read_to_string(server.root.join(name)).unwrap())).collect();
            let expected: Vec<_> = expected.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect();
            assert_eq!(there, expected, "{:?} {on_exists}", server.kind);
            if (on_exists, ours) == ("skip_same", "old") {
                assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before, "it was not sent");
                let sent = "SELECT sum(bytes) FROM attempts";
                assert_eq!(Ledger::open(&gateway).await.count(sent).await, 0);
            }
            for (name, _) in there {
                let _ = fs::remove_file(server.root.join(name));
            }
        }
    }
}

/// Some servers list the whole folder whatever they are asked for.
#[tokio::test]
async fn a_file_is_not_taken_for_another_whose_name_ends_alike() {
    let listing = b"-rw-r--r-- 1 u g 3 Jan 01 2026 x-plan.txt\r\n-rw-r--r-- 1 u g 3 Jan 01 2026 plan.txt.old\r\n";
    for (on_exists, expected) in [("skip_same", "3"), ("fail", "3")] {
        let faults = [1, 2].map(|n| once("LIST", n, Action::Serve(listing.to_vec()))).to_vec();
        let mut script = Script { faults, ..Script::default() };
        script.features.retain(|feature| !["SIZE", "MLST"].contains(feature));
        let server = ScriptedFtp::start(script);
        let keys = format!("on_exists: {on_exists}, proof: read_back");
        let gateway = uploading(&Endpoint::from(&server), &keys);
        gateway.file("plan.txt", "new");
        assert_eq!(gateway.code("once"), 0, "{on_exists}");
        let sent = Ledger::open(&gateway).await.lines("SELECT CAST(sum(bytes) AS TEXT) FROM attempts").await;
        assert_eq!(sent, [expected], "{on_exists}: it was not sent");
    }
}

#[tokio::test]
async fn a_real_server_proves_by_size_or_is_read_back() {
    for server in real_servers(&ServerOptions::default()) {
        for (wish, reached) in [("size", "size"), ("hash", "read_back"), ("read_back", "read_back")] {
            let gateway = uploading(&Endpoint::from(&server), &format!("proof: {wish}"));
            gateway.file("a.bin", vec![7; 300_000]);
            assert_eq!(gateway.code("once"), 0);
            check::all_delivered(&gateway, &server).await;
            assert_eq!(Ledger::open(&gateway).await.lines(PROOF).await, [reached], "{:?} {wish}", server.kind);
        }
    }
}

#[tokio::test]
async fn a_server_that_computes_is_believed_as_far_as_its_checksum_goes() {
    for (feature, wish, reached) in [
        ("HASH", "size", "hash"),
        ("HASH", "hash", "hash"),
        ("HASH", "read_back", "read_back"),
        ("XSHA256", "hash", "xsha256"),
        ("XCRC", "size", "xcrc"),
        ("XCRC", "read_back", "read_back"),
    ] {
        let server = ScriptedFtp::start(Script::default().and(&[feature]));
        let gateway = uploading(&Endpoint::from(&server), &format!("proof: {wish}"));
        gateway.file("a.bin", vec![7; 300_000]);
        assert_eq!(gateway.code("once"), 0);
        assert_eq!(server.files()[&b"a.bin"[..]], vec![7; 300_000]);
        assert_eq!(Ledger::open(&gateway).await.lines(PROOF).await, [reached], "{feature} {wish}");
    }
}

#[tokio::test]
async fn a_damaged_copy_never_gets_its_name() {
    for feature in ["HASH", "XCRC"] {
        let server = ScriptedFtp::start(Script::with([once("STOR", 1, Action::KeepAsText)]).and(&[feature]));
        let gateway = uploading(&Endpoint::from(&server), "proof: size");
        gateway.file("a.txt", "one\ntwo\n");
        assert_eq!(gateway.code("once"), 4);
        assert_eq!(server.files().len(), 0, "nothing of it stays");
        let serving = gateway.serve();
        Ledger::open(&gateway).await.until_states(&["delivered 1"]).await;
        assert!(serving.stop().success());
        assert_eq!(server.files()[&b"a.txt"[..]], b"one\ntwo\n");
    }
}

#[tokio::test]
async fn a_copy_has_the_time_of_its_source_where_the_server_lets_us() {
    let allowed = ServerOptions::default();
    let refused = ServerOptions { set_time: SetTime::Refused, ..ServerOptions::default() };
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for (options, times, is_kept) in [(&allowed, "keep", true), (&allowed, "none", false), (&refused, "keep", false)] {
        for server in real_servers(options) {
            let gateway = uploading(&Endpoint::from(&server), &format!("times: {times}"));
            gateway.file("a.txt", "a");
            fs::File::options().write(true).open(gateway.source.join("a.txt")).unwrap().set_modified(then).unwrap();
            assert_eq!(gateway.code("once"), 0);
            check::all_delivered(&gateway, &server).await;
            let there = fs::metadata(server.root.join("a.txt")).unwrap().modified().unwrap();
            assert_eq!(there == then, is_kept, "{:?} {times}: {there:?}", server.kind);
        }
    }
}

#[tokio::test]
async fn a_cut_upload_goes_on_where_it_was_cut() {
    const SIZE: i64 = 3_000_000;
    const CUT: usize = 2_000_000;
    for fault in [Action::CutAfter(CUT), Action::CloseDataAfter(CUT)] {
        let server = ScriptedFtp::start(Script::with([once("STOR", 1, fault)]));
        let gateway = uploading(&Endpoint::from(&server), "resume: true");
        let bytes: Vec<u8> = (0..SIZE).map(|at| (at * 31 % 251) as u8).collect();
        gateway.file("film.bin", &bytes);
        let serving = gateway.serve();
        let mut ledger = Ledger::open(&gateway).await;
        ledger.until_states(&["delivered 1"]).await;
        assert!(serving.stop().success());
        assert!(server.files()[&b"film.bin"[..]] == bytes);
        assert_eq!(server.files().len(), 1);
        let last = ledger.count("SELECT bytes FROM attempts WHERE outcome = 'delivered'").await;
        assert!(last <= SIZE - CUT as i64, "{last} bytes were sent the second time: {:?}", server.dialogue());
    }
}

#[tokio::test]
async fn a_part_that_nobody_goes_on_from_does_not_stay() {
    let server = ScriptedFtp::start(Script::with([once("STOR", 1, Action::CutAfter(2_000_000))]));
    let gateway = uploading(&Endpoint::from(&server), "resume: true");
    gateway.file("film.bin", vec![7; 3_000_000]);
    assert_eq!(gateway.code("once"), 4);
    assert_eq!(server.files().len(), 1, "the part is kept");
    assert_eq!(gateway.code("cancel --state queued"), 0);
    gateway.file("next.txt", "next");
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(server.files().into_keys().collect::<Vec<_>>(), [b"next.txt"]);
}
