//! What goes first, what goes alone, what must wait and what is refused.

use crate::support::{
    endpoint::Endpoint,
    gateway::{AT_ONCE, Gateway},
    ledger::Ledger,
    scripted_ftp::{Action, Script, ScriptedFtp, once},
    wait,
};
use chrono::{Datelike, Utc};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const UPLOAD: &str = "then: [{ upload: { to: offsite } }]";
const RECEIPTS: &str = "SELECT CAST(remote_path AS TEXT) FROM receipts ORDER BY id";

/// A correct server, and a gateway that holds so many conversations with it.
fn gateway(connections: u32) -> (ScriptedFtp, Gateway) {
    with_faults(connections, Script::default())
}

fn with_faults(connections: u32, script: Script) -> (ScriptedFtp, Gateway) {
    let server = ScriptedFtp::start(script);
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server).connections(connections))]);
    (server, gateway)
}

/// A rule for all of the source.
fn files(gateway: &Gateway, more: &str) {
    gateway.rule("files", "", AT_ONCE, &format!("{UPLOAD}\n{more}"));
}

#[tokio::test]
async fn the_globs_of_order_say_what_goes_first() {
    let (_server, gateway) = gateway(1);
    files(&gateway, "order: [\"assets/**\", \"pages/*.html\", index.html]");
    for path in ["index.html", "pages/b.html", "assets/logo.svg", "pages/a.html", "assets/site.css", "else.txt"] {
        gateway.file(path, path);
    }
    assert_eq!(gateway.code("once"), 0);
    let order = Ledger::open(&gateway).await.lines(RECEIPTS).await;
    let place = |path: &str| order.iter().position(|other| other == path).unwrap();
    for (first, second) in [
        ("assets/logo.svg", "pages/a.html"),
        ("assets/site.css", "pages/a.html"),
        ("assets/logo.svg", "pages/b.html"),
        ("pages/a.html", "index.html"),
        ("pages/b.html", "index.html"),
        ("index.html", "else.txt"),
    ] {
        assert!(place(first) < place(second), "{first} before {second}: {order:?}");
    }
}

/// What the server saw began only when what came before had its name, or its refusal: `refused` names that STOR.
fn one_at_a_time(server: &ScriptedFtp, refused: Option<usize>) {
    let (mut stored, mut is_open) = (0, false);
    for command in server.commands() {
        match command.verb.as_str() {
            "STOR" => {
                assert!(!is_open, "two at once: {:?}", server.dialogue());
                stored += 1;
                is_open = Some(stored) != refused;
            }
            "RNTO" => is_open = false,
            _ => {}
        }
    }
}

#[tokio::test]
async fn in_order_each_waits_for_the_end_of_the_one_before() {
    let refusal = once("STOR", 3, Action::Instead("504 not this one"));
    let (server, gateway) = with_faults(4, Script::with([refusal]));
    files(&gateway, "in_order: true");
    gateway.fill(12, |number| number * 5_000);
    assert_eq!(gateway.code("once"), 1);
    let mut ledger = Ledger::open(&gateway).await;
    assert_eq!(ledger.states().await, ["delivered 11", "failed 1"]);
    one_at_a_time(&server, Some(3));
    let by_end = "SELECT CAST(target AS TEXT) FROM jobs JOIN attempts ON job_id = jobs.id ORDER BY attempts.id";
    let by_arrival = ledger.lines("SELECT CAST(target AS TEXT) FROM jobs ORDER BY id").await;
    assert_eq!(ledger.lines(by_end).await, by_arrival);
}

#[tokio::test]
async fn of_a_rule_limited_to_one_running_job_there_is_never_a_second() {
    let (server, gateway) = gateway(4);
    files(&gateway, "limits: { running: 1 }");
    gateway.fill(30, |number| number * 2_000);
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(server.files().len(), 30);
    one_at_a_time(&server, None);
}

