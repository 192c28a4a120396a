//! The spool door: what applications rename into a folder goes out by the rule that takes it, once, or is told what was wrong with it.

use crate::support::{
    endpoint::Endpoint,
    gateway::Gateway,
    ledger::Ledger,
    scripted_smtp::{Message, Script, ScriptedSmtp},
    wait,
};
use mail_parser::MessageParser;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::Write,
    os::unix::{
        fs::{PermissionsExt, symlink},
        process::ExitStatusExt,
    },
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

const PATIENCE: Duration = Duration::from_secs(60);
const EVERYTHING: &str =
    "when: { mail: { door: spool } }\nthen: [relay]\nretry: { first_wait: 1s, longest_wait: 1s }\n";

struct Post {
    relay: ScriptedSmtp,
    gateway: Gateway,
    spool: PathBuf,
}

impl Post {
    fn new() -> Self {
        let relay = ScriptedSmtp::start(Script::with([]));
        let gateway = Gateway::with(&[("main", &Endpoint::from(&relay))]);
        let spool = gateway.config.with_file_name("spool");
        gateway.configuration("mail: { from: Acme <gate@here.example> }\ndoors: { spool: { folder: spool } }");
        gateway.rule_file("outgoing", EVERYTHING);
        assert_eq!(gateway.code("once"), 0, "the spool is made");
        Self { relay, gateway, spool }
    }

    /// What was relayed: reports to senders have no sender.
    fn relayed(&self) -> Vec<Message> {
        self.relay.messages().into_iter().filter(|message| !message.from.starts_with("<>")).collect()
    }

    /// As programs should: written under another name, then renamed.
    fn hand_over(&self, name: &str, bytes: impl AsRef<[u8]>) {
        hand_over(&self.spool, name, bytes);
    }

    /// What is left in the spool, failed/ apart.
    fn left(&self) -> Vec<String> {
        let new = names(&self.spool.join("new"));
        let own = names(&self.spool).into_iter().filter(|name| !["new", "tmp", "cur", "failed"].contains(&&**name));
        own.chain(new).collect()
    }

    /// The files in failed/ that have a reason, with its first line.
    fn failed(&self) -> BTreeMap<String, String> {
        let folder = self.spool.join("failed");
        let all = names(&folder);
        let reasons = all.iter().filter_map(|name| name.strip_suffix(".why"));
        reasons
            .map(|name| {
                assert!(all.iter().any(|other| other == name), "{name} is beside its reason");
                let why = fs::read_to_string(folder.join(format!("{name}.why"))).unwrap();
                (name.to_owned(), why.lines().next().unwrap().to_owned())
            })
            .collect()
    }
}

