//! What a rule may wish of an upload, on every real server, plain and with TLS.

use crate::support::{
    ftp_client::{delivered, upload_of, wishes, with},
    servers::{ServerKind, ServerOptions, TestServer, Tls},
    walk::walk,
};
use packetboat::{
    config::FtpServer,
    delivery::ftp::{Earlier, connect, probe, recover, upload},
    domain::{ByteRate, OnExists, Outcome, Proof, ProofWish, RemotePath, Resume, Trouble, TroubleKind},
    ftp::client::Session,
    streams::Throttle,
};
use std::{
    fs,
    os::unix::fs::{FileExt, MetadataExt},
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

/// Runs `story` over a fresh session with each server this machine has; afterwards no temporary name is left.
async fn on_every_server(story: impl AsyncFn(&mut Session, &TestServer)) {
    for kind in ServerKind::ALL {
        for tls in [Tls::None, Tls::Explicit] {
            let options = ServerOptions { tls, ..ServerOptions::default() };
            let Some(server) = kind.offers(&options).then(|| kind.start(options)).flatten() else { continue };
            let mut session = connect(&Arc::new(settings(&server)), &Arc::default()).await.unwrap();
            story(&mut session, &server).await;
            assert!(session.is_usable(), "{kind:?} {tls:?}");
            session.quit().await;
            let left: Vec<_> = walk(&server.root).into_keys().filter(|name| is_temporary(name)).collect();
            assert!(left.is_empty(), "{kind:?} {tls:?} left {left:?}");
        }
    }
}

fn settings(server: &TestServer) -> FtpServer {
    let made =
        with((server.host, server.port), (server.user, server.password), server.tls, server.certificate.as_ref());
    FtpServer { folder: server.folder.clone(), timeouts: packetboat::config::FtpTimeouts::default(), ..made }
}

fn is_temporary(name: &[u8]) -> bool {
    name.windows(4).any(|part| part == b".pb-")
}

fn stored(server: &TestServer, path: &str) -> Vec<u8> {
    fs::read(server.root.join(path)).unwrap()
}

#[track_caller]
fn failed(outcome: Outcome) -> Trouble {
    match outcome {
        Outcome::Failed(trouble) => trouble,
        other => panic!("{other:?}"),
    }
}

fn bytes(size: usize, seed: usize) -> Vec<u8> {
    (0..size).map(|place| (place ^ (place >> 8) ^ seed) as u8).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn twelve_files_of_every_size_over_one_connection() {
    on_every_server(async |session, server| {
        for number in 0..12 {
            let sent = bytes(number * number * 5_000, number);
            let path = format!("a/b {}/Grüße {number}.bin", number % 2);
            let request = upload_of(&sent, &path);
            let receipt = delivered(upload(session, &request).await);
            assert_eq!(stored(server, &path), sent);
            assert_eq!(receipt.sha256.0, crate::support::walk::sha256(&sent));
            assert_eq!(request.sent.load(Relaxed), sent.len() as u64);
            if server.kind != ServerKind::Embedded {
                let mtime = fs::metadata(server.root.join(&path)).unwrap().mtime();
                assert_eq!(mtime, request.expected.mtime_ns / 1_000_000_000, "{:?}", server.kind);
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_arrive_byte_for_byte() {
    on_every_server(async |session, server| {
        let mut names = vec![&b"-rf"[..], b"~", b"~root", b"[a]*?", b"$(x)", "\u{202e}gpj.exe".as_bytes()];
        if server.kind != ServerKind::PureFtpd {
            // It makes an underscore of a blank at the beginning.
            names.push(b" first");
        }
        if server.kind != ServerKind::Embedded {
            // The embedded server's library knows only UTF-8.
            names.push(b"caf\xe9");
        }
        for name in names {
            let mut request = upload_of(b"x", "x");
            request.target = RemotePath::new(name).unwrap();
            delivered(upload(session, &request).await);
            assert!(
                walk(&server.root).contains_key(name),
                "{:?} {} {:?}",
                server.kind,
                name.escape_ascii(),
                walk(&server.root).keys().map(|k| String::from_utf8_lossy(k).into_owned()).collect::<Vec<_>>()
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keep_both_finds_the_next_name_and_knows_its_own() {
    on_every_server(async |session, server| {
        for (number, expected) in ["in/plan.dwg", "in/plan-2.dwg", "in/plan-3.dwg"].into_iter().enumerate() {
            let mut request = upload_of(format!("plan {number}").as_bytes(), "in/plan.dwg");
            request.wishes.on_exists = OnExists::KeepBoth;
            assert_eq!(delivered(upload(session, &request).await).remote_path.unwrap().as_bytes(), expected.as_bytes());
        }
        let mut again = upload_of(b"plan 1", "in/plan.dwg");
        again.wishes.on_exists = OnExists::KeepBoth;
        again.earlier = Earlier::Tried;
        let receipt = delivered(upload(session, &again).await);
        assert_eq!((receipt.remote_path.unwrap().as_bytes(), receipt.sent_bytes), (&b"in/plan-2.dwg"[..], 0));
        assert_eq!(walk(&server.root).len(), 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fail_touches_nothing_that_is_not_its_own() {
    on_every_server(async |session, server| {
        delivered(upload(session, &upload_of(b"theirs", "x")).await);
        for (sent, earlier) in [(b"theirs", Earlier::None), (b"ours!!", Earlier::None), (b"ours!!", Earlier::Tried)] {
            let mut request = upload_of(sent, "x");
            request.wishes.on_exists = OnExists::Fail;
            request.earlier = earlier;
            assert_eq!(failed(upload(session, &request).await).kind, TroubleKind::Exists);
        }
        let mut lost = upload_of(b"theirs", "x");
        lost.wishes.on_exists = OnExists::Fail;
        lost.earlier = Earlier::Tried;
        assert_eq!(delivered(upload(session, &lost).await).sent_bytes, 0);
        assert_eq!(stored(server, "x"), b"theirs");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn skip_same_sends_what_differs_and_nothing_else() {
    on_every_server(async |session, server| {
        for (sent, is_sent) in [(&b"one"[..], true), (b"one", false), (b"three", true)] {
            let mut request = upload_of(sent, "x");
            request.wishes.on_exists = OnExists::SkipSame;
            let receipt = delivered(upload(session, &request).await);
            assert_eq!(receipt.sent_bytes, if is_sent { sent.len() as u64 } else { 0 });
            assert_eq!(stored(server, "x"), sent);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_vanishes_is_made_again() {
    on_every_server(async |session, server| {
        delivered(upload(session, &upload_of(b"x", "deep/er/x")).await);
        fs::remove_dir_all(server.root.join("deep")).unwrap();
        delivered(upload(session, &upload_of(b"y", "deep/er/y")).await);
        assert_eq!(stored(server, "deep/er/y"), b"y");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_upload_goes_on_where_it_was_cut_if_the_part_is_right() {
    on_every_server(async |session, server| {
        let sent = bytes(3_000_000, 7);
        for (part, expected) in [
            (sent[..1_234_567].to_vec(), 3_000_000 - 1_234_567),
            // A part that is not of this file is found out, and the whole is sent.
            (bytes(1_234_567, 8), 3_000_000 - 1_234_567 + 3_000_000),
            (vec![0; 3_000_000], 3_000_000),
            (sent.clone(), 0),
            (bytes(3_000_001, 9), 3_000_000),
        ] {
            let mut request = upload_of(&sent, "big");
            let mut earlier = upload_of(&part, "other");
            earlier.target = request.temporary.clone();
            delivered(upload(session, &earlier).await);
            request.wishes = packetboat::domain::Wishes { resume: Resume::Always, ..wishes() };
            request.earlier = Earlier::Tried;
            let receipt = delivered(upload(session, &request).await);
            let may_resume = session.features().rest_stream;
            assert_eq!(receipt.sent_bytes, if may_resume { expected } else { 3_000_000 }, "{:?}", server.kind);
            assert!(stored(server, "big") == sent, "{:?}", server.kind);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn handed_back_it_stops_at_once_and_leaves_nothing() {
    on_every_server(async |session, server| {
        let mut request = upload_of(&bytes(9_000_000, 1), "slow");
        request.throttles.job = Some(Arc::new(Throttle::new(Some(ByteRate(1_000_000)))));
        let (stop, sent) = (request.stop.clone(), request.sent.clone());
        let cancel = async {
            crate::support::wait::until_async("some bytes are sent", Duration::from_secs(20), async || {
                sent.load(Relaxed) > 0
            })
            .await;
            stop.cancel();
        };
        let (outcome, ()) = tokio::join!(upload(session, &request), cancel);
        assert_eq!(outcome, Outcome::Returned);
        assert!(walk(&server.root).is_empty(), "{:?}", server.kind);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changes_is_not_delivered() {
    on_every_server(async |session, server| {
        let before = upload_of(b"abc", "x");
        let writing = fs::OpenOptions::new().write(true).open(format!("/proc/self/fd/{}", fd(&before.source))).unwrap();
        writing.write_all_at(b"abcd", 0).unwrap();
        assert!(matches!(upload(session, &before).await, Outcome::SourceChanged(_)));

        let mut while_sent = upload_of(&bytes(2_000_000, 1), "x");
        while_sent.throttles.job = Some(Arc::new(Throttle::new(Some(ByteRate(4_000_000)))));
        let writing =
            fs::OpenOptions::new().write(true).open(format!("/proc/self/fd/{}", fd(&while_sent.source))).unwrap();
        let sent = while_sent.sent.clone();
        let change = async {
            crate::support::wait::until_async("some bytes are sent", Duration::from_secs(20), async || {
                sent.load(Relaxed) > 0
            })
            .await;
            writing.write_all_at(b"!", 0).unwrap();
        };
        let (outcome, ()) = tokio::join!(upload(session, &while_sent), change);
        assert!(matches!(outcome, Outcome::SourceChanged(_)), "{outcome:?}");
        assert!(walk(&server.root).is_empty(), "{:?}", server.kind);
    })
    .await;
}

fn fd(file: &fs::File) -> i32 {
    use std::os::fd::AsRawFd;
    file.as_raw_fd()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_proof_that_is_asked_for_is_reached() {
    on_every_server(async |session, _| {
        for (wish, least) in
            [(ProofWish::Size, Proof::Size), (ProofWish::Hash, Proof::Xmd5), (ProofWish::ReadBack, Proof::ReadBack)]
        {
            let mut request = upload_of(&bytes(700_000, 3), "x");
            request.wishes.proof = wish;
            assert!(delivered(upload(session, &request).await).proof >= least);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_the_way_is_said() {
    on_every_server(async |session, server| {
        delivered(upload(session, &upload_of(b"x", "folder/x")).await);
        // A folder where the file shall be, and a file where the folder shall be.
        let over_folder = upload(session, &upload_of(b"y", "folder")).await;
        let under_file = upload(session, &upload_of(b"y", "folder/x/y")).await;
        for outcome in [over_folder, under_file] {
            assert!(!matches!(outcome, Outcome::Delivered(_)), "{:?} {outcome:?}", server.kind);
        }
        assert_eq!(walk(&server.root).len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_between_two_renames_is_undone() {
    on_every_server(async |session, server| {
        let request = upload_of(b"newer", "x");
        let aside =
            upload_of(b"older", &String::from_utf8_lossy(request.temporary.as_bytes()).replace(".part", ".old"));
        let mut part = upload_of(b"newer", "y");
        part.target = request.temporary.clone();
        for _ in 0..2 {
            delivered(upload(session, &aside).await);
            delivered(upload(session, &part).await);
            recover(session, &request.target, &request.temporary).await.unwrap();
            assert_eq!(stored(server, "x"), b"older");
            assert_eq!(walk(&server.root).len(), 1);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_tells_what_it_found_and_leaves_nothing() {
    on_every_server(async |_, server| {
        let report = probe(&Arc::new(settings(server)), &Arc::default()).await.unwrap();
        assert!(report.tells_size && report.renames_over && report.left.is_empty(), "{:?}: {report:?}", server.kind);
        assert_eq!(report.facts.tls.is_some(), server.tls != Tls::None);
        assert_eq!(
            report.facts.certificate.map(|seen| seen.sha256.0),
            server.certificate.as_ref().map(|files| files.sha256)
        );
        assert!(walk(&server.root).is_empty());
    })
    .await;
}
