//! Mails that come back after their relay had taken them.

use crate::support::{
    endpoint::Endpoint,
    gateway::Gateway,
    ledger::Ledger,
    relays::postfix::Postfix,
    scripted_smtp::{Action, Message, Script, ScriptedSmtp, once},
    servers::Tls,
    wait,
};
use std::{fs, os::unix::process::ExitStatusExt, path::PathBuf, process::Command, time::Duration};

const PATIENCE: Duration = Duration::from_secs(30);

struct Post {
    relay: ScriptedSmtp,
    gateway: Gateway,
    maildir: PathBuf,
}

impl Post {
    /// One that has sent a message of Ann's to two.
    fn sent() -> Self {
        let relay = ScriptedSmtp::start(Script::with([]));
        let main = Endpoint::from(&relay);
        Self::through(relay, &main, "a@there.example, b@there.example")
    }

    fn through(relay: ScriptedSmtp, main: &Endpoint, recipients: &str) -> Self {
        let gateway = Gateway::with(&[("main", main)]);
        gateway.configuration(
            "mail: { from: gate@here.example, return_path: \"b+{{ job.token }}@b.example\", bounces: bounces }\n\
             doors: { spool: { folder: spool } }",
        );
        gateway.rule_file("outgoing", "when: mail\nthen: [relay]\n");
        assert_eq!(gateway.code("once"), 0, "the folders are made");
        let spool = gateway.config.with_file_name("spool");
        let text = format!("Return-Path: <ann@here.example>\nTo: {recipients}\nSubject: order\n\nhello\n");
        fs::write(spool.join(".order"), text).unwrap();
        fs::rename(spool.join(".order"), spool.join("order.eml")).unwrap();
        assert_eq!(gateway.code("once"), 0);
        let maildir = gateway.config.with_file_name("bounces");
        Self { relay, gateway, maildir }
    }

    /// The sender of the mail to this recipient.
    fn return_path_of(&self, recipient: &str) -> String {
        let to = format!("<{recipient}>");
        let messages = self.relay.messages();
        let message = messages.iter().find(|message| message.recipients == [to.clone()]).unwrap();
        message.from.split(' ').next().unwrap().trim_matches(['<', '>']).to_owned()
    }

    fn comes_back(&self, name: &str, to: &str, block: &str) {
        let text = format!(
            "Delivered-To: {to}\nFrom: MAILER-DAEMON@mx.example\nTo: {to}\nContent-Type: multipart/report; report-type=delivery-status; boundary=B\n\n\
             --B\nContent-Type: text/plain\n\nIt failed.\n--B\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n{block}\n--B--\n"
        );
        fs::write(self.maildir.join("tmp").join(name), text).unwrap();
        fs::rename(self.maildir.join("tmp").join(name), self.maildir.join("new").join(name)).unwrap();
    }

    fn reports(&self) -> Vec<Message> {
        self.relay.messages().into_iter().filter(|message| message.from.starts_with("<>")).collect()
    }
}

const FAILED: &str = "Final-Recipient: rfc822; a@there.example\nAction: failed\nStatus: 5.1.1\n\
    Diagnostic-Code: smtp; 550 5.1.1 no such user\n";
const STATES: &str =
    "SELECT recipient || ' ' || state || ' ' || coalesce(reason, '') || ' ' || coalesce(said, '') FROM jobs
 WHERE rule = 'outgoing' ORDER BY recipient";

#[tokio::test]
async fn a_mail_that_comes_back_is_failed_with_the_remotes_words_and_its_sender_hears() {
    let post = Post::sent();
    let (first, second) = (post.return_path_of("a@there.example"), post.return_path_of("b@there.example"));
    assert_ne!(first, second, "each has an address of its own");
    post.comes_back("1.mx", &first.to_uppercase(), FAILED);
    post.comes_back("2.mx", &second, &FAILED.replace("failed", "delayed"));
    assert_eq!(post.gateway.code("once"), 1, "one is failed");
    let mut ledger = Ledger::open(&post.gateway).await;
    let states = ledger.lines(STATES).await;
    assert_eq!(states[0], "a@there.example failed bounced 550 5.1.1 no such user");
    assert!(states[1].starts_with("b@there.example delivered "), "{states:?}");
    let reports = post.reports();
    let [report] = &reports[..] else { panic!("{reports:?}") };
    assert_eq!(report.recipients, ["<ann@here.example>"]);
    let text = String::from_utf8(report.bytes.clone()).unwrap();
    for word in
        ["Final-Recipient: rfc822; a@there.example\r\n", "Status: 5.1.1\r\n", "smtp; 550 5.1.1 no such user\r\n"]
    {
        assert!(text.contains(word), "{word}: {text}");
    }
    assert_eq!(fs::read_dir(post.maildir.join("cur")).unwrap().count(), 2, "read, and kept");
    assert_eq!(fs::read_dir(post.maildir.join("new")).unwrap().count(), 0);
    let jobs = post.gateway.run(&["jobs", "--state", "failed"]);
    let jobs = String::from_utf8(jobs.stdout).unwrap();
    let id = jobs.lines().find(|line| line.contains("a@there.example")).unwrap().split(' ').next().unwrap().to_owned();
    let shown = String::from_utf8(post.gateway.run(&["job", &id]).stdout).unwrap();
    assert!(shown.contains("failed, 2 attempts") && shown.contains("550 5.1.1 no such user"), "{shown}");
    // the same report again, as after a kill before it was moved
    post.comes_back("3.mx", &first, FAILED);
    assert_eq!(post.gateway.code("once"), 0);
    assert_eq!(
        (post.reports().len(), ledger.count("SELECT count(*) FROM attempts WHERE kind = 'bounced'").await),
        (1, 1)
    );
}

