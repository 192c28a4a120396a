//! What does not come, and what comes too late, as the people see it who get the mail.

use crate::support::{
    endpoint::Endpoint,
    gateway::{AT_ONCE, Gateway},
    ledger::Ledger,
    scripted_ftp::{Action, Script as FtpScript, ScriptedFtp, always},
    scripted_smtp::{Script, ScriptedSmtp},
    wait,
};
use mail_parser::MessageParser;
use std::time::Duration;

/// What is late is looked for once a minute, and a notice is held back for ten seconds.
const PATIENCE: Duration = Duration::from_secs(150);

const NOTICES: &str = "mail: { from: gate@here.example, via: main }\nnotices: [{ to: ops@here.example }]";

/// Subjects and texts, in the order of the subjects.
fn told(relay: &ScriptedSmtp) -> Vec<(String, String)> {
    let read = |bytes: &[u8]| {
        let message = MessageParser::default().parse(bytes).unwrap();
        (message.subject().unwrap().to_owned(), message.body_text(0).unwrap().into_owned())
    };
    let mut told: Vec<_> = relay.messages().iter().map(|message| read(&message.bytes)).collect();
    told.sort();
    told
}

/// By `once`, as a crontab would run it: nothing came, then something came.
#[tokio::test]
async fn what_is_expected_is_missed_once_and_over_when_it_has_come() {
    let relay = ScriptedSmtp::start(Script::with([]));
    let server = ScriptedFtp::start(FtpScript::with([]));
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server)), ("main", &Endpoint::from(&relay))]);
    gateway.configuration(NOTICES);
    let rule =
        |every: &str| format!("then: [{{ upload: {{ to: offsite }} }}]\nexpect: {{ every: {every}, min_size: 2B }}");
    gateway.rule("dumps", "", AT_ONCE, &rule("1s"));
    assert_eq!(gateway.code("once"), 0, "it begins");
    wait::until("a second passes", PATIENCE, || gateway.code("once") == 1);
    let begun = told(&relay);
    let [(subject, text)] = &begun[..] else { panic!("{begun:?}") };
    assert!(subject.ends_with("] dumps: what it expects did not come"), "{subject}");
    assert!(text.contains("dumps expects a file of 2 B or more every 1 s. By "), "{text}");
    gateway.file("small", "1");
    let output = gateway.run(&["once"]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "too small");
    assert!(said.starts_with("1 delivered, 0 waiting, 0 failed, 1 expectation missed\n"), "{said}");
    let status = gateway.run(&["status"]);
    let shown = String::from_utf8_lossy(&status.stdout);
    assert_eq!(status.status.code(), Some(1), "{shown}");
    for part in ["NEXT EXPECTED", ", missed", "small has 1 B: less than 2 B"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert_eq!(relay.messages().len(), 1, "once");
    gateway.file("large", "12");
    wait::until("it came within the second", PATIENCE, || {
        gateway.file("large", format!("12{}", uuid()));
        gateway.code("once") == 0
    });
    let over = told(&relay);
    assert!(over.iter().any(|(subject, _)| subject.contains("] dumps: it came, ")), "{over:?}");
    gateway.rule("dumps", "", AT_ONCE, &rule("1d"));
    assert_eq!(gateway.code("once"), 0, "another expectation begins anew");
    assert_eq!(gateway.code("status"), 0);
}

fn uuid() -> String {
    format!("{:?}", std::time::Instant::now())
}

/// By `run`: a server that takes a file later and later, and nothing else comes.
#[tokio::test]
async fn a_file_that_waits_and_one_that_does_not_come_are_a_mail_each() {
    let relay = ScriptedSmtp::start(Script::with([]));
    let server = ScriptedFtp::start(FtpScript::with([always("STOR", Action::Instead("452 no room for it"))]));
    let vault = ScriptedFtp::start(FtpScript::with([]));
    let servers =
        [("offsite", &Endpoint::from(&server)), ("vault", &Endpoint::from(&vault)), ("main", &Endpoint::from(&relay))];
    let gateway = Gateway::with(&servers);
    gateway.configuration(NOTICES);
    // the second server has it: its hash is known
    let rule = "then: [{ upload: { to: [offsite, vault] } }]\ndelayed_after: 1s\nexpect: { every: 2s }";
    gateway.rule("dumps", "", AT_ONCE, rule);
    gateway.file("a.dump", "1234");
    let serving = gateway.serve();
    wait::until("both are told", PATIENCE, || relay.messages().len() == 2);
    let mails = told(&relay);
    assert!(mails[0].0.ends_with("] dumps: what it expects did not come"), "{mails:?}");
    let (subject, text) = &mails[1];
    assert!(subject.ends_with("] offsite: 1 job late"), "{subject}");
    for part in [
        "a.dump  4 B  to offsite:a.dump",
        "452 no room for it",
        "sha256 03ac674216f3e15c761ee1a5e255f067953623c8b388b4459e13f978d7c846f4",
        "Rules: dumps",
        "packetboat jobs --server offsite --state queued",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(serving.stop().success());
    let mut ledger = Ledger::open(&gateway).await;
    let incidents = ledger.lines("SELECT event || ' ' || subject FROM incidents ORDER BY 1").await;
    assert_eq!(incidents, ["delayed offsite", "missed dumps"]);
}
