//! The sendmail door: a message is left whether the gateway runs or not, and goes out by the rule that takes it.

use crate::support::{
    endpoint::Endpoint,
    gateway::Gateway,
    ledger::Ledger,
    scripted_smtp::{Message, Script, ScriptedSmtp},
    wait,
};
use mail_parser::MessageParser;
use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    os::unix::{fs::PermissionsExt, process::ExitStatusExt},
    path::PathBuf,
    process::{Command, Output, Stdio},
    time::Duration,
};

const PATIENCE: Duration = Duration::from_secs(30);
const EVERYTHING: &str = "when: mail\nthen: [relay]\n";

struct Post {
    relay: ScriptedSmtp,
    gateway: Gateway,
    maildrop: PathBuf,
}

impl Post {
    fn new() -> Self {
        let relay = ScriptedSmtp::start(Script::with([]));
        let gateway = Gateway::with(&[("main", &Endpoint::from(&relay))]);
        let maildrop = gateway.config.with_file_name("maildrop");
        gateway.configuration("mail: { from: gate@here.example }\ndoors: { sendmail: { maildrop: maildrop } }");
        Self { relay, gateway, maildrop }
    }

    /// What was relayed: reports to senders have no sender.
    fn relayed(&self) -> Vec<Message> {
        self.relay.messages().into_iter().filter(|message| !message.from.starts_with("<>")).collect()
    }

