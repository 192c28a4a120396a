//! Trouble as the people see it who get the mail: read from the relay's mailbox.

use crate::support::{
    endpoint::Endpoint,
    gateway::{AT_ONCE, Gateway},
    ledger::Ledger,
    scripted_ftp::{Action, Script as FtpScript, ScriptedFtp, always},
    scripted_smtp::{Script, ScriptedSmtp},
    servers::{ServerKind, ServerOptions, Tls},
    wait,
};
use mail_parser::MessageParser;
use std::{net::TcpListener, time::Duration};

/// A notice is held back for ten seconds, and an incident is over after a quiet minute.
const PATIENCE: Duration = Duration::from_secs(150);

fn told(relay: &ScriptedSmtp) -> Vec<(String, String)> {
    let read = |bytes: &[u8]| {
        let message = MessageParser::default().parse(bytes).unwrap();
        (message.subject().unwrap().to_owned(), message.body_text(0).unwrap().into_owned())
    };
    relay.messages().iter().map(|message| read(&message.bytes)).collect()
}

fn nobody() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

const NOTICES: &str = "mail: { from: gate@here.example, via: main }\nnotices: [{ to: ops@here.example }]";

#[tokio::test]
async fn files_that_a_server_refuses_are_one_mail_with_its_words() {
    let relay = ScriptedSmtp::start(Script::with([]));
    let server = ScriptedFtp::start(FtpScript::with([always("STOR", Action::Instead("553 not here"))]));
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server)), ("main", &Endpoint::from(&relay))]);
    gateway.configuration(NOTICES);
    gateway.rule("files", "", AT_ONCE, "then: [{ upload: { to: offsite } }]");
    gateway.fill(100, |number| number);
    assert_eq!(gateway.code("once"), 1);
    let told = told(&relay);
    let [(subject, text)] = &told[..] else { panic!("{told:?}") };
    assert!(subject.ends_with("] offsite: 100 jobs failed for good"), "{subject}");
    for part in ["553 not here", "and 90 more", "Rules: files", "packetboat retry --server offsite --state failed"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(gateway.code("once"), 0, "a notice is no failure, and nothing else happened");
    assert_eq!(relay.messages().len(), 1);
    let mut ledger = Ledger::open(&gateway).await;
    assert_eq!(ledger.count("SELECT count(*) FROM jobs WHERE rule = 'notices'").await, 1);
}

/// What is done on this machine has no server, and is told all the same.
#[tokio::test]
async fn a_copy_that_cannot_be_made_here_is_told() {
    let relay = ScriptedSmtp::start(Script::with([]));
    let gateway = Gateway::with(&[("main", &Endpoint::from(&relay))]);
    gateway.configuration(NOTICES);
    let archive = tempfile::tempdir().unwrap();
    std::fs::write(archive.path().join("a"), "theirs").unwrap();
    let save = format!("then: [{{ save: {{ to: {}, on_exists: fail }} }}]", archive.path().display());
    gateway.rule("files", "", AT_ONCE, &save);
    gateway.file("a", "ours");
    assert_eq!(gateway.code("once"), 1);
    let told = told(&relay);
    let [(subject, text)] = &told[..] else { panic!("{told:?}") };
    assert!(subject.ends_with("] this machine: 1 job failed for good"), "{subject}");
    for part in ["it exists, and the rule says `on_exists: fail`", "packetboat retry --server here --state failed"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// The relay is well: it is the rule that cannot make its mail, and nothing that the relay takes is the end of that.
#[tokio::test]
async fn a_mail_that_cannot_be_made_is_told_of_its_rule_with_what_helps() {
    let relay = ScriptedSmtp::start(Script::with([]));
    let gateway = Gateway::with(&[("main", &Endpoint::from(&relay))]);
    gateway.configuration(NOTICES);
    let pdf = tempfile::tempdir().unwrap();
    let mail = format!(
        "then: [{{ mail: {{ to: ada@there.example, subject: s, text: t, attach: \"{}/{{{{ file.name }}}}.pdf\" }} }}]\n\
         after_failure: [{{ move: \"failed/\" }}]",
        pdf.path().display()
    );
    gateway.rule("invoices", "", AT_ONCE, &mail);
    gateway.file("7", "1");
    assert_eq!(gateway.code("once"), 1);
    let mails = told(&relay);
    let [(subject, text)] = &mails[..] else { panic!("{mails:?}") };
    assert!(subject.ends_with("] invoices: 1 job failed for good, and no server was asked"), "{subject}");
    let moved = format!("its file was moved to {}", gateway.source.join("failed/7").display());
    for part in ["7.pdf cannot be attached", "7  to ada@there.example", &moved, "put it back into the watched folder"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let run = |line: &str| {
        let out = gateway.run(&line.split(' ').collect::<Vec<_>>());
        String::from_utf8(out.stdout).unwrap() + &String::from_utf8(out.stderr).unwrap()
    };
    let jobs = run("jobs --rule invoices --state failed");
    assert!(jobs.contains("ada@there.example by main"), "{jobs}");
    let refused = run("retry --rule invoices --state failed");
    assert!(refused.contains("it could not be planned: correct the rule"), "{refused}");
    let id = jobs.lines().nth(1).unwrap().split(' ').next().unwrap();
    let shown = run(&format!("job {id}"));
    let helps = format!("put the file back into the watched folder (it was moved to {}", gateway.source.display());
    assert!(shown.contains(&helps) && shown.contains(&format!("packetboat cancel {id}")), "{shown}");

    std::fs::write(pdf.path().join("7.pdf"), "it").unwrap();
    std::fs::rename(gateway.source.join("failed/7"), gateway.source.join("7")).unwrap();
    assert_eq!(gateway.code("once"), 0, "as it says");
    assert_eq!(told(&relay).len(), 2, "the mail itself, and no word that it delivers again: {:?}", told(&relay));
    let mut ledger = Ledger::open(&gateway).await;
    let open = "SELECT count(*) FROM incidents WHERE subject = 'invoices' AND closed_at IS NULL";
    assert_eq!(ledger.count(open).await, 1, "the old job is failed still");
    run("cancel --rule invoices --state failed");
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(
        (ledger.count(open).await, relay.messages().len()),
        (0, 2),
        "nothing of it is left, and nobody needs to hear it"
    );
}

#[tokio::test]
async fn a_rule_that_wants_no_notices_has_none() {
    let relay = ScriptedSmtp::start(Script::with([]));
    let server = ScriptedFtp::start(FtpScript::with([always("STOR", Action::Instead("553 not here"))]));
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server)), ("main", &Endpoint::from(&relay))]);
    gateway.configuration(NOTICES);
    gateway.rule("quiet", "quiet", AT_ONCE, "then: [{ upload: { to: offsite } }]\nnotices: []");
    gateway.rule("boss", "boss", AT_ONCE, "then: [{ upload: { to: offsite } }]\nnotices: [{ to: boss@here.example }]");
    gateway.file("quiet/a", "1");
    assert_eq!(gateway.code("once"), 1);
    assert!(relay.messages().is_empty());
    gateway.file("boss/a", "1");
    assert_eq!(gateway.code("once"), 1);
    let to: Vec<_> = relay.messages().into_iter().flat_map(|message| message.recipients).collect();
    assert_eq!(to, ["<boss@here.example>"]);
}