fn hand_over(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    let part = folder.join(format!(".{name}"));
    fs::write(&part, bytes).unwrap();
    fs::rename(part, folder.join(name)).unwrap();
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The envelope's, without its parameters.
fn sender(message: &Message) -> &str {
    message.from.split(' ').next().unwrap().trim_matches(['<', '>'])
}

fn subjects(messages: &[Message]) -> Vec<String> {
    let subject =
        |message: &Message| MessageParser::default().parse(&message.bytes).unwrap().subject().unwrap().to_owned();
    let mut all: Vec<String> = messages.iter().map(subject).collect();
    all.sort();
    all
}

#[tokio::test]
async fn a_message_goes_out_whole_by_its_own_envelope() {
    let post = Post::new();
    assert_eq!(fs::metadata(&post.spool).unwrap().permissions().mode() & 0o7777, 0o2770);
    post.hand_over(
        "order-7.eml",
        "Return-Path: <bounces@here.example>\nFrom: Shop <shop@here.example>\nTo: bob@there.example\nBcc: eve@there.example,\n\troot\nSubject: Order 7\n\n.\nhello\r\n..\nend",
    );
    for ignored in [".hidden.eml", "half.eml.tmp", "half.eml.part"] {
        fs::write(post.spool.join(ignored), "From: a@b.example\nTo: c@d.example\n\n").unwrap();
    }
    hand_over(
        &post.spool.join("new"),
        "1700000000.M1P2.host,S=3:2,",
        "From: a@here.example\r\nTo: c@there.example\r\nSubject: maildir\r\n\r\n1\r\n",
    );
    fs::write(post.spool.join("tmp/1"), "From: a@b.example\nTo: c@d.example\n\n").unwrap();
    let once = post.gateway.run(&["once"]);
    assert!(once.status.success(), "{}", String::from_utf8_lossy(&once.stderr));
    assert_eq!(post.left(), [".hidden.eml", "half.eml.part", "half.eml.tmp"]);
    assert_eq!(names(&post.spool.join("tmp")), ["1"]);
    let messages = post.relay.messages();
    assert_eq!(subjects(&messages), ["Order 7", "maildir"]);
    let order = messages.iter().find(|message| message.recipients.len() == 3).unwrap();
    assert_eq!(sender(order), "bounces@here.example");
    assert_eq!(order.recipients, ["<bob@there.example>", "<eve@there.example>", "<root@here.example>"]);
    let text = String::from_utf8(order.bytes.clone()).unwrap();
    assert!(text.ends_with("\r\n\r\n.\r\nhello\r\n..\r\nend\r\n"), "{text}");
    assert!(text.starts_with("Received: by ") && text.contains("from the spool"), "{text}");
    assert!(!text.contains("Bcc") && !text.contains("eve") && !text.contains("Return-Path"), "{text}");
    assert_eq!(Ledger::open(&post.gateway).await.states().await, ["delivered 4"]);
}

#[tokio::test]
async fn a_request_goes_out_as_the_message_that_it_asks_for() {
    let post = Post::new();
    let templates = post.gateway.config.with_file_name("templates/order-confirmed");
    fs::create_dir_all(&templates).unwrap();
    fs::write(templates.join("subject.txt"), "Order {{ order.number }}\n").unwrap();
    fs::write(templates.join("text.txt"), "{% for line in order.lines %}{{ line }}\n{% endfor %}").unwrap();
    post.hand_over(
        "1.yaml",
        "to: [Ann <ann@there.example>]\nbcc: eve@there.example\ntemplate: order-confirmed\ndata: { order: { number: 7, lines: [a, b] } }\n",
    );
    post.hand_over("2.json", r#"{"to": "bob@there.example", "subject": "\u00fc {{ x }}", "text": "plain"}"#);
    assert_eq!(post.gateway.code("once"), 0);
    assert_eq!((post.left(), post.failed()), (vec![], BTreeMap::new()));
    let messages = post.relay.messages();
    assert_eq!(subjects(&messages), ["Order 7", "ü {{ x }}"]);
    let order = messages.iter().find(|message| message.recipients.len() == 2).unwrap();
    assert_eq!(order.recipients, ["<ann@there.example>", "<eve@there.example>"]);
    assert_eq!(sender(order), "gate@here.example");
    let text = String::from_utf8(order.bytes.clone()).unwrap();
    assert!(!text.contains("eve") && text.contains("a\r\nb\r\n"), "{text}");
    let ids: Vec<String> = Ledger::open(&post.gateway).await.lines("SELECT lower(hex(ref)) FROM messages").await;
    assert!(ids.iter().any(|id| text.contains(&format!("Message-ID: <{id}@here.example>"))), "{text}");
}

#[tokio::test]
async fn what_cannot_be_taken_is_in_failed_with_its_reason_and_nothing_is_overwritten() {
    let post = Post::new();
    post.gateway.rule_file("outgoing", "when: { mail: { to: \"*@there.example\" } }\nthen: [relay]\n");
    post.gateway.configuration("limits: { message_size: 2KB }");
    let head = "From: a@here.example\nTo: b@there.example\nSubject: s\n";
    let at = |name: &str| post.spool.join(name);
    post.hand_over("elsewhere.eml", "From: a@here.example\nTo: b@x.example\n\n1\n");
    post.hand_over("nobody.eml", "From: a@here.example\nSubject: s\n\n1\n");
    post.hand_over("unsigned.eml", "To: b@there.example\n\n1\n");
    post.hand_over("odd.eml", "From: a@here.example\nTo: b c d\n\n1\n");
    post.hand_over("rubbish.eml", (0..=255).collect::<Vec<u8>>());
    post.hand_over("empty.eml", "");
    post.hand_over("large.eml", format!("{head}\n{}", "x\n".repeat(2000)));
    post.hand_over("round.eml", format!("{}{head}\n1\n", "Received: by a\n".repeat(60)));
    post.hand_over("wrong.yaml", "to: b@there.example\nsubjct: s\n");
    post.hand_over("wrong.json", "{");
    post.hand_over("note.txt", format!("{head}\n1\n"));
    fs::write(post.gateway.config.with_file_name("other"), head).unwrap();
    fs::hard_link(post.gateway.config.with_file_name("other"), at("linked.eml")).unwrap();
    symlink("/etc/passwd", at("link.eml")).unwrap();
    symlink("nowhere", at("new/dangling")).unwrap();
    mknodat(CWD, at("pipe.eml"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    fs::create_dir(at("folder.eml")).unwrap();
    fs::write(at("failed/nobody.eml"), "an earlier one").unwrap();
    fs::write(at("failed/nobody.eml.why"), "an earlier reason").unwrap();
    assert_eq!(post.gateway.code("once"), 0);
    assert_eq!(post.left(), ["folder.eml"], "a folder is left alone");
    assert!(post.relayed().is_empty());
    let mut failed = post.failed();
    let other = failed.keys().find(|name| name.ends_with(".nobody.eml")).unwrap().clone();
    assert_eq!(failed.remove(&other).unwrap(), "its header does not say whom it is for: To, Cc or Bcc");
    assert_eq!(fs::read_to_string(at("failed/nobody.eml")).unwrap(), "an earlier one");
    let failed: Vec<String> = failed.iter().map(|(name, why)| format!("{name}: {why}")).collect();
    assert_eq!(
        failed,
        [
            "dangling.eml: it is a symlink, not a file",
            "elsewhere.eml: no rule takes this message",
            "empty.eml: its header does not say whom it is from: Return-Path, Sender or From",
            "large.eml: it has more than 2000 bytes, `limits: message_size`",
            "link.eml: it is a symlink, not a file",
            "linked.eml: it has another name elsewhere",
            "nobody.eml: an earlier reason",
            "note.txt: its name does not say what it is: it ends in .eml, .yaml, .yml or .json",
            "odd.eml: To has \"b c d\", which is not an address",
            "pipe.eml: it is not a file",
            "round.eml: it says that it was received 61 times: it goes round in a loop",
            "rubbish.eml: its header does not say whom it is from: Return-Path, Sender or From",
            "unsigned.eml: its header does not say whom it is from: Return-Path, Sender or From",
            "wrong.json: error: this is not JSON: EOF while parsing an object",
            "wrong.yaml: error: `text` is missing in a message request",
        ]
    );
    let whole = fs::read_to_string(at("failed/wrong.yaml.why")).unwrap();
    assert!(whole.contains("wrong.yaml:2:1") && whole.contains("did you mean `subject`?"), "{whole}");
    assert!(!whole.contains("`subject` is missing"), "one mistake is one finding: {whole}");
}

/// Put right, it is moved back and goes out.
#[test]
fn what_failed_can_be_moved_back() {
    let post = Post::new();
    post.hand_over("a.yaml", "to: b@there.example\nsubjct: s\ntext: t\n");
    assert_eq!(post.gateway.code("once"), 0);
    let failed = post.spool.join("failed/a.yaml");
    fs::write(&failed, "to: b@there.example\nsubject: s\ntext: t\n").unwrap();
    fs::rename(&failed, post.spool.join("a.yaml")).unwrap();
    assert_eq!(post.gateway.code("once"), 0);
    assert_eq!(subjects(&post.relay.messages()), ["s"]);
}

/// A program that writes in place is waited for.
#[test]
fn what_is_being_written_is_no_half_message() {
    let post = Post::new();
    let serving = post.gateway.serve();
    let mut slow = File::create(post.spool.join("slow.eml")).unwrap();
    slow.write_all(b"From: a@here.example\nTo: b@there.example\nSubject: slow\n\nfirst half\n").unwrap();
    let begun = std::time::Instant::now();
    // others come and go, for longer than it would take to settle
    let mut sent = 0;
    while begun.elapsed() < Duration::from_secs(4) {
        sent += 1;
        post.hand_over("other.eml", format!("From: a@here.example\nTo: b@there.example\nSubject: {sent}\n\n1\n"));
        wait::until("the other is sent", PATIENCE, || post.relay.messages().len() == sent);
    }
    slow.write_all(b"second half\n").unwrap();
    drop(slow);
    wait::until("it is sent", PATIENCE, || post.relay.messages().len() == sent + 1);
    drop(serving);
    let messages = post.relay.messages();
    let slow = messages.iter().find(|message| message.bytes.ends_with(b"first half\r\nsecond half\r\n"));
    assert!(slow.is_some());
}

/// Each is with the relay once, and its file gone.
#[tokio::test]
async fn killed_at_each_point_every_message_goes_out_once() {
    for point in [
        "spool.claimed",
        "intake.before_commit",
        "intake.after_commit",
        "spool.before_removal",
        "spool.before_setting_aside",
    ] {
        let post = Post::new();
        for number in 0..20 {
            let head = format!("From: a@here.example\nTo: b@there.example\nSubject: {number}\n\nbody\n");
            let request = format!("to: b@there.example\nsubject: \"{number}\"\ntext: t\n");
            match number % 3 {
                0 => post.hand_over(&format!("{number}.eml"), head),
                1 => hand_over(&post.spool.join("new"), &format!("{number}.host"), head),
                _ => post.hand_over(&format!("{number}.yaml"), request),
            }
        }
        post.hand_over("wrong.yaml", "to: b@there.example\n");
        let mut once = post.gateway.command(&["once"]);
        let status = once.env("PACKETBOAT_KILL_AT", format!("{point}:1")).stderr(Stdio::null()).status().unwrap();
        assert_eq!(status.signal(), Some(9), "{point} was never reached");
        assert_eq!(post.gateway.code("once"), 0, "{point}");
        assert_eq!((post.left(), post.failed().len()), (vec![], 1), "{point}");
        let mut wanted: Vec<String> = (0..20).map(|number| number.to_string()).collect();
        wanted.sort();
        assert_eq!(subjects(&post.relay.messages()), wanted, "{point}");
        let mut ledger = Ledger::open(&post.gateway).await;
        assert_eq!(ledger.states().await, ["delivered 20"], "{point}");
    }
}

/// It went out: that its template is gone by now is no failure.
#[test]
fn what_was_taken_in_before_a_kill_is_not_read_again() {
    let post = Post::new();
    let template = post.gateway.config.with_file_name("templates/hello");
    fs::create_dir_all(&template).unwrap();
    fs::write(template.join("subject.txt"), "hello").unwrap();
    fs::write(template.join("text.txt"), "hello").unwrap();
    post.hand_over("a.yaml", "to: b@there.example\ntemplate: hello\n");
    let mut once = post.gateway.command(&["once"]);
    let status = once.env("PACKETBOAT_KILL_AT", "spool.before_removal").stderr(Stdio::null()).status().unwrap();
    assert_eq!((status.signal(), post.left().len()), (Some(9), 1));
    fs::remove_dir_all(template).unwrap();
    assert_eq!(post.gateway.code("once"), 0);
    assert_eq!((post.left(), post.failed()), (vec![], BTreeMap::new()));
    assert_eq!(subjects(&post.relay.messages()), ["hello"]);
}

/// An application that does not know whether it handed over hands over again.
#[tokio::test]
async fn the_same_key_is_taken_in_once_and_other_content_under_it_is_set_aside() {
    let post = Post::new();
    let request =
        |subject: &str| format!("to: b@there.example\nsubject: {subject}\ntext: t\nidempotency_key: order-7\n");
    post.hand_over("a.yaml", request("one"));
    assert_eq!(post.gateway.code("once"), 0);
    post.hand_over("b.yaml", request("one"));
    post.hand_over("c.yaml", request("two"));
    post.hand_over("d.yaml", request("one"));
    assert_eq!(post.gateway.code("once"), 0);
    assert_eq!(subjects(&post.relay.messages()), ["one"]);
    assert!(post.left().is_empty());
    let why = "its idempotency_key came before with other content, and is kept for 7 days".to_owned();
    assert_eq!(post.failed(), BTreeMap::from([("c.yaml".to_owned(), why)]));
    let mut ledger = Ledger::open(&post.gateway).await;
    assert_eq!(ledger.lines("SELECT count(*) || '' FROM messages").await, ["1"]);
}

/// Tags choose the rule, data stand in its headers, and what is to be sent later waits, through a start as well.
#[tokio::test]
async fn what_a_request_wants_is_done() {
    let post = Post::new();
    post.gateway.rule_file(
        "outgoing",
        "when: { mail: { door: spool, tags: shop } }\nif: mail.data.order.total > 10\nthen:\n  - relay:\n      headers: { X-Order: \"{{ mail.data.order.number }} {{ mail.tags | join }}\" }\n",
    );
    let head = "to: b@there.example\ntext: t\n";
    post.hand_over(
        "a.yaml",
        format!("{head}subject: now\ntags: [vip, shop]\ndata: {{ order: {{ number: 7, total: 12.5 }} }}\n"),
    );
    post.hand_over("b.yaml", format!("{head}subject: later\ntags: shop\nsend_at: 30d\ndeadline: 1h\ndata: {{ order: {{ number: 8, total: 11 }} }}\n"));
    post.hand_over("c.yaml", format!("{head}subject: untagged\n"));
    post.hand_over(
        "d.yaml",
        format!("{head}subject: cheap\ntags: shop\ndata: {{ order: {{ number: 9, total: 1 }} }}\n"),
    );
    assert_eq!(post.gateway.code("once"), 4, "one waits");
    assert_eq!(post.gateway.code("once"), 4, "a start brings it no nearer");
    let messages = post.relayed();
    assert_eq!(subjects(&messages), ["now"]);
    assert!(String::from_utf8_lossy(&messages[0].bytes).contains("X-Order: 7 vipshop\r\n"));
    assert_eq!(post.failed().keys().collect::<Vec<_>>(), ["c.yaml", "d.yaml"]);
    let mut ledger = Ledger::open(&post.gateway).await;
    let spans = "SELECT ((j.due_at - m.received_at) / 86400000) || ' d, ' || ((j.expires_at - j.due_at) / 60000) || ' min'
                   FROM jobs j JOIN arrivals a ON a.id = j.arrival_id JOIN messages m ON m.id = a.message_id WHERE j.state = 'queued'";
    let spans = ledger.lines(spans).await;
    assert!(["29 d, 60 min", "30 d, 60 min"].contains(&spans[0].as_str()), "{spans:?}");
}

/// Killed again and again while 500 files are renamed in.
#[tokio::test]
async fn what_was_handed_over_is_sent_whatever_is_killed() {
    let post = Post::new();
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..5)
            .map(|caller| {
                let spool = &post.spool;
                scope.spawn(move || {
                    for number in 0..100 {
                        let head =
                            format!("From: a@here.example\nTo: b@there.example\nSubject: {caller}-{number}\n\n1\n");
                        hand_over(spool, &format!("{caller}-{number}.eml"), head);
                    }
                })
            })
            .collect();
        let is_over = || callers.iter().all(std::thread::ScopedJoinHandle::is_finished);
        for _ in 0..5 {
            let before = post.relay.messages().len();
            let serving = post.gateway.serve();
            wait::until("something goes out", PATIENCE, || {
                post.relay.messages().len() > before || post.left().is_empty()
            });
            drop(serving); // by SIGKILL
        }
        wait::until("all are there", PATIENCE, is_over);
    });
    wait::until("all is sent", PATIENCE, || post.gateway.code("once") == 0);
    let sent: BTreeSet<String> = subjects(&post.relay.messages()).into_iter().collect();
    assert_eq!((sent.len(), post.left()), (500, vec![]));
    assert_eq!(Ledger::open(&post.gateway).await.states().await, ["delivered 500"], "one job each");
}

#[test]
fn a_spool_that_cannot_be_made_is_told_of() {
    let post = Post::new();
    fs::remove_dir_all(&post.spool).unwrap();
    fs::write(&post.spool, "").unwrap();
    let serving = post.gateway.serve();
    wait::until("status tells", PATIENCE, || {
        let status = post.gateway.run(&["status"]);
        String::from_utf8_lossy(&status.stdout).contains("its folder: ")
    });
    fs::remove_file(&post.spool).unwrap();
    wait::until("it is made", PATIENCE, || post.spool.join("new").is_dir());
    drop(serving);
}