/// By a door, whose rules would relay everything.
#[tokio::test]
async fn what_comes_back_by_a_door_is_a_report_and_not_relayed() {
    let post = Post::sent();
    let path = post.return_path_of("a@there.example");
    post.comes_back("1.mx", &path, FAILED);
    let spool = post.gateway.config.with_file_name("spool");
    let report = fs::read_to_string(post.maildir.join("new/1.mx")).unwrap();
    fs::remove_file(post.maildir.join("new/1.mx")).unwrap();
    let by_door = |name: &str, text: String| {
        fs::write(spool.join(format!(".{name}")), text).unwrap();
        fs::rename(spool.join(format!(".{name}")), spool.join(name)).unwrap();
    };
    by_door("1.eml", format!("Return-Path: <>\n{report}"));
    by_door("2.eml", format!("Return-Path: <bob@x.example>\nTo: {path}\nSubject: away\n\nI am away\n"));
    let mut once = post.gateway.command(&["once"]);
    let status = once.env("PACKETBOAT_KILL_AT", "spool.before_removal:1").status().unwrap();
    assert_eq!(status.signal(), Some(9));
    assert_eq!(post.gateway.code("once"), 0, "it was failed by the run before");
    let mut ledger = Ledger::open(&post.gateway).await;
    assert_eq!(ledger.lines(STATES).await[0], "a@there.example failed bounced 550 5.1.1 no such user");
    assert_eq!(ledger.count("SELECT count(*) FROM messages").await, 1);
    assert_eq!(ledger.count("SELECT count(*) FROM attempts WHERE kind = 'bounced'").await, 1);
    assert_eq!((post.relay.messages().len(), post.reports().len()), (3, 1), "two mails, and one report");
}

/// Postfix takes a mail, cannot hand it on, and returns it in its own words.
#[tokio::test]
async fn postfix_returns_a_mail() {
    let onward = ScriptedSmtp::start(Script::with([once("RCPT", 1, Action::Instead("550 5.1.1 no such user"))]));
    let Some(postfix) = Postfix::start(onward.port) else { return };
    let post = Post::through(
        ScriptedSmtp::start(Script::with([])),
        &Endpoint::relay(postfix.port, Tls::None),
        "a@there.example",
    );
    wait::until("Postfix has returned it", PATIENCE, || !onward.messages().is_empty());
    let returned = onward.messages().remove(0);
    assert!(returned.from.starts_with("<>"), "{returned:?}");
    let to = returned.recipients[0].split(' ').next().unwrap().trim_matches(['<', '>']).to_owned();
    assert!(to.starts_with("b+") && to.ends_with("@b.example"), "{to}");
    fs::write(post.maildir.join("new/1.mx"), &returned.bytes).unwrap();
    assert_eq!(post.gateway.code("once"), 1);
    let mut ledger = Ledger::open(&post.gateway).await;
    let states = ledger.lines(STATES).await;
    assert_eq!(states, ["a@there.example failed bounced 550 5.1.1 no such user"]);
}

#[tokio::test]
async fn what_is_not_ours_or_is_no_report_changes_nothing() {
    let post = Post::sent();
    let path = post.return_path_of("a@there.example");
    let (before, last) = path.split_at(20);
    let forged = format!("{before}{}{}", if last.starts_with('0') { "1" } else { "0" }, &last[1..]);
    post.comes_back("1.mx", &forged, FAILED);
    post.comes_back("2.mx", "ann@b.example", FAILED);
    let link = post.maildir.join("new/3.mx");
    std::os::unix::fs::symlink(&post.gateway.config, link).unwrap();
    assert!(Command::new("mkfifo").arg(post.maildir.join("new/4.mx")).status().unwrap().success());
    let away =
        format!("Delivered-To: {path}\nAuto-Submitted: auto-replied\nSubject: away\n\nAction: failed\n550 5.1.1 no\n");
    fs::write(post.maildir.join("new/5.mx"), away).unwrap();
    assert_eq!(post.gateway.code("once"), 0);
    let mut ledger = Ledger::open(&post.gateway).await;
    assert_eq!(ledger.count("SELECT count(*) FROM jobs WHERE state <> 'delivered'").await, 0);
    assert_eq!(fs::read_dir(post.maildir.join("new")).unwrap().count(), 0);
    assert!(post.reports().is_empty());
}