    /// Calls sendmail with these arguments.
    fn sendmail(&self, arguments: &[&str], message: &[u8]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_packetboat"));
        command.arg("sendmail").arg("-C").arg(&self.gateway.config).args(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(message); // it may have refused before it read
        child.wait_with_output().unwrap()
    }

    fn left(&self) -> usize {
        fs::read_dir(&self.maildrop).unwrap().count()
    }
}

/// The envelope's, without its parameters.
fn sender(message: &Message) -> &str {
    message.from.split(' ').next().unwrap().trim_matches(['<', '>'])
}

#[tokio::test]
async fn what_a_program_leaves_goes_out_whole_to_everybody_it_is_for() {
    let post = Post::new();
    post.gateway.rule_file("outgoing", EVERYTHING);
    assert_eq!(post.gateway.code("once"), 0, "the maildrop is made");
    assert_eq!(fs::metadata(&post.maildrop).unwrap().permissions().mode() & 0o7777, 0o3777);
    let message = "To: bob@there.example\nBcc: eve@there.example,\n\troot\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n\n.\nhello\r\n..\nend";
    let left = post.sendmail(&["-t", "-i", "-v", "-f", "ann", "-F", "Ann Ön"], message.as_bytes());
    assert!(left.status.success(), "{}", String::from_utf8_lossy(&left.stderr));
    assert_eq!(String::from_utf8(left.stdout).unwrap().trim().len(), 8, "its ref");
    assert_eq!(post.left(), 1);
    assert_eq!(post.gateway.code("once"), 0);
    assert_eq!(post.left(), 0);
    let messages = post.relay.messages();
    let [message] = &messages[..] else { panic!("{} messages", messages.len()) };
    assert_eq!(sender(message), "ann@here.example");
    assert_eq!(message.recipients, ["<bob@there.example>", "<eve@there.example>", "<root@here.example>"]);
    let text = String::from_utf8(message.bytes.clone()).unwrap();
    assert!(text.ends_with("\r\n\r\n.\r\nhello\r\n..\r\nend\r\n"), "{text}");
    assert!(text.starts_with("Received: by "), "{text}");
    assert!(!text.contains("Bcc") && !text.contains("eve"), "{text}");
    let read = MessageParser::default().parse(&message.bytes).unwrap();
    assert_eq!(read.subject(), Some("Grüße"));
    let from = read.from().and_then(|from| from.first()).unwrap();
    assert_eq!((from.name(), from.address()), (Some("Ann Ön"), Some("ann@here.example")));
    assert!(read.message_id().is_some() && read.date().is_some());
    let mut ledger = Ledger::open(&post.gateway).await;
    assert_eq!(ledger.states().await, ["delivered 3"]);
}

#[tokio::test]
async fn a_rule_takes_what_it_names_and_the_rest_goes_by_the_last() {
    let post = Post::new();
    post.gateway.rule_file(
        "orders",
        "when: { mail: { to: \"*@Shop.example\" } }\nif: \"'order' in mail.subject | lower\"\nthen:
  - relay: { to: orders@there.example, sender: \"bounces+{{ mail.sender.local }}@here.example\", headers: { X-Tag: \"{{ mail.headers['x-kind'] }}\", X-Secret: ~ } }\n",
    );
    post.gateway.rule_file("rest", "when: { mail: { unmatched: true } }\nthen: [relay]\n");
    let once = post.gateway.run(&["once"]);
    assert!(once.status.success(), "{}", String::from_utf8_lossy(&once.stderr));
    let order = b"X-Kind: new\nX-secret: 1\n\t2\nSubject: Order 7\n\nbody\n";
    for (recipient, message) in
        [("a@shop.example", &order[..]), ("b@shop.example", b"Subject: hello\n\nbody\n"), ("c@x.example", order)]
    {
        assert!(post.sendmail(&["-f", "ann@here.example", recipient], message).status.success());
    }
    assert_eq!(post.gateway.code("once"), 0);
    let mut sent: Vec<_> = post
        .relay
        .messages()
        .into_iter()
        .map(|message| {
            let text = String::from_utf8(message.bytes.clone()).unwrap();
            let tag = text.contains("\r\nX-Tag: new\r\n") && !text.contains("X-secret");
            format!("{} {} {tag}", sender(&message), message.recipients.join(","))
        })
        .collect();
    sent.sort();
    let expected = [
        "ann@here.example <b@shop.example> false",
        "ann@here.example <c@x.example> false",
        "bounces+ann@here.example <orders@there.example> true",
    ];
    assert_eq!(sent, expected);
}

#[tokio::test]
async fn what_cannot_be_taken_is_set_aside_with_its_reason() {
    let post = Post::new();
    post.gateway.rule_file("orders", "when: { mail: { to: orders@here.example } }\nthen: [relay]\n");
    post.gateway.code("once");
    assert!(post.sendmail(&["bob@there.example"], b"Subject: s\n\nno rule takes it\n").status.success());
    fs::write(post.maildrop.join("odd.mail"), "rubbish").unwrap();
    fs::write(post.maildrop.join("0192f0c1d2e37abc8def0123456789ab.mail"), "rubbish").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", post.maildrop.join("0192f0c1d2e37abc8def0123456789ac.mail")).unwrap();
    let round: String = "Received: by a\n".repeat(60);
    assert!(
        post.sendmail(&["orders@here.example"], format!("{round}Subject: s\n\nround\n").as_bytes()).status.success()
    );
    assert_eq!(post.gateway.code("once"), 0);
    assert_eq!(post.left(), 0);
    let refused = post.gateway.config.with_file_name("maildrop-refused");
    let mut reasons: Vec<_> = fs::read_dir(&refused)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "why"))
        .map(|path| {
            assert!(fs::symlink_metadata(path.with_extension("")).is_ok(), "it is beside its reason");
            fs::read_to_string(path).unwrap().trim().to_owned()
        })
        .collect();
    reasons.sort();
    assert_eq!(
        reasons,
        [
            "it does not begin as sendmail writes it",
            "it is a symlink, not a file",
            "it says that it was received 61 times: it goes round in a loop",
            "its name is not one that sendmail gives",
            "no rule takes this message",
        ]
    );
    fs::write(post.maildrop.join("odd.mail"), "another of that name").unwrap();
    fs::create_dir(post.maildrop.join("folder.mail")).unwrap();
    assert_eq!(post.gateway.code("once"), 0, "neither is in the way of what comes after it");
    assert_eq!(post.left(), 1, "a folder is left alone");
    assert_eq!(fs::read_to_string(refused.join("odd.mail")).unwrap(), "rubbish");
    let reasons = fs::read_dir(&refused).unwrap().filter(|entry| {
        entry.as_ref().unwrap().file_name().to_str().is_some_and(|name| name.ends_with("odd.mail.why"))
    });
    assert_eq!(reasons.count(), 2);
    assert!(post.relayed().is_empty());
}

#[tokio::test]
async fn what_is_left_while_the_gateway_runs_goes_out_at_once() {
    let post = Post::new();
    post.gateway.rule_file("outgoing", EVERYTHING);
    let serving = post.gateway.serve();
    wait::until("the maildrop is made", PATIENCE, || post.maildrop.exists());
    for number in 0..3 {
        assert!(
            post.sendmail(&["bob@there.example"], format!("Subject: {number}\n\nbody\n").as_bytes()).status.success()
        );
    }
    wait::until("all are there", PATIENCE, || post.relay.messages().len() == 3);
    drop(serving);
}

/// Each is with the relay once, and its file gone.
#[tokio::test]
async fn killed_at_each_point_every_message_goes_out_once() {
    for point in ["intake.before_commit", "intake.after_commit", "maildrop.before_removal"] {
        let post = Post::new();
        post.gateway.rule_file("outgoing", EVERYTHING);
        post.gateway.code("once");
        for number in 0..20 {
            let message = format!("Subject: {number}\n\nbody\n");
            assert!(post.sendmail(&["bob@there.example"], message.as_bytes()).status.success());
        }
        let mut once = post.gateway.command(&["once"]);
        let status = once.env("PACKETBOAT_KILL_AT", format!("{point}:1")).stderr(Stdio::null()).status().unwrap();
        assert_eq!(status.signal(), Some(9), "{point} was never reached");
        assert_eq!(post.left(), 20, "{point}");
        assert_eq!(post.gateway.code("once"), 0, "{point}");
        assert_eq!((post.left(), post.relay.messages().len()), (0, 20), "{point}");
    }
}

