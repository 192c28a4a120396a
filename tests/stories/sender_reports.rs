//! The senders of messages hear what becomes of them, by mail, once.

use crate::support::{
    endpoint::Endpoint,
    gateway::Gateway,
    ledger::{self, Ledger},
    relays::postfix::{Postfix, REFUSED},
    scripted_smtp::{Action, Message, Script, ScriptedSmtp, once},
    servers::Tls,
    wait,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::process::ExitStatusExt,
    time::Duration,
};

const PATIENCE: Duration = Duration::from_secs(30);
const EVERYTHING: &str = "when: mail\nthen: [relay]\n";
const CONFIGURATION: &str =
    "defaults: { retry: { first_wait: 1s } }\nmail: { from: gate@here.example }\ndoors: { spool: { folder: spool } }";

struct Post {
    relay: ScriptedSmtp,
    gateway: Gateway,
}

impl Post {
    /// Whose relay refuses so many recipients.
    fn refusing(recipients: usize, rule: &str) -> Self {
        let refuse = |number| once("RCPT", number, Action::Instead("550 5.1.1 no such user"));
        let relay = ScriptedSmtp::start(Script::with((1..=recipients).map(refuse).collect::<Vec<_>>()));
        let gateway = Gateway::with(&[("main", &Endpoint::from(&relay))]);
        let post = Self { relay, gateway };
        post.gateway.configuration(CONFIGURATION);
        post.gateway.rule_file("outgoing", rule);
        assert_eq!(post.gateway.code("once"), 0, "the spool is made");
        post
    }

    fn leave(&self, name: &str, sender: &str, recipients: &str) {
        leave(&self.gateway, name, sender, recipients);
    }

    /// What went to whom, by the envelope: reports have no sender.
    fn reports(&self) -> Vec<Message> {
        self.relay.messages().into_iter().filter(|message| message.from.starts_with("<>")).collect()
    }
}

fn leave(gateway: &Gateway, name: &str, sender: &str, recipients: &str) {
    let spool = gateway.config.with_file_name("spool");
    let text =
        format!("Return-Path: <{sender}>\nFrom: app@here.example\nTo: {recipients}\nSubject: {name}\n\nsecret body\n");
    fs::write(spool.join(format!(".{name}")), text).unwrap();
    fs::rename(spool.join(format!(".{name}")), spool.join(format!("{name}.eml"))).unwrap();
}

fn text(message: &Message) -> String {
    String::from_utf8(message.bytes.clone()).unwrap()
}

/// Three of four recipients of one message, none of one without a sender, and a report that is refused itself.
#[tokio::test]
async fn who_sent_it_hears_once_of_all_who_were_refused() {
    let post = Post::refusing(4, EVERYTHING);
    post.leave("order", "ann@here.example", "a@there.example,\n b@there.example, c@there.example");
    assert_eq!(post.gateway.code("once"), 1);
    let reports = post.reports();
    assert!(reports.is_empty(), "the report was refused as its recipient was the fourth: {reports:?}");
    post.leave("again", "ann@here.example", "a@there.example");
    post.leave("quiet", "", "b@there.example");
    assert_eq!(post.gateway.code("once"), 0, "of a report that was refused nobody hears");
    assert_eq!(post.relay.messages().len(), 2);
    let mut ledger = Ledger::open(&post.gateway).await;
    let reports =
        "SELECT count(*) FROM jobs WHERE rule = 'notices' AND recipient = 'ann@here.example' AND state = 'failed'";
    assert_eq!(ledger.count(reports).await, 1);
    assert_eq!(ledger.count("SELECT count(*) FROM jobs WHERE state = 'failed' AND owes_report = 1").await, 0);
}

