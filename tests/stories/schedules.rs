//! A rule of moments, with the real program: each comes once, whatever is killed, and what was missed comes as the rule says.

use crate::support::{
    endpoint::Endpoint,
    gateway::Gateway,
    ledger::{EIGHT_DAYS, Ledger, change},
    scripted_smtp::{Script, ScriptedSmtp},
    servers::{ServerKind, ServerOptions},
    wait,
    walk::walk,
};
use mail_parser::MessageParser;
use std::{
    collections::BTreeSet,
    fs,
    os::unix::process::ExitStatusExt,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

const PATIENCE: Duration = Duration::from_secs(60);

const STEPS: &str = "then:
  - mail: { to: ops@there.example, subject: \"tick {{ arrived.unix }}\", text: \"alive\\n\" }
  - upload: { to: offsite, path: \"beats/{{ arrived.unix }}\", text: \"alive {{ arrived.unix }}\" }
retry: { first_wait: 1s, longest_wait: 1s }
";

const ARRIVALS: &str = "SELECT count(*) FROM arrivals WHERE source = 'schedule'";

fn now_ms() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// Every second, served, killed amid its work, left alone for three seconds, and served again.
#[tokio::test]
async fn each_second_arrives_at_most_once_and_those_it_was_dead_for_are_one() {
    let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    let relay = ScriptedSmtp::start(Script::with([]));
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server)), ("main", &Endpoint::from(&relay))]);
    gateway.configuration("mail: { from: gate@here.example }");
    gateway.rule_file("beat", &format!("when: {{ schedule: {{ every: 1s }} }}\n{STEPS}"));
    let there = || walk(&server.root).len();
    let serving = gateway.serve();
    wait::until("two have come", PATIENCE, || relay.messages().len() >= 2 && there() >= 2);
    drop(serving); // killed
    let dead_since = now_ms();
    let begun = Instant::now();
    wait::until("it is dead for a while", PATIENCE, || begun.elapsed() > Duration::from_secs(3));
    let before = Ledger::open(&gateway).await.count(ARRIVALS).await;
    let back_at = now_ms();
    let serving = gateway.serve();
    let mut ledger = Ledger::open(&gateway).await;
    ledger.until("two more have come", ARRIVALS, |arrivals| arrivals >= before + 2).await;
    assert!(serving.stop().success());
    assert_eq!(gateway.code("retry --state queued"), 0);
    wait::until("all is delivered", PATIENCE, || gateway.code("once") == 0);
    let moments: Vec<i64> = ledger
        .lines("SELECT CAST(arrived_at AS TEXT) FROM arrivals WHERE source = 'schedule' ORDER BY id")
        .await
        .iter()
        .map(|moment| moment.parse().unwrap())
        .collect();
    assert!(moments.windows(2).all(|pair| pair[0] < pair[1] && pair[1] % 1000 == 0), "{moments:?}");
    // what arrived before the kill is before it; of what passed while it was dead one tick arrived, the last or a later one
    let missed: Vec<_> = moments.iter().filter(|at| (dead_since..back_at).contains(at)).collect();
    assert!(missed.len() <= 1, "{missed:?} of {moments:?}");
    let beats: BTreeSet<String> = moments.iter().map(|at| format!("beats/{}", at / 1000)).collect();
    let stored = walk(&server.root).into_keys().map(|path| String::from_utf8(path).unwrap()).collect::<BTreeSet<_>>();
    assert_eq!(stored, beats);
    // a mail that was sent and not on record is sent again, under its Message-ID
    let messages = relay.messages();
    let read = |bytes: &[u8]| {
        let message = MessageParser::default().parse(bytes).unwrap();
        (message.subject().unwrap().to_owned(), message.message_id().unwrap().to_owned())
    };
    let mails: BTreeSet<_> = messages.iter().map(|message| read(&message.bytes)).collect();
    let subjects: BTreeSet<_> = moments.iter().map(|at| format!("tick {}", at / 1000)).collect();
    assert_eq!(mails.iter().map(|(subject, _)| subject.clone()).collect::<BTreeSet<_>>(), subjects);
    assert_eq!(mails.len(), moments.len(), "{mails:?}");
}

fn weekly(missed: &str) -> (ScriptedSmtp, crate::support::servers::TestServer, Gateway) {
    let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    let relay = ScriptedSmtp::start(Script::with([]));
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server)), ("main", &Endpoint::from(&relay))]);
    gateway.configuration("mail: { from: gate@here.example }");
    gateway.rule_file("beat", &format!("when: {{ schedule: {{ every: 7d, missed: {missed} }} }}\n{STEPS}"));
    (relay, server, gateway)
}

fn says(gateway: &Gateway, line: &str) -> String {
    let output = gateway.run(&line.split(' ').collect::<Vec<_>>());
    String::from_utf8(output.stdout).unwrap()
}

