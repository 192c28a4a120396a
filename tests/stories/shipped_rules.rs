//! The rules that are shipped do what they say, on a real server; changed are their folder and, as each story says, the
//! hours they wait for.

use crate::support::{
    check,
    endpoint::Endpoint,
    gateway::Gateway,
    ledger::Ledger,
    scripted_smtp::{Script, ScriptedSmtp},
    servers::{ServerKind, ServerOptions, TestServer, Tls},
    walk::walk,
};
use mail_parser::MessageParser;
use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A gateway with this rule as it is shipped but for its folder, which is the source, and these replacements.
fn shipping(rule: &str, server: &TestServer, replaced: &[(&str, &str)]) -> Gateway {
    let endpoint = Endpoint::from(server);
    let gateway = Gateway::with(&[
        ("offsite", &endpoint),
        ("webhost", &endpoint),
        ("broadcaster", &endpoint),
        ("south", &endpoint),
    ]);
    gateway.configuration("mail: { from: gate@here.example }");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules").join(rule).with_extension("yaml");
    let mut text = fs::read_to_string(path).unwrap();
    let source = format!("folder: {}", gateway.source.display());
    let folder = text.split("folder: ").nth(1).unwrap().split([',', '\n']).next().unwrap().to_owned();
    for (was, is) in [(format!("folder: {folder}").as_str(), source.as_str())].iter().chain(replaced) {
        assert!(text.contains(was), "{rule} does not say `{was}`");
        text = text.replace(was, is);
    }
    gateway.rule_file(rule, &text);
    gateway
}

fn start(kind: ServerKind) -> Option<TestServer> {
    kind.start(ServerOptions { tls: Tls::Explicit, ..ServerOptions::default() })
}

fn there(server: &TestServer) -> Vec<String> {
    walk(&server.root).into_keys().map(|path| String::from_utf8(path).unwrap()).collect()
}

/// The year and the month of a moment, as the rules write them.
fn month(moment: SystemTime, between: &str) -> String {
    chrono::DateTime::<chrono::Utc>::from(moment).format(&format!("%Y{between}%m")).to_string()
}

#[tokio::test]
async fn nightly_dumps() {
    let Some(server) = start(ServerKind::Vsftpd) else { return };
    let gateway = shipping("nightly-dumps", &server, &[]);
    gateway.file("orders.dump.zst", [1; 100_000]);
    gateway.file("orders.dump.zst.tmp", "half");
    gateway.file("notes.txt", "no dump");
    let now = SystemTime::now();
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(there(&server), [format!("db/{}/orders.dump.zst", month(now, "/"))]);
}

/// With a relay, and the folder of what was sent beside the source.
#[tokio::test]
async fn swap_north_to_south() {
    let Some(server) = start(ServerKind::ProFtpd) else { return };
    let relay = ScriptedSmtp::start(Script::with([]));
    let sent = tempfile::tempdir().unwrap();
    let replaced = [("/srv/swap/sent", sent.path().to_str().unwrap())];
    let gateway = shipping("swap-north-to-south", &server, &replaced);
    let (endpoint, relay_endpoint) = (Endpoint::from(&server), Endpoint::from(&relay));
    gateway.servers(&[("south", &endpoint), ("main", &relay_endpoint)]);
    gateway.configuration("mail: { from: gate@here.example }");
    gateway.file("plans/a.dwg", "first");
    assert_eq!(gateway.code("once"), 0);
    gateway.file("plans/a.dwg", "second");
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(there(&server), ["inbox/north/plans/a-2.dwg", "inbox/north/plans/a.dwg"]);
    assert!(walk(&gateway.source).is_empty());
    let sent: Vec<_> = walk(sent.path()).into_keys().map(|path| String::from_utf8(path).unwrap()).collect();
    assert!(sent[0].ends_with("/plans/a-2.dwg") && sent[1].ends_with("/plans/a.dwg"), "{sent:?}");
    assert!(relay.messages().is_empty());

    fs::write(server.root.join("inbox/north/blocked"), "a file where a folder should be").unwrap();
    gateway.file("blocked/b.dwg", "third");
    assert_eq!(gateway.code("once"), 1);
    assert_eq!(walk(&gateway.source).len(), 1, "it stays");
    let messages = relay.messages();
    let [message] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!(MessageParser::default().parse(&message.bytes).unwrap().subject(), Some("Not swapped: b.dwg"));
}

