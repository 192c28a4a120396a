//! A file becomes a mail, and its recipients hear of it whatever becomes of one of them.

use crate::support::{
    endpoint::Endpoint,
    gateway::{AT_ONCE, Gateway},
    ledger::Ledger,
    scripted_ftp::Lost,
    scripted_smtp::{Action, Message, Script, ScriptedSmtp, once},
    servers::Tls,
    wait,
};
use mail_parser::MessageParser;
use std::{net::TcpListener, time::Duration};

const PATIENCE: Duration = Duration::from_secs(60);

const MAIL: &str = "then:
  - mail:
      to: [\"Ada <ada@there.example>\", bob@there.example]
      bcc: cyd@there.example
      subject: \"New: {{ file.name }}\"
      text: \"{{ file.path }} has {{ file.size | size }}.\\n.\\n\"
retry: { first_wait: 1s, longest_wait: 1s }";

/// One rule that mails, and these relays in order.
fn gateway(relays: &[(&str, &Endpoint)]) -> Gateway {
    let gateway = Gateway::with(relays);
    let names: Vec<_> = relays.iter().map(|(name, _)| *name).collect();
    gateway.configuration(&format!("mail: {{ from: \"Gate <gate@here.example>\", via: [{}] }}", names.join(", ")));
    gateway.rule("mails", "", AT_ONCE, MAIL);
    gateway
}

fn message_id(message: &Message) -> String {
    MessageParser::default().parse(&message.bytes).unwrap().message_id().unwrap().to_owned()
}

/// A port where nobody listens.
fn nobody() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn everybody_gets_the_one_message_in_one_transaction() {
    for tls in [Tls::None, Tls::Explicit, Tls::Implicit] {
        let relay = ScriptedSmtp::start(Script::with([]).tls(tls));
        let gateway = gateway(&[("main", &Endpoint::from(&relay))]);
        gateway.file("in/Grüße.pdf", [7; 1234]);
        assert_eq!(gateway.code("once"), 0);
        let messages = relay.messages();
        let [message] = &messages[..] else { panic!("{messages:?}") };
        let to: Vec<_> = message.recipients.iter().map(|to| to.split_whitespace().next().unwrap()).collect();
        assert_eq!(to, ["<ada@there.example>", "<bob@there.example>", "<cyd@there.example>"]);
        assert!(message.from.starts_with("<gate@here.example>"), "{}", message.from);
        let read = MessageParser::default().parse(&message.bytes).unwrap();
        assert_eq!(read.subject(), Some("New: Grüße.pdf"));
        assert_eq!(read.body_text(0).unwrap(), "in/Grüße.pdf has 1.2 KB.\r\n.\r\n");
        assert!(!String::from_utf8_lossy(&message.bytes).contains("cyd"), "a hidden recipient is in the message");
        let mut ledger = Ledger::open(&gateway).await;
        assert_eq!(ledger.states().await, ["delivered 3"]);
        let receipts = "SELECT recipient || ' ' || proof FROM receipts ORDER BY id";
        let receipts = ledger.lines(receipts).await;
        assert_eq!(
            receipts,
            ["ada@there.example accepted", "bob@there.example accepted", "cyd@there.example accepted"]
        );
        assert_eq!(gateway.code("once"), 0);
        assert_eq!(relay.messages().len(), 1, "a version of a file is mailed once");
        let shown = String::from_utf8(gateway.run(&["jobs"]).stdout).unwrap();
        assert!(shown.contains("ada@there.example by main"), "{shown}");
    }
}

#[tokio::test]
async fn one_who_is_refused_keeps_it_from_nobody_else() {
    let relay = ScriptedSmtp::start(Script::with([once("RCPT", 2, Action::Instead("550 5.1.1 no such user"))]));
    let gateway = gateway(&[("main", &Endpoint::from(&relay))]);
    gateway.file("a", "1");
    assert_eq!(gateway.code("once"), 1);
    assert_eq!(relay.messages()[0].recipients.len(), 2);
    let mut ledger = Ledger::open(&gateway).await;
    assert_eq!(ledger.states().await, ["delivered 2", "failed 1"]);
    let said = ledger.lines("SELECT recipient || ': ' || said FROM jobs WHERE state = 'failed'").await;
    assert_eq!(said, ["bob@there.example: 550 5.1.1 no such user"]);
    assert_eq!(gateway.code("retry --state failed"), 0);
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(relay.messages()[1].recipients, ["<bob@there.example>"], "only who has not got it");
}

#[tokio::test]
async fn a_lost_answer_is_tried_again_under_the_same_message_id() {
    let relay = ScriptedSmtp::start(Script::with([once("DOT", 1, Action::Lose(Lost::ThenClose))]));
    let gateway = gateway(&[("main", &Endpoint::from(&relay))]);
    gateway.file("a", "1");
    let serving = gateway.serve();
    let mut ledger = Ledger::open(&gateway).await;
    wait::until_async("all is delivered", PATIENCE, async || ledger.states().await == ["delivered 3"]).await;
    let messages = relay.messages();
    assert_eq!(messages.len(), 2, "the relay had it the first time, and nobody could know");
    assert_eq!(message_id(&messages[0]), message_id(&messages[1]));
    let outcomes = ledger.lines("SELECT DISTINCT outcome FROM attempts ORDER BY id").await;
    assert_eq!(outcomes, ["unknown", "delivered"]);
    assert!(serving.stop().success());
}

/// With `on_unknown: hold` nothing goes out twice: not after a lost answer, and not after our own death while it was on its way.
#[tokio::test]
async fn what_may_have_been_taken_is_held_where_the_rule_says_so() {
    for (lost, is_killed) in [(Lost::ThenClose, false), (Lost::ThenHang, true)] {
        let relay = ScriptedSmtp::start(Script::with([once("DOT", 1, Action::Lose(lost))]));
        let gateway = gateway(&[("main", &Endpoint::from(&relay).connections(1))]);
        gateway.rule("mails", "", AT_ONCE, &MAIL.replace("retry:", "      on_unknown: hold\nretry:"));
        gateway.file("a", "1");
        gateway.file("b", "1");
        let serving = gateway.serve();
        let mut ledger = Ledger::open(&gateway).await;
        if is_killed {
            wait::until("all of it was sent", PATIENCE, || relay.messages().len() == 1);
            drop(serving); // killed
            assert_eq!(gateway.code("status"), 1);
            let serving = gateway.serve();
            let states = async || ledger.states().await == ["delivered 3", "held 3"];
            wait::until_async("only the one that was on its way is held", PATIENCE, states).await;
            assert!(serving.stop().success());
        } else {
            let states = async || ledger.states().await == ["delivered 3", "held 3"];
            wait::until_async("it is held, and the other is not", PATIENCE, states).await;
            assert!(serving.stop().success());
        }
        let status = gateway.run(&["status"]);
        let (code, text) = (status.status.code(), String::from_utf8(status.stdout).unwrap());
        assert!(code == Some(1) && text.contains("3 jobs held, for nobody answered and it may"), "{text}");
        assert_eq!(relay.messages().len(), 2);
        assert_eq!(gateway.code("release --rule mails"), 0);
        let serving = gateway.serve();
        wait::until_async("all is delivered", PATIENCE, async || ledger.states().await == ["delivered 6"]).await;
        let messages = relay.messages();
        assert_eq!(messages.len(), 3);
        assert_eq!(message_id(&messages[0]), message_id(&messages[2]));
        assert!(serving.stop().success());
    }
}

#[tokio::test]
async fn a_relay_that_is_down_costs_no_mail_a_try() {
    let gateway = gateway(&[("main", &Endpoint::relay(nobody(), Tls::None))]);
    gateway.file("a", "1");
    assert_eq!(gateway.code("once"), 4);
    let mut ledger = Ledger::open(&gateway).await;
    assert_eq!(ledger.states().await, ["queued 3"]);
    assert_eq!(ledger.count("SELECT max(counted_tries) FROM jobs").await, 0);
}

#[tokio::test]
async fn while_one_relay_is_down_the_next_one_has_the_mail() {
    let backup = ScriptedSmtp::start(Script::with([]));
    let down = Endpoint::relay(nobody(), Tls::None);
    let gateway = gateway(&[("main", &down), ("backup", &Endpoint::from(&backup))]);
    gateway.file("a", "1");
    let serving = gateway.serve();
    let mut ledger = Ledger::open(&gateway).await;
    wait::until_async("all is delivered", PATIENCE, async || ledger.states().await == ["delivered 3"]).await;
    assert_eq!(backup.messages().len(), 1);
    assert!(serving.stop().success());
}

/// It lets everybody in and takes nothing.
#[tokio::test]
async fn a_relay_that_is_too_busy_for_mail_loses_it_to_the_next_one() {
    let busy = ScriptedSmtp::start(Script::with(
        (1..100).map(|n| once("MAIL", n, Action::Bye("421 too busy"))).collect::<Vec<_>>(),
    ));
    let backup = ScriptedSmtp::start(Script::with([]));
    let gateway = gateway(&[("main", &Endpoint::from(&busy)), ("backup", &Endpoint::from(&backup))]);
    gateway.file("a", "1");
    let serving = gateway.serve();
    let mut ledger = Ledger::open(&gateway).await;
    wait::until_async("all is delivered", PATIENCE, async || ledger.states().await == ["delivered 3"]).await;
    assert_eq!((busy.messages().len(), backup.messages().len()), (0, 1));
    assert!(serving.stop().success());
}

/// Whoever may name a file may not name who gets mail.
#[tokio::test]
async fn a_name_brings_in_no_other_recipient() {
    let relay = ScriptedSmtp::start(Script::with([]));
    let gateway = Gateway::with(&[("main", &Endpoint::from(&relay))]);
    gateway.configuration("mail: { from: gate@here.example }");
    let mail = "then: [{ mail: { to: \"{{ file.stem }}@there.example\", subject: s, text: t } }]";
    gateway.rule("mails", "", AT_ONCE, mail);
    gateway.file("ada.pdf", "1");
    gateway.file("eve@evil.example,bob.pdf", "1");
    gateway.file("eve@evil.example>, <bob.pdf", "1");
    assert_eq!(gateway.code("once"), 1);
    let to: Vec<_> = relay.messages().into_iter().flat_map(|message| message.recipients).collect();
    assert_eq!(to, ["<ada@there.example>"]);
    assert_eq!(Ledger::open(&gateway).await.states().await, ["delivered 1", "failed 2"]);
}

/// In strict order, everybody who is in one mail gets it at once.
#[tokio::test]
async fn recipients_of_one_mail_do_not_wait_for_each_other() {
    let relay = ScriptedSmtp::start(Script::with([]));
    let gateway = gateway(&[("main", &Endpoint::from(&relay))]);
    gateway.rule("mails", "", AT_ONCE, &format!("{MAIL}\nin_order: true"));
    gateway.file("a", "1");
    gateway.file("b", "2");
    assert_eq!(gateway.code("once"), 0);
    let recipients: Vec<_> = relay.messages().iter().map(|message| message.recipients.len()).collect();
    assert_eq!(recipients, [3, 3]);
}

/// A name may be anything; a header is one line.
#[tokio::test]
async fn a_name_with_a_line_end_in_it_becomes_no_header() {
    let relay = ScriptedSmtp::start(Script::with([]));
    let gateway = gateway(&[("main", &Endpoint::from(&relay))]);
    gateway.file("a\r\nBcc: eve@there.example", "1");
    assert_eq!(gateway.code("once"), 1);
    assert!(relay.messages().is_empty());
    let mut ledger = Ledger::open(&gateway).await;
    let said = ledger.lines("SELECT reason || ': ' || said FROM jobs").await;
    assert!(said[0].starts_with("unplannable: subject `file.name`: this value has a line break"), "{said:?}");
}

#[test]
fn what_a_mail_needs_is_missed_before_anything_runs() {
    let relay = Endpoint::relay(2525, Tls::None);
    for (configuration, step, said) in [
        ("", "mail: { to: a@b.c, subject: s, text: t }", "this mail has no sender"),
        ("mail: { from: x }", "mail: { to: a@b.c, subject: s, text: t }", "not an address"),
        ("mail: { from: x@y.z }", "mail: { to: nobody, subject: s, text: t }", "not an address"),
        ("mail: { from: x@y.z }", "mail: { to: a@b.c, subject: s, text: \"{{ file.nam }}\" }", "no `file.nam`"),
        ("mail: { from: x@y.z }", "mail: { to: a@b.c, subject: s, text: t, via: mian }", "Did you mean `main`?"),
        ("mail: { from: x@y.z }", "mail: { to: a@b.c, subject: s }", "`text`"),
        ("mail: { from: x@y.z }", "mail: { to: a@b.c, subject: s, text: t, attach: message }", "not built yet"),
        ("mail: { from: x@y.z }", "upload: { to: main }", "is a relay, and files go to an ftp server"),
    ] {
        let gateway = Gateway::with(&[("main", &relay)]);
        gateway.configuration(configuration);
        gateway.rule("mails", "", AT_ONCE, &format!("then: [{{ {step} }}]"));
        let output = gateway.run(&["check"]);
        let told = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(3), "{step}: {told}");
        assert!(told.contains(said), "{step}: {told}");
    }
}
