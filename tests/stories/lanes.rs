//! A server in trouble costs nobody else anything, and its own jobs no try.

use crate::support::{
    check,
    endpoint::Endpoint,
    gateway::{AT_ONCE, Gateway, Wishes},
    ledger::{Ledger, change},
    scripted_ftp::{Action, Script, ScriptedFtp, always, once},
    servers::{Limits, ServerKind, ServerOptions, TestServer, Tls},
    walk::walk,
};

const COUNTED: &str = "SELECT count(*) FROM attempts WHERE counted = 1 AND outcome <> 'delivered'";
const LANES: &str = "SELECT server || ' ' || state || ' ' || coalesce(kind, '-') FROM lanes ORDER BY server";

#[tokio::test]
async fn a_server_that_is_down_slows_no_other() {
    let Some(mut north) = ServerKind::Vsftpd.start(ServerOptions::default()) else { return };
    let south = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    north.unplug().await;
    let gateway = Gateway::with(&[("north", &Endpoint::from(&north)), ("south", &Endpoint::from(&south))]);
    gateway.rule("files", "", AT_ONCE, "then: [{ upload: { to: [north, south] } }]");
    gateway.fill(50, |number| number * 700);
    assert_eq!(gateway.code("once"), 4);
    assert!(walk(&south.root) == walk(&gateway.source));
    let mut ledger = Ledger::open(&gateway).await;
    assert_eq!(ledger.states().await, ["delivered 50", "queued 50"]);
    assert_eq!(ledger.count("SELECT sum(counted_tries) FROM jobs WHERE server = 'north'").await, 0);
    assert_eq!(ledger.lines(LANES).await[0], "north closed connect");

    north.plug_in();
    assert_eq!(gateway.code("once"), 0);
    assert!(walk(&north.root) == walk(&gateway.source));
    assert_eq!(ledger.lines(LANES).await[0], "north open -");
}

/// Two hundred files wait for a server that does not let us in; `mended`, they go.
async fn two_hundred_wait(server: &TestServer, broken: &Endpoint, kind: &str) {
    let gateway = Gateway::with(&[("offsite", broken)]);
    gateway.rule("files", "", AT_ONCE, "then: [{ upload: { to: offsite } }]");
    gateway.fill(200, |number| number);
    assert_eq!(gateway.code("once"), 4);
    assert_eq!(gateway.code("once"), 4);
    assert_eq!(gateway.code("status"), 1, "a lane in trouble needs somebody");
    let mut ledger = Ledger::open(&gateway).await;
    assert_eq!(ledger.states().await, ["queued 200"]);
    assert_eq!(ledger.count("SELECT sum(tries) + sum(counted_tries) FROM jobs").await, 0);
    assert_eq!(ledger.lines(LANES).await, [format!("offsite closed {kind}")]);

    gateway.servers(&[("offsite", &Endpoint::from(server))]);
    assert_eq!(gateway.code("once"), 0);
    check::all_delivered(&gateway, server).await;
    assert_eq!(gateway.code("status"), 0);
}