#[tokio::test]
async fn two_servers_share_the_limit_of_a_rule_and_take_turns() {
    let (near, there) = (ScriptedFtp::start(Script::default()), ScriptedFtp::start(Script::default()));
    let gateway = Gateway::with(&[("near", &Endpoint::from(&near)), ("there", &Endpoint::from(&there))]);
    gateway.rule("files", "", AT_ONCE, "then: [{ upload: { to: [near, there] } }]\nlimits: { running: 1 }");
    gateway.fill(20, |number| number * 2_000);
    assert_eq!(gateway.code("once"), 0);
    assert_eq!((near.files().len(), there.files().len()), (20, 20));
    let mut ledger = Ledger::open(&gateway).await;
    let at_once = "SELECT count(*) FROM attempts a JOIN attempts b
                    ON a.id < b.id AND a.started_at < b.ended_at AND b.started_at < a.ended_at";
    assert_eq!(ledger.count(at_once).await, 0);
    let order = "SELECT server FROM attempts JOIN jobs ON jobs.id = job_id ORDER BY attempts.started_at, attempts.id";
    let order = ledger.lines(order).await;
    let turns = order.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!(turns >= 20, "of 39 {turns} went to the other server: {order:?}");
}

#[tokio::test]
async fn jobs_of_two_priorities_share_the_limit_of_their_rule() {
    let (server, gateway) = gateway(4);
    files(&gateway, "limits: { running: 1 }");
    gateway.file("warm", "up");
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(gateway.code("pause offsite"), 0);
    gateway.fill(30, |number| number * 100);
    assert_eq!(gateway.code("once"), 4);
    files(&gateway, "limits: { running: 1 }\npriority: high");
    (30..60).for_each(|number| gateway.file(&format!("more/{number}"), [1; 500]));
    assert_eq!(gateway.code("once"), 4);
    assert_eq!(gateway.code("resume offsite"), 0);
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(server.files().len(), 61);
    one_at_a_time(&server, None);
}

#[tokio::test]
async fn what_arrives_while_its_rule_is_paused_keeps_its_order() {
    let (server, gateway) = gateway(4);
    files(&gateway, "in_order: true");
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(gateway.code("pause files"), 0);
    gateway.fill(12, |number| number * 5_000);
    assert_eq!(gateway.code("once"), 0, "held on purpose is not waiting");
    assert_eq!(gateway.code("resume files"), 0);
    gateway.file("late", [1; 100]);
    assert_eq!(gateway.code("once"), 0);
    one_at_a_time(&server, None);
    let mut ledger = Ledger::open(&gateway).await;
    let by_arrival = ledger.lines("SELECT CAST(target AS TEXT) FROM jobs ORDER BY id").await;
    assert_eq!(ledger.lines(RECEIPTS).await, by_arrival);
}

#[tokio::test]
async fn a_file_beyond_the_limit_of_size_is_refused_and_on_record() {
    let (server, gateway) = gateway(2);
    files(&gateway, "limits: { size: 1KB }");
    gateway.file("small", [1; 1000]);
    gateway.file("large", [1; 1001]);
    assert_eq!(gateway.code("once"), 1);
    assert_eq!(server.files().into_keys().collect::<Vec<_>>(), [b"small"]);
    let mut ledger = Ledger::open(&gateway).await;
    let failed = "SELECT CAST(name AS TEXT) || ' ' || reason FROM jobs JOIN arrivals ON arrivals.id = arrival_id
                   WHERE state = 'failed' AND said <> ''";
    assert_eq!(ledger.lines(failed).await, ["large unplannable"]);
    assert_eq!(gateway.code("once"), 0, "it failed before this run");
}

/// Two rules that wait for one server, side by side; then it is resumed. Their names in the order of delivery.
async fn delivered_by(rules: [(&str, &str, usize); 2]) -> Vec<String> {
    let (_server, gateway) = gateway(1);
    for (name, more, _) in rules {
        gateway.rule(
            name,
            name,
            AT_ONCE,
            &format!("then: [{{ upload: {{ to: offsite, path: \"{name}/\" }} }}]\n{more}"),
        );
    }
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(gateway.code("pause offsite"), 0);
    for (name, _, count) in rules {
        (0..count).for_each(|number| gateway.file(&format!("{name}/{number}"), [1; 500]));
    }
    assert_eq!(gateway.code("once"), 4);
    assert_eq!(gateway.code("resume offsite"), 0);
    assert_eq!(gateway.code("once"), 0);
    Ledger::open(&gateway).await.lines("SELECT rule FROM receipts ORDER BY id").await
}

#[tokio::test]
async fn a_high_priority_goes_before_a_low_one_and_does_not_starve_it() {
    let order = delivered_by([("bulk", "priority: low", 40), ("urgent", "priority: high", 40)]).await;
    let urgent = order[..36].iter().filter(|rule| *rule == "urgent").count();
    assert!((28..36).contains(&urgent), "{urgent} of the first 36, of 32 by weight: {order:?}");
}

