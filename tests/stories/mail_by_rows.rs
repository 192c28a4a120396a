//! A file of rows becomes a mail for each: none is lost and none taken in twice, whoever is killed or comes again.

use crate::support::{
    endpoint::Endpoint,
    gateway::{AT_ONCE, Gateway},
    ledger::Ledger,
    relays::postfix::Postfix,
    scripted_smtp::{Action, Script, ScriptedSmtp, once},
    servers::Tls,
    wait,
};
use mail_parser::{MessageParser, MimeHeaders};
use std::{
    collections::BTreeMap,
    fs,
    net::TcpListener,
    os::unix::{fs::PermissionsExt, process::ExitStatusExt},
    time::Duration,
};

const MAIL: &str = "then:
  - mail:
      rows:
      to: \"{{ row.to }}@there.example\"
      subject: \"{{ row.to }}\"
      text: \"{{ row.text }}\"
retry: { first_wait: 1s, longest_wait: 1s }";

const KEYED: &str = "then:
  - mail: { rows: , to: \"{{ row.to }}@there.example\", subject: s, text: t, idempotency_key: \"{{ row.key }}\" }";

fn gateway(relay: &Endpoint, rule: &str) -> Gateway {
    let gateway = Gateway::with(&[("main", relay)]);
    gateway.configuration("mail: { from: gate@here.example }");
    gateway.rule("rows", "", AT_ONCE, rule);
    gateway
}

/// A port where nobody listens.
fn nobody() -> Endpoint {
    Endpoint::relay(TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port(), Tls::None)
}

/// What the one that was killed had claimed is due in a second.
fn all_sent(gateway: &Gateway) {
    wait::until("nothing waits", Duration::from_secs(20), || gateway.code("once") == 0);
}

fn table(rows: usize) -> String {
    (0..rows).fold("to,text\n".to_owned(), |table, row| format!("{table}a{row},\"row {row}, of many\"\n"))
}

/// How many mails each had.
fn mailed(relay: &ScriptedSmtp) -> BTreeMap<String, usize> {
    let mut mailed = BTreeMap::new();
    for to in relay.messages().into_iter().flat_map(|message| message.recipients) {
        *mailed.entry(to).or_default() += 1;
    }
    mailed
}

#[tokio::test]
async fn ten_thousand_rows_are_ten_thousand_jobs() {
    let gateway = gateway(&nobody(), MAIL);
    gateway.file("rows.csv", table(10_000));
    assert_eq!(gateway.code("once"), 4);
    let mut ledger = Ledger::open(&gateway).await;
    assert_eq!(ledger.states().await, ["queued 10000"]);
    assert_eq!(ledger.count("SELECT count(DISTINCT recipient) FROM jobs").await, 10_000);
    assert_eq!(ledger.count("SELECT count(*) FROM arrivals").await, 1);
    assert_eq!(gateway.code("once"), 4);
    assert_eq!(ledger.count("SELECT count(*) FROM jobs").await, 10_000, "taken in once");
}

#[tokio::test]
async fn killed_between_two_parts_it_goes_on_where_it_was() {
    for point in ["intake.before_part:1", "intake.after_part:1", "intake.before_part:3", "intake.after_part:3"] {
        let relay = ScriptedSmtp::start(Script::with([]));
        let gateway = gateway(&Endpoint::from(&relay), MAIL);
        gateway.file("rows.csv", table(600));
        let killed = gateway.command(&["once"]).env("PACKETBOAT_KILL_AT", point).status().unwrap();
        assert_eq!(killed.signal(), Some(9), "{point} was never reached");
        all_sent(&gateway);
        let mailed = mailed(&relay);
        assert_eq!(mailed.len(), 600, "{point}");
        let mut ledger = Ledger::open(&gateway).await;
        assert_eq!(ledger.states().await, ["delivered 600"], "{point}");
        assert_eq!(ledger.count("SELECT count(DISTINCT recipient) FROM jobs").await, 600);
        assert_eq!(ledger.count("SELECT count(*) FROM expansions").await, 0);
        // a mail that was under way when it was killed may come again under the same Message-ID: those are not counted here
        let ids: std::collections::BTreeSet<_> = relay
            .messages()
            .iter()
            .map(|mail| MessageParser::default().parse(&mail.bytes).unwrap().message_id().unwrap().to_owned())
            .collect();
        assert_eq!(ids.len(), 600, "{point}");
    }
}

/// Nobody else would say that the rest of it was never mailed.
#[tokio::test]
async fn a_file_that_goes_or_changes_between_two_parts_is_told_of() {
    for changed in [None, Some("to,text\nz,another\n")] {
        let relay = ScriptedSmtp::start(Script::with([]));
        let gateway = gateway(&Endpoint::from(&relay), MAIL);
        gateway.file("rows.csv", table(600));
        let killed = gateway.command(&["once"]).env("PACKETBOAT_KILL_AT", "intake.after_part:1").status().unwrap();
        assert_eq!(killed.signal(), Some(9));
        match changed {
            Some(text) => gateway.file("rows.csv", text),
            None => fs::remove_file(gateway.source.join("rows.csv")).unwrap(),
        }
        assert_eq!(gateway.code("once"), 1);
        let mut ledger = Ledger::open(&gateway).await;
        let more = i64::from(changed.is_some());
        assert_eq!(ledger.states().await, [format!("delivered {}", 250 + more), "failed 1".to_owned()]);
        let said = ledger.lines("SELECT reason || ': ' || said FROM jobs WHERE state = 'failed'").await;
        assert_eq!(
            said,
            [
                "source_changed: its rows from 251 on were not mailed: the file changed or went before they were taken in"
            ]
        );
    }
}

/// What was committed stays mailed, and the rest is told of, once its rule cannot read it any more, or takes the file otherwise.
#[tokio::test]
async fn a_rule_that_changes_between_two_parts_loses_no_row_in_silence() {
    let other = MAIL.replace("{{ row.text }}", "{{ row.texts }}");
    let whole = MAIL.replace("      rows:\n", "").replace("{{ row.to }}", "z").replace("{{ row.text }}", "t");
    for (rule, mails, why) in [
        (other, 250, "there is no column `texts`: the columns are to, text"),
        (whole, 251, "its rule has changed and takes the file otherwise"),
    ] {
        let relay = ScriptedSmtp::start(Script::with([]));
        let gateway = gateway(&Endpoint::from(&relay), MAIL);
        gateway.file("rows.csv", table(600));
        let killed = gateway.command(&["once"]).env("PACKETBOAT_KILL_AT", "intake.after_part:1").status().unwrap();
        assert_eq!(killed.signal(), Some(9));
        gateway.rule("rows", "", AT_ONCE, &rule);
        assert_eq!(gateway.code("once"), 1);
        let mut ledger = Ledger::open(&gateway).await;
        assert_eq!(ledger.states().await, [format!("delivered {mails}"), "failed 1".to_owned()]);
        let said = ledger.lines("SELECT said FROM jobs WHERE state = 'failed'").await;
        assert_eq!(said, [format!("its rows from 251 on were not mailed: {why}")]);
        assert_eq!(ledger.count("SELECT count(*) FROM expansions").await, 0);
    }
}

/// Its bytes decide, not its attributes: a copy that was put back, or another owner, mails nothing again.
#[tokio::test]
async fn a_file_whose_attributes_alone_change_is_not_mailed_again() {
    let relay = ScriptedSmtp::start(Script::with([]));
    let gateway = gateway(&Endpoint::from(&relay), MAIL);
    gateway.file("rows.csv", table(300));
    assert_eq!(gateway.code("once"), 0);
    let path = gateway.source.join("rows.csv");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(relay.messages().len(), 300);
}

/// The job that stands for rows to come is nobody's to hold, to let go, to cancel or to send elsewhere.
#[tokio::test]
async fn what_stands_for_rows_to_come_is_left_alone_and_the_file_goes_on() {
    let relay = ScriptedSmtp::start(Script::with([]));
    let gateway = gateway(&Endpoint::from(&relay), MAIL);
    gateway.file("rows.csv", table(600));
    let killed = gateway.command(&["once"]).env("PACKETBOAT_KILL_AT", "intake.after_part:1").status().unwrap();
    assert_eq!(killed.signal(), Some(9));
    for line in ["pause rows", "resume rows", "hold --rule rows", "release --rule rows"] {
        gateway.run(&line.split(' ').collect::<Vec<_>>());
    }
    let cancelled = String::from_utf8(gateway.run(&["cancel", "--rule", "rows", "--state", "waiting"]).stdout).unwrap();
    assert!(cancelled.contains("stands for rows of a file that are still being taken in"), "{cancelled}");
    all_sent(&gateway);
    assert_eq!(mailed(&relay).len(), 600);
}

/// Nobody tries a letter again that another was mailed in place of.
#[tokio::test]
async fn a_failed_mail_whose_key_went_to_another_is_not_sent_by_a_retry() {
    let refuse = once("RCPT", 1, Action::Instead("550 5.1.1 no such user"));
    let relay = ScriptedSmtp::start(Script::with([refuse]));
    let gateway = gateway(&Endpoint::from(&relay), KEYED);
    gateway.file("first.csv", "to,key\nbob,2\n");
    assert_eq!(gateway.code("once"), 1);
    gateway.file("second.csv", "to,key\nbob,2\n");
    assert_eq!(gateway.code("once"), 0);
    let run = |line: &str| {
        let out = gateway.run(&line.split(' ').collect::<Vec<_>>());
        String::from_utf8(out.stdout).unwrap() + &String::from_utf8(out.stderr).unwrap()
    };
    let retried = run("retry --state failed");
    assert!(retried.contains("another mail has its `idempotency_key` by now"), "{retried}");
    let listed = run("jobs --state failed");
    let shown = run(&format!("job {}", listed.lines().nth(1).unwrap().split(' ').next().unwrap()));
    for part in [
        "550 5.1.1 no such user",
        "said        another mail has its idempotency_key by now",
        "next        another mail has",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains("retry"), "{shown}");
    gateway.code("once");
    assert_eq!(mailed(&relay).into_values().collect::<Vec<_>>(), [1]);
    let mut ledger = Ledger::open(&gateway).await;
    let said = ledger.lines("SELECT said FROM jobs WHERE state = 'failed'").await;
    assert!(said[0].starts_with("another mail has its idempotency_key by now"), "{said:?}");
}

/// Nothing follows upon a part.
#[tokio::test]
async fn the_file_is_moved_once_its_last_row_is_in() {
    let relay = ScriptedSmtp::start(Script::with([]));
    let rule = format!("{MAIL}\nafter: [{{ move: \"done/\" }}]\nafter_failure: [{{ move: \"failed/\" }}]");
    let gateway = gateway(&Endpoint::from(&relay), &rule);
    gateway.file("rows.csv", table(600));
    let dying = gateway.command(&["once"]).env("PACKETBOAT_KILL_AT", "intake.before_part:3").status().unwrap();
    assert_eq!(dying.signal(), Some(9));
    assert!(gateway.source.join("rows.csv").exists());
    all_sent(&gateway);
    assert!(gateway.source.join("done/rows.csv").exists());
    assert_eq!(mailed(&relay).len(), 600);
    gateway.file("nothing.csv", "to,text\n");
    assert_eq!(gateway.code("once"), 0);
    assert!(gateway.source.join("done/nothing.csv").exists(), "no row is left to mail");
    gateway.file("bad.csv", "to,text\na\n");
    assert_eq!(gateway.code("once"), 1);
    assert!(gateway.source.join("failed/bad.csv").exists());
}

#[tokio::test]
async fn a_key_is_mailed_once_and_free_again_when_that_failed() {
    let refuse = once("RCPT", 2, Action::Instead("550 5.1.1 no such user"));
    let relay = ScriptedSmtp::start(Script::with([refuse]));
    let gateway = gateway(&Endpoint::from(&relay), KEYED);
    gateway.file("first.csv", "to,key\nann,1\n");
    assert_eq!(gateway.code("once"), 0);
    gateway.file("second.csv", "to,key\nann,1\nbob,2\nbob,2\n");
    assert_eq!(gateway.code("once"), 1, "bob is refused, once");
    gateway.file("third.csv", "to,key\nann,1\nbob,2\ncyd, 3 \ncyd,3\n");
    assert_eq!(gateway.code("once"), 0);
    let mailed = mailed(&relay);
    let mailed: Vec<_> = mailed.iter().map(|(to, times)| (to.as_str(), *times)).collect();
    assert_eq!(mailed, [("<ann@there.example>", 1), ("<bob@there.example>", 1), ("<cyd@there.example>", 1)]);

    gateway.file("fourth.csv", "to,key\nann,1\nbob,2\n");
    assert_eq!(gateway.code("once"), 0);
    let mut ledger = Ledger::open(&gateway).await;
    let nothing = ledger.lines("SELECT CAST(name AS TEXT) || ': ' || jobs.said FROM jobs JOIN arrivals ON arrivals.id = arrival_id WHERE recipient = ''").await;
    assert_eq!(nothing, ["fourth.csv: there was nothing to mail"]);
}

#[tokio::test]
async fn a_file_of_no_rows_is_handled_and_one_that_is_no_table_is_told_of_once() {
    let relay = ScriptedSmtp::start(Script::with([]));
    let gateway = gateway(&Endpoint::from(&relay), MAIL);
    gateway.file("nothing.csv", "to,text\n");
    assert_eq!(gateway.code("once"), 0);
    let mut ledger = Ledger::open(&gateway).await;
    assert_eq!(ledger.states().await, ["delivered 1"]);
    gateway.file("other.csv", "name,email\n1,2\n3,4\n");
    gateway.file("mixed.csv", b"to,text\na,1\nb\nc,\xff\nd,2\n");
    let plan = String::from_utf8(gateway.run(&["plan"]).stdout).unwrap();
    assert!(plan.contains("a@there.example") && plan.contains("row 2 (line 3): 1 fields"), "{plan}");
    assert_eq!(gateway.code("once"), 1);
    let said = ledger.lines("SELECT said FROM jobs WHERE state = 'failed' ORDER BY said").await;
    assert_eq!(
        said,
        [
            "row 2 (line 3): 1 fields, and there are 2 columns",
            "row 3 (line 4): `text`: the byte 0xff at 0 means nothing in utf-8",
            "there is no column `text`: the columns are name, email",
        ]
    );
    assert_eq!(mailed(&relay).into_keys().collect::<Vec<_>>(), ["<a@there.example>", "<d@there.example>"]);
}

/// Through a relay that others wrote, with its own mind about lines, boundaries and sizes.
#[tokio::test]
async fn postfix_hands_on_what_was_attached_byte_for_byte() {
    let onward = ScriptedSmtp::start(Script::with([]));
    let Some(postfix) = Postfix::start(onward.port) else { return };
    let rule = "then: [{ mail: { to: ada@there.example, subject: \"{{ file.name }}\", html: \"<p>{{ file.name }}</p>\", attach: file } }]";
    let gateway = gateway(&Endpoint::relay(postfix.port, Tls::None), rule);
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    gateway.file("Grüße <1>.bin", &bytes);
    assert_eq!(gateway.code("once"), 0);
    wait::until("Postfix has handed it on", Duration::from_secs(20), || onward.messages().len() == 1);
    let message = onward.messages().remove(0).bytes;
    let message = MessageParser::default().parse(&message).unwrap();
    let attached = message.attachments().next().unwrap();
    assert_eq!((attached.attachment_name(), attached.contents()), (Some("Grüße <1>.bin"), &bytes[..]));
    assert_eq!(message.body_html(0).unwrap().trim_end(), "<p>Grüße &lt;1&gt;.bin</p>");
    assert_eq!(message.body_text(0).unwrap().trim_end(), "Grüße <1>.bin");
}