/// A relay that refuses a notice makes no notice of that.
#[tokio::test]
async fn a_notice_never_begets_a_notice() {
    let refused =
        crate::support::scripted_smtp::once("RCPT", 1, crate::support::scripted_smtp::Action::Instead("550 5.1.1 no"));
    let relay = ScriptedSmtp::start(Script::with([refused]));
    let server = ScriptedFtp::start(FtpScript::with([always("STOR", Action::Instead("553 not here"))]));
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server)), ("main", &Endpoint::from(&relay))]);
    gateway.configuration(NOTICES);
    gateway.rule("files", "", AT_ONCE, "then: [{ upload: { to: offsite } }]");
    gateway.file("a", "1");
    assert_eq!(gateway.code("once"), 1);
    assert_eq!(gateway.code("once"), 0);
    assert!(relay.messages().is_empty());
    let mut ledger = Ledger::open(&gateway).await;
    assert_eq!(ledger.count("SELECT count(*) FROM jobs WHERE rule = 'notices' AND state = 'failed'").await, 1);
    assert_eq!(ledger.count("SELECT count(*) FROM incidents").await, 1);
}

/// Ten thousand files, sixty rules, one server that is down for a while: one mail when it begins, one when it is over. Where the
/// relay was down as well, one afterwards.
#[tokio::test]
async fn an_outage_is_two_mails_and_one_where_no_mail_could_go_out() {
    let (relay, late) = (ScriptedSmtp::start(Script::with([])), nobody());
    let mut server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    server.unplug().await;
    let gateways = [Endpoint::from(&relay), Endpoint::relay(late, Tls::None)].map(|main| {
        let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server)), ("main", &main)]);
        gateway.configuration(NOTICES);
        gateway
    });
    for (number, gateway) in gateways.iter().enumerate() {
        for rule in 0..60 {
            let upload = format!("then: [{{ upload: {{ to: offsite, path: \"{number}/{{{{ file.path }}}}\" }} }}]");
            gateway.rule(&format!("rule-{rule}"), &format!("folder-{rule}"), AT_ONCE, &upload);
        }
        let per_gateway = if number == 0 { 10_000 } else { 600 };
        (0..per_gateway).for_each(|file| gateway.file(&format!("folder-{}/{file}", file % 60), "1"));
    }
    let serving = gateways.each_ref().map(Gateway::serve);
    wait::until("its beginning is told", PATIENCE, || !relay.messages().is_empty());
    let mut other = Ledger::open(&gateways[1]).await;
    let is_queued = "SELECT count(*) FROM jobs WHERE rule = 'notices'";
    wait::until_async("the other's waits", PATIENCE, async || other.count(is_queued).await == 1).await;
    server.plug_in();
    wait::until("its end is told", PATIENCE, || relay.messages().len() == 2);
    let begun = told(&relay);
    assert!(begun[0].0.ends_with("] offsite: trouble; its jobs wait"), "{begun:?}");
    assert!(begun[1].0.contains("] offsite: well again after "), "{begun:?}");
    assert!(begun[1].1.contains("Since it began it has taken "), "{begun:?}");
    wait::until_async("both are one mail", PATIENCE, async || other.count(is_queued).await == 2).await;
    let relay_at_last = ScriptedSmtp::start_at(late, Script::with([]));
    wait::until("it is told", PATIENCE, || !relay_at_last.messages().is_empty());
    let afterwards = told(&relay_at_last);
    let [(subject, _)] = &afterwards[..] else { panic!("{afterwards:?}") };
    assert!(subject.contains("] offsite: was in trouble for "), "{subject}");
    assert!(serving.into_iter().all(|serving| serving.stop().success()));
    assert_eq!((relay.messages().len(), relay_at_last.messages().len()), (2, 1));
    let states = other.lines("SELECT state FROM jobs WHERE rule = 'notices' ORDER BY id").await;
    assert_eq!(states, ["cancelled", "delivered"]);
}