#[tokio::test]
async fn a_rule_with_little_does_not_wait_behind_one_with_much() {
    let order = delivered_by([("much", "", 200), ("little", "", 10)]).await;
    let last = order.iter().rposition(|rule| rule == "little").unwrap();
    assert!(last < 40, "the last of 10 was {last}. of {}", order.len());
}

#[tokio::test]
async fn outside_its_windows_a_job_stays_queued() {
    let (server, gateway) = gateway(2);
    let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let far = names[(Utc::now().weekday().num_days_from_monday() as usize + 3) % 7];
    files(&gateway, &format!("windows: \"{far} 10:00-11:00\"\ndeadline: 9d"));
    gateway.file("a", "a");
    assert_eq!(gateway.code("once"), 4);
    let mut ledger = Ledger::open(&gateway).await;
    assert_eq!(ledger.states().await, ["queued 1"]);
    assert_eq!(server.connections(), 0);
    files(&gateway, "windows: \"Mon-Sun 00:00-24:00\"");
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(ledger.states().await, ["delivered 1"]);
}

#[tokio::test]
async fn a_rule_paused_by_its_file_holds_until_the_word_goes() {
    let (_server, gateway) = gateway(2);
    files(&gateway, "paused: true");
    gateway.file("a", "a");
    assert_eq!(gateway.code("once"), 0, "held on purpose is not waiting");
    let mut ledger = Ledger::open(&gateway).await;
    assert_eq!(ledger.lines("SELECT state || ' ' || reason FROM jobs").await, ["held rule_paused"]);
    gateway.run(&["release", "--rule", "files"]);
    assert_eq!(ledger.states().await, ["held 1"]);
    files(&gateway, "");
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(ledger.states().await, ["delivered 1"]);
}

#[tokio::test]
async fn a_file_replaced_while_it_waits_is_superseded() {
    let (server, gateway) = gateway(2);
    files(&gateway, "");
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(gateway.code("pause offsite"), 0);
    for version in ["first", "the second"] {
        gateway.file("a", version);
        assert_eq!(gateway.code("once"), 4);
    }
    assert_eq!(gateway.code("resume offsite"), 0);
    assert_eq!(gateway.code("once"), 0);
    let told = "SELECT state || ' ' || coalesce(reason, '-') FROM jobs ORDER BY id";
    assert_eq!(Ledger::open(&gateway).await.lines(told).await, ["cancelled superseded", "delivered -"]);
    assert_eq!(server.files().into_values().collect::<Vec<_>>(), [b"the second"]);
}

#[tokio::test]
async fn past_its_deadline_a_job_is_failed_and_once_says_so() {
    let (server, gateway) = gateway(2);
    files(&gateway, "deadline: 1s");
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(gateway.code("pause offsite"), 0);
    gateway.file("a", "a");
    assert_eq!(gateway.code("once"), 4);
    let mut ledger = Ledger::open(&gateway).await;
    let expires_at = ledger.count("SELECT expires_at FROM jobs").await;
    wait::until("the deadline passes", Duration::from_secs(5), || {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64 > expires_at
    });
    assert_eq!(gateway.code("resume offsite"), 0);
    assert_eq!(gateway.code("once"), 1);
    assert_eq!(ledger.lines("SELECT state || ' ' || reason FROM jobs").await, ["failed deadline"]);
    assert_eq!(server.files().len(), 0);
}

#[tokio::test]
async fn a_rule_that_was_paused_and_then_renamed_can_still_be_resumed() {
    let (server, gateway) = gateway(2);
    files(&gateway, "");
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(gateway.code("pause files"), 0);
    gateway.file("a", "a");
    assert_eq!(gateway.code("once"), 0);
    let rules = gateway.config.with_file_name("rules");
    std::fs::rename(rules.join("files.yaml"), rules.join("renamed.yaml")).unwrap();
    assert_eq!(gateway.code("resume files"), 0);
    assert_eq!(gateway.code("resume files"), 2, "it is paused no more, and there is no such rule");
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(server.files().len(), 1);
    assert_eq!(Ledger::open(&gateway).await.count("SELECT count(*) FROM jobs WHERE state = 'held'").await, 0);
}