#[tokio::test]
async fn a_wrong_password_costs_no_job_a_try() {
    let Some(server) = ServerKind::Vsftpd.start(ServerOptions::default()) else { return };
    two_hundred_wait(&server, &Endpoint::from(&server).password("wrong"), "login").await;
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_costs_no_job_a_try() {
    let options = ServerOptions { tls: Tls::Explicit, ..ServerOptions::default() };
    let Some(server) = ServerKind::ProFtpd.start(options) else { return };
    let broken = Endpoint::from(&server).trusting(None);
    two_hundred_wait(&server, &broken, "tls").await;
}

#[tokio::test]
async fn a_server_that_lets_us_in_and_serves_nothing_is_not_back() {
    let deaf = ["EPSV", "PASV"].map(|verb| always(verb, Action::Instead("425 no data connection")));
    let (deaf, well) = (ScriptedFtp::start(Script::with(deaf)), ScriptedFtp::start(Script::default()));
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&deaf))]);
    gateway.rule("files", "", AT_ONCE, "then: [{ upload: { to: offsite } }]");
    gateway.fill(20, |number| number);
    assert_eq!(gateway.code("once"), 4);
    let again = || gateway.command(&["once"]).env("RUST_LOG", "info").output().unwrap();
    let is_back = |log: &[u8]| String::from_utf8_lossy(log).contains("the server is back");
    let refused = again();
    assert_eq!(refused.status.code(), Some(4));
    assert!(!is_back(&refused.stderr), "{}", String::from_utf8_lossy(&refused.stderr));
    let mut ledger = Ledger::open(&gateway).await;
    assert_eq!(ledger.lines(LANES).await, ["offsite closed data"]);
    assert_eq!(ledger.count("SELECT sum(counted_tries) FROM jobs").await, 0);
    gateway.servers(&[("offsite", &Endpoint::from(&well))]);
    let mended = again();
    assert_eq!(mended.status.code(), Some(0));
    assert!(is_back(&mended.stderr));
    assert_eq!(ledger.lines(LANES).await, ["offsite open -"]);
}

#[tokio::test]
async fn a_server_that_takes_long_over_the_first_file_is_back_all_the_same() {
    let server = ScriptedFtp::start(Script::with([once("STOR", 1, Action::StallAfter(10))]));
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server).password("wrong"))]);
    gateway.rule("files", "", AT_ONCE, "then: [{ upload: { to: offsite } }]");
    gateway.fill(20, |_| 1000);
    assert_eq!(gateway.code("once"), 4);
    gateway.servers(&[("offsite", &Endpoint::from(&server))]);
    let _serving = gateway.serve();
    let mut ledger = Ledger::open(&gateway).await;
    ledger.until_states(&["delivered 19", "running 1"]).await;
    assert_eq!(ledger.lines(LANES).await, ["offsite open -"]);
}

#[tokio::test]
async fn a_server_that_bears_two_connections_gets_no_more() {
    for kind in [ServerKind::Vsftpd, ServerKind::ProFtpd] {
        let options = ServerOptions { limits: Limits::Clients(2), ..ServerOptions::default() };
        let Some(server) = kind.start(options) else { continue };
        let gateway = Gateway::new(&server, &Wishes { connections: 8, ..Wishes::default() });
        gateway.fill(150, |number| 100_000 + number);
        assert_eq!(gateway.code("once"), 0);
        check::all_delivered(&gateway, &server).await;
        let mut ledger = Ledger::open(&gateway).await;
        assert_eq!(ledger.count(COUNTED).await, 0);
        let learned = ledger.count("SELECT coalesce(learned_limit, 8) FROM lanes").await;
        assert!((1..=2).contains(&learned), "{kind:?} bears 2, and {learned} was learned");
    }
}

#[tokio::test]
async fn a_pulled_plug_costs_a_try_only_what_was_under_way() {
    const CONNECTIONS: u32 = 3;
    for kind in [ServerKind::Vsftpd, ServerKind::ProFtpd] {
        let Some(mut server) = kind.start(ServerOptions::default()) else { continue };
        let rule = "then: [{ upload: { to: offsite } }]\nretry: { first_wait: 1s }".to_owned();
        let gateway = Gateway::new(&server, &Wishes { connections: CONNECTIONS, rule, ..Wishes::default() });
        gateway.fill(300, |number| 20_000 + number * 100);
        let serving = gateway.serve();
        let mut ledger = Ledger::open(&gateway).await;
        const DELIVERED: &str = "SELECT count(*) FROM jobs WHERE state = 'delivered'";
        ledger.until("some are delivered", DELIVERED, |delivered| delivered > 10).await;
        server.unplug().await;
        ledger
            .until("the lane closes", "SELECT count(*) FROM lanes WHERE state = 'closed'", |closed| closed == 1)
            .await;
        assert!(ledger.count(DELIVERED).await < 300, "{kind:?} was unplugged after all was over");
        check::nothing_half(&gateway, &server);
        server.plug_in();
        ledger.until_states(&["delivered 300"]).await;
        ledger.until("the litter is gone", "SELECT count(*) FROM litter", |left| left == 0).await;
        assert!(serving.stop().success());
        check::all_delivered(&gateway, &server).await;
        let counted = ledger.count(COUNTED).await;
        assert!(counted <= CONNECTIONS.into(), "{kind:?}: {counted} tries were counted");
    }
}