/// By `once`, as somebody's crontab runs it.
#[tokio::test]
async fn what_passed_while_nobody_ran_is_one_or_none() {
    for (missed, delivered) in [("once", 2), ("skip", 0)] {
        let (relay, server, gateway) = weekly(missed);
        assert!(says(&gateway, "once").starts_with("0 delivered, 0 waiting, 0 failed\n"), "it begins");
        change(&gateway, EIGHT_DAYS).await;
        let planned = says(&gateway, "plan");
        assert!(planned.starts_with("beat  every 7 d\n") && planned.contains("when its moment has come"), "{planned}");
        assert_eq!(planned.lines().filter(|line| line.contains("ops@there.example")).count(), 1 + delivered / 2);
        assert!(says(&gateway, "status").contains("  at "), "{}", says(&gateway, "status"));
        let said = says(&gateway, "once");
        assert!(said.starts_with(&format!("{delivered} delivered, 0 waiting, 0 failed\n")), "{missed}: {said}");
        assert_eq!((relay.messages().len(), walk(&server.root).len()), (delivered / 2, delivered / 2), "{missed}");
        assert!(says(&gateway, "once").starts_with("0 delivered, 0 waiting, 0 failed\n"), "{missed}: once");
    }
}

/// A second passes more than once while a file settles.
#[tokio::test]
async fn once_takes_what_has_passed_and_waits_for_no_more() {
    let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server))]);
    let upload = "upload: { to: offsite, path: \"{{ arrived.unix }}\", text: alive }";
    gateway.rule_file("beat", &format!("when: {{ schedule: {{ every: 1s }} }}\nthen: [{{ {upload} }}]\n"));
    gateway.rule("files", "", "settled_for: 3s", "then: [{ upload: { to: offsite } }]");
    assert_eq!(gateway.code("once"), 0, "it begins");
    change(&gateway, EIGHT_DAYS).await;
    let before = Ledger::open(&gateway).await.count(ARRIVALS).await;
    gateway.file("a.txt", "settling");
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(Ledger::open(&gateway).await.count(ARRIVALS).await, before + 1);
    assert!(server.root.join("a.txt").exists());
}

/// It has no file, and what is sent and saved of it is its own.
#[tokio::test]
async fn a_tick_saves_a_text_and_a_file_beside_what_it_sends() {
    let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server))]);
    let storage = gateway.config.parent().unwrap();
    let rule = "when: { schedule: { every: 7d } }
then:
  - upload: { to: offsite, path: beat, text: sent }
  - save: { to: STORAGE/beats, path: \"{{ rule.name }}.txt\", text: \"alive {{ arrived.unix }}\" }
  - save: { to: STORAGE/beats, path: conf, file: STORAGE/packetboat.conf }
after: [save: { to: STORAGE/beats, path: done, text: \"{{ receipt.path }}\", on_exists: skip_same }]
";
    gateway.rule_file("beat", &rule.replace("STORAGE", storage.to_str().unwrap()));
    assert_eq!(gateway.code("once"), 0, "it begins");
    change(&gateway, EIGHT_DAYS).await;
    let planned = says(&gateway, "plan");
    assert!(planned.contains("beats/beat.txt"), "{planned}");
    assert_eq!(gateway.code("once"), 1, "there is no such file yet");
    let beats = storage.join("beats");
    assert_eq!(walk(&beats).into_keys().collect::<Vec<_>>(), [b"beat.txt"]);
    assert!(says(&gateway, "jobs --state failed").contains("packetboat.conf"), "{}", says(&gateway, "jobs"));
    fs::write(storage.join("packetboat.conf"), "its lines").unwrap();
    change(&gateway, EIGHT_DAYS).await;
    assert_eq!(gateway.code("once"), 0);
    let read = |name: &str| fs::read_to_string(beats.join(name)).unwrap();
    assert_eq!((read("conf").as_str(), read("done").as_str()), ("its lines", "beat"));
    let moment = "SELECT CAST(max(arrived_at) / 1000 AS TEXT) FROM arrivals WHERE source = 'schedule'";
    let moment = Ledger::open(&gateway).await.lines(moment).await.remove(0);
    assert_eq!(read("beat.txt"), format!("alive {moment}"));
}

#[tokio::test]
async fn a_kill_before_or_after_the_commit_of_a_tick_neither_loses_nor_doubles_it() {
    for point in ["intake.before_commit", "intake.after_commit"] {
        let (relay, server, gateway) = weekly("once");
        // at its first start: it begins anew with the next
        let status = gateway.command(&["once"]).env("PACKETBOAT_KILL_AT", format!("{point}:1")).status().unwrap();
        assert_eq!(status.signal(), Some(9), "{point} was never reached");
        assert_eq!(gateway.code("once"), 0);
        assert_eq!(Ledger::open(&gateway).await.count(ARRIVALS).await, 0);
        change(&gateway, EIGHT_DAYS).await;
        let status = gateway.command(&["once"]).env("PACKETBOAT_KILL_AT", format!("{point}:1")).status().unwrap();
        assert_eq!(status.signal(), Some(9), "{point} was never reached");
        let arrived = Ledger::open(&gateway).await.count(ARRIVALS).await;
        assert_eq!(arrived, i64::from(point == "intake.after_commit"), "{point}");
        assert_eq!(gateway.code("once"), 0);
        assert_eq!(Ledger::open(&gateway).await.count(ARRIVALS).await, 1, "{point}");
        assert_eq!((relay.messages().len(), walk(&server.root).len()), (1, 1), "{point}");
    }
}