#[tokio::test]
async fn a_report_names_them_with_the_relays_words() {
    let post = Post::refusing(2, EVERYTHING);
    post.leave("order", "ann@here.example", "a@there.example, b@there.example, c@there.example");
    assert_eq!(post.gateway.code("once"), 1);
    let reports = post.reports();
    let [report] = &reports[..] else { panic!("{reports:?}") };
    assert_eq!(report.recipients, ["<ann@here.example>"]);
    let text = text(report);
    for word in [
        "Auto-Submitted: auto-replied\r\n",
        "Subject: Your mail to 2 recipients was not delivered\r\n",
        "Final-Recipient: rfc822; a@there.example\r\nAction: failed\r\nStatus: 5.1.1\r\n",
        "Final-Recipient: rfc822; b@there.example\r\n",
        "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n",
        "\r\nSubject: order\r\n",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
    assert!(!text.contains("c@there.example\r\nAction") && !text.contains("secret body"), "{text}");
    assert_eq!(post.gateway.code("once"), 0);
    assert_eq!(post.reports().len(), 1, "once");
}

#[tokio::test]
async fn nobody_hears_where_the_rule_says_so_nor_of_those_it_hides() {
    let silent = Post::refusing(1, "when: mail\nthen: [{ relay: { report_to_sender: [] } }]\n");
    silent.leave("order", "ann@here.example", "a@there.example");
    assert_eq!(silent.gateway.code("once"), 1);
    assert!(silent.reports().is_empty());
    let hiding = Post::refusing(2, "when: mail\nthen: [{ relay: { bcc: archive@here.example } }]\n");
    hiding.leave("order", "ann@here.example", "a@there.example");
    assert_eq!(hiding.gateway.code("once"), 1);
    let reports = hiding.reports();
    let [report] = &reports[..] else { panic!("{reports:?}") };
    assert!(text(report).contains("a@there.example") && !text(report).contains("archive@"), "{}", text(report));
}

/// What Ann finds in her mailbox when the relay has refused ten thousand: a mail for each message she sent. The gateway is killed
/// while it is telling her.
#[tokio::test]
async fn ten_thousand_refusals_of_ten_messages_are_ten_mails_whatever_is_killed() {
    let post = Post::refusing(10_000, EVERYTHING);
    for number in 0..10 {
        let recipients: Vec<String> = (0..1000).map(|user| format!("u{user}@there.example")).collect();
        post.leave(&format!("list-{number}"), "ann@here.example", &recipients.join(",\n "));
    }
    let mut child = post.gateway.command(&["once"]).spawn().unwrap();
    wait::until("she hears of the first", PATIENCE * 4, || !post.reports().is_empty());
    child.kill().unwrap();
    child.wait().unwrap();
    let of_reports = "SELECT count(*) FROM jobs WHERE rule = 'notices' AND state = 'delivered'";
    let mut ledger = Ledger::open(&post.gateway).await;
    wait::until_async("she has them all", PATIENCE * 2, async || {
        post.gateway.code("once");
        ledger.count(of_reports).await == 10
    })
    .await;
    let mut told: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for report in post.reports() {
        let text = text(&report);
        let line = |name: &str| {
            let line = text.lines().rfind(|line| line.starts_with(name)).unwrap();
            line.to_owned()
        };
        assert_eq!(text.matches("Final-Recipient: ").count(), 1000);
        let id = text.lines().find(|line| line.starts_with("Message-ID: ")).unwrap();
        told.entry(line("Subject: ")).or_default().insert(id.to_owned());
    }
    assert_eq!(told.len(), 10, "{:?}", told.keys());
    assert!(told.values().all(|ids| ids.len() == 1), "one each, or the same again: {told:?}");
    assert_eq!(ledger.count("SELECT count(*) FROM jobs WHERE rule = 'notices'").await, 10);
}

/// The relay puts everybody off; an hour later the sender hears, once.
#[tokio::test]
async fn who_waits_too_long_is_told_of_once() {
    let later = |number| once("RCPT", number, Action::Instead("450 4.2.0 greylisted"));
    let relay = ScriptedSmtp::start(Script::with([1, 2].map(later)));
    let gateway = Gateway::with(&[("main", &Endpoint::from(&relay))]);
    gateway.configuration(CONFIGURATION);
    gateway.rule_file("outgoing", &format!("{EVERYTHING}delayed_after: 1h\nretry: {{ first_wait: 1h }}\n"));
    assert_eq!(gateway.code("once"), 0);
    leave(&gateway, "order", "ann@here.example", "a@there.example, b@there.example");
    gateway.code("once");
    assert!(relay.messages().is_empty(), "it is not late");
    ledger::change(&gateway, "UPDATE jobs SET warn_at = warn_at - 3600000").await;
    gateway.code("once");
    gateway.code("once");
    let messages = relay.messages();
    let [report] = &messages[..] else { panic!("{messages:?}") };
    let text = text(report);
    for word in
        ["Subject: Your mail to 2 recipients is delayed", "Action: delayed", "Status: 4.2.0", "Will-Retry-Until: "]
    {
        assert!(text.contains(word), "{word}: {text}");
    }
}

/// No rule takes it: who sent it hears, once, however often the file is offered again, and whoever is nobody does not.
#[tokio::test]
async fn who_sent_what_no_rule_takes_hears_of_it() {
    let post = Post::refusing(0, "when: { mail: { to: \"*@there.example\" } }\nthen: [relay]\n");
    post.leave("order", "ann@here.example", "a@nowhere.example, b@nowhere.example");
    post.leave("quiet", "", "a@nowhere.example");
    let mut once = post.gateway.command(&["once"]);
    let status = once.env("PACKETBOAT_KILL_AT", "spool.before_setting_aside:1").status().unwrap();
    assert_eq!(status.signal(), Some(9));
    assert_eq!(post.gateway.code("once"), 0);
    assert_eq!(post.gateway.code("once"), 0);
    let reports = post.reports();
    let [report] = &reports[..] else { panic!("{reports:?}") };
    assert_eq!(report.recipients, ["<ann@here.example>"]);
    let text = text(report);
    for word in [
        "rfc822; a@nowhere.example\r\nAction: failed",
        "rfc822; b@nowhere.example",
        "no rule takes this message",
        "Subject: order",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
    assert!(!text.contains("secret body"), "{text}");
}

/// A real relay refuses one of two, and hands the report on.
#[tokio::test]
async fn postfix_refuses_one_and_carries_the_report() {
    let onward = ScriptedSmtp::start(Script::with([]));
    let Some(postfix) = Postfix::start(onward.port) else { return };
    let gateway = Gateway::with(&[("main", &Endpoint::relay(postfix.port, Tls::None))]);
    gateway.configuration(CONFIGURATION);
    gateway.rule_file("outgoing", EVERYTHING);
    assert_eq!(gateway.code("once"), 0);
    leave(&gateway, "order", "ann@here.example", &format!("ada@there.example, {REFUSED}"));
    assert_eq!(gateway.code("once"), 1);
    wait::until("Postfix has handed both on", PATIENCE, || onward.messages().len() == 2);
    let messages = onward.messages();
    let report = messages.iter().find(|message| message.from.starts_with("<>")).unwrap();
    assert_eq!(report.recipients.len(), 1);
    assert!(report.recipients[0].starts_with("<ann@here.example>"), "{report:?}");
    let text = text(report);
    assert!(
        text.contains(&format!("Final-Recipient: rfc822; {REFUSED}\r\nAction: failed\r\nStatus: 5.1.1\r\n")),
        "{text}"
    );
}