#[tokio::test]
async fn the_trouble_of_a_server_ends_with_its_place_in_the_configuration() {
    let server = ScriptedFtp::start(Script::default());
    let gateway = Gateway::with(&[("old", &Endpoint::from(&server).password("wrong"))]);
    gateway.rule("files", "", AT_ONCE, "then: [{ upload: { to: old } }]");
    gateway.fill(3, |_| 100);
    assert_eq!(gateway.code("once"), 4);
    gateway.servers(&[("new", &Endpoint::from(&server))]);
    gateway.rule("files", "", AT_ONCE, "then: [{ upload: { to: new } }]");
    let status = gateway.run(&["status"]);
    let told = String::from_utf8_lossy(&status.stdout);
    assert_eq!(status.status.code(), Some(1));
    assert!(told.contains("is not configured any more") && !told.contains("trouble since"), "{told}");
    assert_eq!(gateway.code("move-jobs --from old --to new"), 0);
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(gateway.code("status"), 0);
    assert_eq!(server.files().len(), 3);
}

#[tokio::test]
async fn what_is_tried_in_vain_again_and_again_needs_somebody() {
    let server = ScriptedFtp::start(Script::with([always("STOR", Action::Instead("552 quota exceeded"))]));
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server))]);
    let rule = "then: [{ upload: { to: offsite } }]\nretry: { first_wait: 1s, longest_wait: 1s }";
    gateway.rule("files", "", AT_ONCE, rule);
    gateway.fill(5, |_| 100);
    let _serving = gateway.serve();
    let mut ledger = Ledger::open(&gateway).await;
    let tried = "SELECT count(*) FROM jobs WHERE counted_tries >= 3";
    ledger.until("all were tried three times", tried, |jobs| jobs == 5).await;
    let status = gateway.run(&["status"]);
    let told = String::from_utf8_lossy(&status.stdout);
    assert_eq!(status.status.code(), Some(1), "{told}");
    assert!(told.contains("for offsite tried three times and more: 552 quota exceeded"), "{told}");
}

/// What an earlier death left may break the connection: no job is claimed for a dead one.
#[tokio::test]
async fn a_connection_that_breaks_over_old_litter_costs_no_job_a_try() {
    let down = (2..20).map(|n| once("CONNECT", n, Action::Instead("421 going down")));
    let breaks = ["SIZE", "MLST", "DELE"].map(|verb| always(verb, Action::Close));
    let server = ScriptedFtp::start(Script::with(breaks.into_iter().chain(down).collect::<Vec<_>>()));
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server))]);
    gateway.rule("files", "", AT_ONCE, "then: [{ upload: { to: offsite } }]");
    assert_eq!(gateway.code("once"), 0, "nothing is there yet");
    const LITTER: &str = "INSERT INTO litter (server, path, target, since)
        VALUES ('offsite', CAST('.pb-0123456789abcdef.part' AS BLOB), CAST('a' AS BLOB), 0)";
    change(&gateway, LITTER).await;
    gateway.file("a", "bytes");
    assert_eq!(gateway.code("once"), 4);
    let mut ledger = Ledger::open(&gateway).await;
    assert_eq!(ledger.states().await, ["queued 1"]);
    assert_eq!(ledger.count("SELECT sum(tries) FROM jobs").await, 0);
    assert_eq!(ledger.lines(LANES).await, ["offsite closed busy"]);
    assert!(server.connections() > 1, "it was looked whether the server is there");
}
