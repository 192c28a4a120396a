//! The rules that are shipped do what they say, on a real server; changed are their folder and, as each story says, the
//! hours they wait for.

use crate::support::{
    check,
    endpoint::Endpoint,
    gateway::{AT_ONCE, Gateway},
    ledger::{EIGHT_DAYS, Ledger, change},
    scripted_smtp::{Script, ScriptedSmtp},
    servers::{ServerKind, ServerOptions, TestServer, Tls},
    walk::walk,
};
use mail_parser::{MessageParser, MimeHeaders};
use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A gateway with this rule as it is shipped, its folder and these replacements apart, the templates, and `main` for its mail.
fn mailing(rule: &str, relay: &ScriptedSmtp, replaced: &[(&str, &str)]) -> Gateway {
    let gateway = Gateway::with(&[("main", &Endpoint::from(relay))]);
    gateway.configuration("mail: { from: \"Acme <noreply@example.com>\" }");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR"));
    let templates = gateway.config.with_file_name("templates").join("invoice");
    fs::create_dir_all(&templates).unwrap();
    for part in fs::read_dir(shipped.join("templates/invoice")).unwrap().map(|entry| entry.unwrap().path()) {
        fs::copy(&part, templates.join(part.file_name().unwrap())).unwrap();
    }
    put(rule, &gateway, replaced);
    gateway
}

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
    put(rule, &gateway, replaced);
    gateway
}

fn put(rule: &str, gateway: &Gateway, replaced: &[(&str, &str)]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules").join(rule).with_extension("yaml");
    let mut text = fs::read_to_string(path).unwrap();
    let source = format!("folder: {}", gateway.source.display());
    let folder = text.split("folder: ").nth(1).unwrap().split([',', '\n']).next().unwrap().to_owned();
    for (was, is) in [(format!("folder: {folder}").as_str(), source.as_str())].iter().chain(replaced) {
        assert!(text.contains(was), "{rule} does not say `{was}`");
        text = text.replace(was, is);
    }
    gateway.rule_file(rule, &text);
}

fn start(kind: ServerKind) -> Option<TestServer> {
    kind.start(ServerOptions { tls: Tls::Explicit, ..ServerOptions::default() })
}

fn there(server: &TestServer) -> Vec<String> {
    walk(&server.root).into_keys().map(|path| String::from_utf8(path).unwrap()).collect()
}

/// With a span in place of Monday mornings, and a week that passes in the ledger alone.
#[tokio::test]
async fn weekly_report() {
    let Some(server) = start(ServerKind::ProFtpd) else { return };
    let relay = ScriptedSmtp::start(Script::with([]));
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server)), ("main", &Endpoint::from(&relay))]);
    gateway.configuration("mail: { from: gate@here.example }");
    gateway.rule("dumps", "", AT_ONCE, "then: [{ upload: { to: offsite, path: db/ } }]");
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/weekly-report.yaml")).unwrap();
    assert!(text.contains("at: \"0 7 * * 1\""));
    gateway.rule_file("weekly-report", &text.replace("at: \"0 7 * * 1\"", "every: 7d"));
    gateway.file("orders.dump", [1; 12_300]);
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(relay.messages().len(), 0, "its first week begins");
    change(&gateway, "UPDATE receipts SET delivered_at = delivered_at - 8 * 86400000").await;
    change(&gateway, "UPDATE jobs SET ended_at = ended_at - 8 * 86400000").await;
    change(&gateway, EIGHT_DAYS).await;
    assert_eq!(gateway.code("once"), 0);
    let messages = relay.messages();
    let [message] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!(message.recipients, ["<boss@example.com>", "<it@example.com>"]);
    let read = MessageParser::default().parse(&message.bytes).unwrap();
    let (subject, body) = (read.subject().unwrap().to_owned(), read.body_text(0).unwrap().into_owned());
    assert!(subject.contains(": all is well, 20"), "{subject}");
    assert!(
        body.lines().any(|line| line.starts_with("dumps: 1 delivered (12.3 KB), 0 failed, 0 waiting; last 20")),
        "{body}"
    );
    assert!(
        body.lines().any(|line| line.starts_with("weekly-report: 0 delivered (0 B), 0 failed, 0 waiting; next by 20")),
        "{body}"
    );
    assert!(fs::read_to_string(server.root.join("heartbeat.txt")).unwrap().starts_with("alive 20"));
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(relay.messages().len(), 1, "once a week");
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
    let left: Vec<_> = walk(&gateway.source).into_keys().map(|path| String::from_utf8(path).unwrap()).collect();
    assert_eq!(left, ["notes.txt", "orders.dump.zst.tmp", "sent/orders.dump.zst"]);
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

