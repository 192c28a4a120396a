//! Addresses that no mail is sent to.

use crate::support::{
    endpoint::Endpoint,
    gateway::Gateway,
    ledger::Ledger,
    scripted_smtp::{Action, Script, ScriptedSmtp, once},
};
use std::fs;

struct Post {
    relay: ScriptedSmtp,
    gateway: Gateway,
}

impl Post {
    fn new(suppress: &str, replies: &[&'static str]) -> Self {
        let refused = replies.iter().enumerate().map(|(at, reply)| once("RCPT", at + 1, Action::Instead(reply)));
        let relay = ScriptedSmtp::start(Script::with(refused.collect::<Vec<_>>()));
        let gateway = Gateway::with(&[("main", &Endpoint::from(&relay))]);
        gateway.configuration(&format!(
            "mail: {{ from: gate@here.example, {suppress} }}\ndoors: {{ spool: {{ folder: spool }} }}"
        ));
        gateway.rule_file("outgoing", "when: mail\nthen: [{ relay: { report_to_sender: [] } }]\n");
        assert_eq!(gateway.code("once"), 0, "the spool is made");
        Self { relay, gateway }
    }

    /// How `once` ends with a message to these.
    fn send(&self, recipients: &str) -> i32 {
        let spool = self.gateway.config.with_file_name("spool");
        let text = format!("Return-Path: <ann@here.example>\nTo: {recipients}\nSubject: order\n\nhello\n");
        fs::write(spool.join(".order"), text).unwrap();
        fs::rename(spool.join(".order"), spool.join("order.eml")).unwrap();
        self.gateway.code("once")
    }

    fn asked(&self) -> usize {
        self.relay.dialogue().iter().filter(|line| line.starts_with("RCPT")).count()
    }

    fn run(&self, arguments: &[&str]) -> String {
        let output = self.gateway.run(arguments);
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    }
}

#[tokio::test]
async fn an_address_that_nobody_has_gets_no_mail_until_somebody_lets_it() {
    let post = Post::new("suppress: { hard_bounce: 90d }", &["550 5.1.1 no such user", "550 5.7.1 spam"]);
    assert_eq!(post.send("A@there.example, b@there.example, c@there.example"), 1);
    assert_eq!(post.asked(), 3);
    assert_eq!(post.send("a@There.example, b@there.example"), 1);
    assert_eq!(post.asked(), 4, "b was refused for what was in it, and a is nobody");
    let mut ledger = Ledger::open(&post.gateway).await;
    let words = ledger.lines("SELECT said FROM jobs WHERE reason = 'suppressed'").await;
    let [words] = &words[..] else { panic!("{words:?}") };
    assert!(words.contains(": 550 5.1.1 no such user (`packetboat suppressions remove a@there.example`"), "{words}");
    let listed = post.run(&["suppressions"]);
    assert!(listed.contains("a@there.example") && !listed.contains("b@there.example"), "{listed}");
    assert!(post.run(&["suppressions", "--json"]).contains("hard_bounce"));
    assert!(post.run(&["suppressions", "remove", "A@there.example"]).contains("mail is sent to a@there.example again"));
    assert_eq!(post.send("a@there.example"), 0);
    assert_eq!(post.asked(), 5);
    let again = post.run(&["suppressions", "remove", "a@there.example"]);
    assert!(again.contains("is not on the list"), "{again}");
}

#[tokio::test]
async fn an_operator_puts_one_on_the_list_also_beside_a_running_gateway() {
    let post = Post::new("via: main", &["550 5.1.1 no such user"]);
    assert_eq!(post.send("a@there.example"), 1);
    assert_eq!(post.send("a@there.example"), 0, "nothing is suppressed unasked");
    let serving = post.gateway.serve();
    let added =
        post.run(&["suppressions", "add", "Ann <B@there.example>", "--why", "she asked us", "--expires", "90d"]);
    assert!(added.contains("no mail is sent to b@there.example"), "{added}");
    serving.stop();
    assert!(post.run(&["suppressions", "add", "nobody"]).contains("not an address"));
    assert_eq!(post.send("b@there.example, c@there.example"), 1);
    assert_eq!(post.asked(), 3, "c alone");
    let mut ledger = Ledger::open(&post.gateway).await;
    let words = ledger.lines("SELECT said FROM jobs WHERE reason = 'suppressed'").await;
    assert!(words[0].contains("she asked us"), "{words:?}");
}