/// Its rule was taken away before the next start: what was committed goes out all the same.
#[tokio::test]
async fn what_was_committed_before_a_kill_is_not_set_aside() {
    let post = Post::new();
    post.gateway.rule_file("outgoing", EVERYTHING);
    post.gateway.code("once");
    assert!(post.sendmail(&["bob@there.example"], b"Subject: hello\n\nbody\n").status.success());
    let mut once = post.gateway.command(&["once"]);
    let status = once.env("PACKETBOAT_KILL_AT", "maildrop.before_removal").stderr(Stdio::null()).status().unwrap();
    assert_eq!((status.signal(), post.left()), (Some(9), 1));
    post.gateway.rule_file("outgoing", "when: { mail: { to: \"*@nowhere.example\" } }\nthen: [relay]\n");
    assert_eq!(post.gateway.code("once"), 0);
    assert_eq!((post.left(), post.relay.messages().len()), (0, 1));
    assert!(!post.maildrop.with_file_name("maildrop-refused").exists());
}

/// It comes back from a relay, and once more from there: a mailbox of this machine may forward it. Then it is a loop.
#[tokio::test]
async fn a_message_that_keeps_coming_back_is_set_aside() {
    let post = Post::new();
    post.gateway.rule_file("outgoing", EVERYTHING);
    post.gateway.code("once");
    let mut message = b"Subject: hello\n\nbody\n".to_vec();
    for pass in 1..=3 {
        assert!(post.sendmail(&["bob@there.example"], &message).status.success());
        assert_eq!(post.gateway.code("once"), 0);
        let passed = post.relayed();
        assert_eq!(passed.len(), pass.min(2), "pass {pass}");
        message = passed.last().unwrap().bytes.clone();
        assert_eq!(String::from_utf8_lossy(&message).matches("\r\nX-Packetboat-Loop: ").count(), pass.min(2));
    }
    let refused = post.maildrop.with_file_name("maildrop-refused");
    let why = fs::read_dir(refused).unwrap().map(|entry| entry.unwrap().path());
    let why = why
        .filter(|path| path.extension().is_some_and(|end| end == "why"))
        .map(|path| fs::read_to_string(path).unwrap());
    assert_eq!(why.collect::<Vec<_>>(), ["it came through this gateway 2 times before: it goes round in a loop\n"]);
}

/// Many callers at once, and a gateway that is killed while they are at it, again and again.
#[tokio::test]
async fn what_was_acknowledged_is_sent_whatever_is_killed() {
    let post = Post::new();
    post.gateway.rule_file("outgoing", &format!("{EVERYTHING}retry: {{ first_wait: 1s, longest_wait: 1s }}\n"));
    post.gateway.code("once");
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..4)
            .map(|caller| {
                let post = &post;
                scope.spawn(move || {
                    for number in 0..50 {
                        let message = format!("Subject: {caller}-{number}\n\nbody\n");
                        assert!(post.sendmail(&["bob@there.example"], message.as_bytes()).status.success());
                    }
                })
            })
            .collect();
        while !callers.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            let before = post.relay.messages().len();
            let serving = post.gateway.serve();
            wait::until("something goes out", PATIENCE, || {
                post.relay.messages().len() > before || callers.iter().all(std::thread::ScopedJoinHandle::is_finished)
            });
            drop(serving); // by SIGKILL
        }
    });
    wait::until("all is sent", PATIENCE, || post.gateway.code("once") == 0);
    let subjects = |message: Message| {
        let message = MessageParser::default().parse(&message.bytes).unwrap();
        message.subject().unwrap().to_owned()
    };
    let sent: BTreeSet<String> = post.relay.messages().into_iter().map(subjects).collect();
    assert_eq!(sent.len(), 200);
    let mut ledger = Ledger::open(&post.gateway).await;
    assert_eq!(ledger.states().await, ["delivered 200"], "one job each, however often it was killed");
}

#[test]
fn a_caller_is_told_what_is_wrong_by_the_code_he_knows() {
    let post = Post::new();
    for (arguments, message, code, says) in [
        (&["-bs"][..], "", 64, "`-bs` is not built yet"),
        (&[], "Subject: s\n\n", 64, "it is for nobody"),
        (&["-t"], "To: a b c\n\n", 65, "not an address"),
        (&["a@b.example"], "Subject: s\n\n", 69, "cannot be left in"),
    ] {
        let output = post.sendmail(arguments, message.as_bytes());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(says), "{arguments:?}: {said}");
    }
}