#[tokio::test]
async fn invoices_per_row() {
    let relay = ScriptedSmtp::start(Script::with([]));
    let pdf = tempfile::tempdir().unwrap();
    let folder = format!("{}/", pdf.path().display());
    let gateway = mailing("invoices-per-row", &relay, &[("/srv/erp/pdf/", &folder)]);
    fs::write(pdf.path().join("R-1001.pdf"), b"%PDF of Ann\r\n\0").unwrap();
    fs::write(pdf.path().join("R-1003.pdf"), b"%PDF of Cyd").unwrap();
    let csv = "number;name;email;total;send\r\n\
               R-1001;\"M\u{fc}ller, Ann\";ann@example.org;1.204,90 \u{20ac};yes\r\n\
               R-1002;Bob;bob@example.org;7,00 \u{20ac};no\r\n\
               R-1003;Cyd;cyd@example.org;8,00 \u{20ac};yes\r\n\
               R-1001;\"M\u{fc}ller, Ann\";ann@example.org;1.204,90 \u{20ac};yes\r\n\
               R-1004;Dan;dan@example.org;9,00 \u{20ac};yes\r\n";
    let bytes: Vec<u8> = csv.chars().map(|letter| if letter == '\u{20ac}' { 0x80 } else { letter as u8 }).collect();
    gateway.file("invoices-2026-11-26.csv", &bytes);
    gateway.file("customers.csv", "no invoices");
    assert_eq!(gateway.code("once"), 1);
    let mut mails: Vec<_> = relay.messages().into_iter().map(|message| (message.recipients, message.bytes)).collect();
    mails.sort();
    let to: Vec<_> = mails.iter().map(|(to, _)| to.join(" ")).collect();
    assert_eq!(to, ["<ann@example.org>", "<cyd@example.org>"]);
    let message = MessageParser::default().parse(&mails[0].1).unwrap();
    assert_eq!(message.subject(), Some("Invoice R-1001"));
    assert_eq!(message.to().unwrap().first().unwrap().name(), Some("Müller, Ann"));
    assert!(
        message.body_text(0).unwrap().contains("Dear Müller, Ann,")
            && message.body_text(0).unwrap().contains("1.204,90 €.")
    );
    assert!(message.body_html(0).unwrap().contains("<b>1.204,90 €</b>"));
    let attached = message.attachments().next().unwrap();
    assert_eq!((attached.attachment_name(), attached.contents()), (Some("R-1001.pdf"), &b"%PDF of Ann\r\n\0"[..]));
    let mut ledger = Ledger::open(&gateway).await;
    assert_eq!(ledger.states().await, ["delivered 3", "failed 1"], "two mails, and the file moved");
    assert!(gateway.source.join("failed/invoices-2026-11-26.csv").exists());
    let said = ledger.lines("SELECT said FROM jobs WHERE state = 'failed'").await;
    assert!(
        said[0].starts_with("row 5 (line 6): ")
            && said[0].ends_with("R-1004.pdf cannot be attached: there is no such file"),
        "{said:?}"
    );

    // the next morning's export has all of them again, and the missing file is there
    fs::write(pdf.path().join("R-1004.pdf"), b"%PDF of Dan").unwrap();
    gateway.file("invoices-2026-11-27.csv", &bytes);
    assert_eq!(gateway.code("once"), 0);
    let to: Vec<_> = relay.messages().iter().skip(2).map(|message| message.recipients.join(" ")).collect();
    assert_eq!(to, ["<dan@example.org>"]);
    let done = format!("done/{}/invoices-2026-11-27.csv", month(SystemTime::now(), "-"));
    assert!(gateway.source.join(done).exists());
}

/// With a second in place of half a minute of waiting.
#[tokio::test]
async fn printer_spool() {
    let relay = ScriptedSmtp::start(Script::with([]));
    let gateway = mailing("printer-spool", &relay, &[("settled_for: 30s", "settled_for: 1s")]);
    gateway.file("LS4711.prn", b"\xc9\xcd\xbb\r\nLieferschein f\x81r M\x81ller\r\n\x0c");
    gateway.file("TEST1.prn", "a test page");
    gateway.file("LS4711.log", "no note");
    assert_eq!(gateway.code("once"), 0);
    assert!(gateway.source.join(format!("printed/{}/LS4711.prn", month(SystemTime::now(), ""))).exists());
    let messages = relay.messages();
    let [message] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!(message.recipients, ["<dispatch@example.com>"]);
    let read = MessageParser::default().parse(&message.bytes).unwrap();
    assert_eq!(read.subject(), Some("Delivery note LS4711"));
    assert_eq!(read.body_text(0).unwrap().trim_end(), "╔═╗\r\nLieferschein für Müller");
}