#[tokio::test]
async fn website() {
    let Some(server) = start(ServerKind::ProFtpd) else { return };
    let gateway = shipping("website", &server, &[]);
    for path in ["index.html", "zebra.html", "a/page.html", "assets/site.css", "assets/deep/logo.svg", "robots.txt"] {
        gateway.file(path, path);
    }
    gateway.file("empty.html", "");
    gateway.file("assets/site.map", "not this");
    gateway.file("drafts/new.html", "nor this");
    assert_eq!(gateway.code("once"), 0);
    let published = there(&server);
    assert_eq!(
        published,
        [
            "htdocs/a/page.html",
            "htdocs/assets/deep/logo.svg",
            "htdocs/assets/site.css",
            "htdocs/empty.html",
            "htdocs/index.html",
            "htdocs/robots.txt",
            "htdocs/zebra.html"
        ]
    );
    // begun in this order; two conversations may end in another
    let begun = "SELECT CAST(name AS TEXT) FROM jobs JOIN arrivals ON arrivals.id = arrival_id ORDER BY rank, jobs.id";
    let begun = Ledger::open(&gateway).await.lines(begun).await;
    let place = |name: &str| begun.iter().position(|other| other == name).unwrap();
    for page in ["a/page.html", "zebra.html", "empty.html"] {
        assert!(place("assets/site.css") < place(page) && place(page) < place("index.html"), "{begun:?}");
    }

    gateway.file("zebra.html", "another");
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(fs::read(server.root.join("htdocs/zebra.html")).unwrap(), b"another");
}

/// With the whole day for its window of the small hours.
#[tokio::test]
async fn old_logs() {
    let Some(server) = start(ServerKind::Vsftpd) else { return };
    let gateway = shipping("old-logs", &server, &[("windows: \"01:00-05:00\"", "windows: \"00:00-24:00\"")]);
    let old = SystemTime::now() - 2 * DAY;
    for path in ["syslog.log.1", "app/web.log-20261101", "journal/system.log.1", "app/web.log"] {
        gateway.file(path, path);
        fs::File::options().write(true).open(gateway.source.join(path)).unwrap().set_modified(old).unwrap();
    }
    gateway.file("young.log.1", "rotated just now");
    assert_eq!(gateway.code("once"), 0);
    let host = rustix::system::uname().nodename().to_str().unwrap().to_owned();
    let folder = format!("logs/{host}/{}", month(old, "-"));
    assert_eq!(there(&server), [format!("{folder}/app/web.log-20261101"), format!("{folder}/syslog.log.1")]);

    // the next rotation has the same name, and both are kept
    let path = gateway.source.join("syslog.log.1");
    fs::write(&path, "the next").unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(old + Duration::from_secs(60)).unwrap();
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(fs::read(server.root.join(&folder).join("syslog.log-2.1")).unwrap(), b"the next");
}

/// With the whole week for its windows, and a second for the two minutes in which a film must not change.
#[tokio::test]
async fn media() {
    let Some(server) = start(ServerKind::Vsftpd) else { return };
    let windows = "windows: [\"Mon-Fri 22:00-06:00\", \"Sat-Sun 00:00-24:00\"]";
    let gateway = shipping(
        "media",
        &server,
        &[(windows, "windows: \"Mon-Sun 00:00-24:00\""), ("settled_for: 2m", "settled_for: 1s")],
    );
    for (name, bytes) in [("film.mxf", 100_000_000), ("trailer.mov", 99_999_999), ("film.txt", 100_000_001)] {
        gateway.file(name, "a film begins");
        fs::File::options().write(true).open(gateway.source.join(name)).unwrap().set_len(bytes).unwrap();
    }
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(there(&server), ["delivery/film.mxf"]);
    check::nothing_half_below(&gateway.source, &server.root.join("delivery"));
    let proofs = Ledger::open(&gateway).await.lines("SELECT proof FROM receipts").await;
    assert_eq!(proofs, ["read_back"], "a server without checksums is read");
}
