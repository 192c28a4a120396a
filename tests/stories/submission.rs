//! The submission door: applications speak SMTP to us, and a message that was acknowledged goes out.

use crate::support::{
    certificates::{self, Shown},
    endpoint::Endpoint,
    gateway::{Gateway, Serving},
    ledger::Ledger,
    scripted_smtp::{Script, ScriptedSmtp},
    wait,
};
use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    process::{Command, Output, Stdio},
    time::Duration,
};

const PATIENCE: Duration = Duration::from_secs(30);

struct Post {
    relay: ScriptedSmtp,
    gateway: Gateway,
    port: u16,
}

impl Post {
    /// With these lines beside `listen`.
    fn new(more: &str) -> Self {
        let relay = ScriptedSmtp::start(Script::with([]));
        let gateway = Gateway::with(&[("main", &Endpoint::from(&relay))]);
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        gateway.configuration(&format!(
            "mail: {{ from: gate@here.example }}\nlimits: {{ message_size: 1MB }}\ndoors: {{ submission: {{ listen: \"127.0.0.1:{port}\" {more} }} }}"
        ));
        gateway.rule_file("outgoing", "when: { mail: { door: submission, to: \"*@there.example\" } }\nthen: [relay]\n");
        Self { relay, gateway, port }
    }

    fn serve(&self) -> Serving {
        let serving = self.gateway.serve();
        wait::until("the door is open", PATIENCE, || TcpStream::connect(("127.0.0.1", self.port)).is_ok());
        serving
    }

    fn client(&self) -> Client {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut client = Client(BufReader::new(stream));
        assert_eq!(client.reply(), "220");
        client
    }
}

struct Client(BufReader<TcpStream>);

impl Client {
    fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.0.get_mut().write_all(bytes.as_ref()); // it may have been hung up on
    }

    /// Code and enhanced code of the next reply; nothing once it has been hung up on.
    fn reply(&mut self) -> String {
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).unwrap_or(0) == 0 {
                return String::new();
            }
            if line.as_bytes().get(3) == Some(&b' ') {
                let enhanced =
                    line[4..].split(' ').next().filter(|word| word.contains('.') && word.starts_with(&line[..1]));
                return [&line[..3]].into_iter().chain(enhanced).collect::<Vec<_>>().join(" ");
            }
        }
    }

    /// Says a line; its answer.
    fn say(&mut self, line: &str) -> String {
        self.send(format!("{line}\r\n"));
        self.reply()
    }

    /// Begins a message to ann.
    fn begin(&mut self) {
        for (line, answer) in [
            ("EHLO x", "250"),
            ("MAIL FROM:<a@here.example>", "250 2.1.0"),
            ("RCPT TO:<ann@there.example>", "250 2.1.5"),
        ] {
            assert_eq!(self.say(line), answer, "{line}");
        }
    }
}

fn python(script: &str) -> Output {
    Command::new("python3").args(["-c", script]).output().unwrap()
}

#[test]
fn what_pythons_smtplib_hands_over_goes_out_byte_for_byte() {
    let post = Post::new("");
    let _serving = post.serve();
    let said = python(&format!(
        "import smtplib\ns = smtplib.SMTP('127.0.0.1', {})\nm = b'Subject: one\\r\\nMessage-ID: <1@x.example>\\r\\nDate: Fri, 27 Nov 2026 07:00:00 +0000\\r\\nFrom: a@here.example\\r\\n\\r\\n.\\r\\n..\\r\\n\\xc3\\xbc\\r\\n'\n\
         print(s.sendmail('a@here.example', ['ann@there.example', 'Bob@there.example', 'ann@there.example'], m, ['SIZE=99', 'BODY=8BITMIME']))\n\
         print(s.sendmail('', ['c@there.example'], m.replace(b'one', b'two')))\ns.quit()\n",
        post.port
    ));
    assert_eq!(String::from_utf8_lossy(&said.stdout), "{}\n{}\n", "{}", String::from_utf8_lossy(&said.stderr));
    wait::until("both go out", PATIENCE, || post.relay.messages().len() == 2);
    let messages = post.relay.messages();
    let one = messages.iter().find(|message| message.recipients.len() == 2).unwrap();
    assert_eq!(one.recipients, ["<ann@there.example>", "<Bob@there.example>"]);
    let text = String::from_utf8(one.bytes.clone()).unwrap();
    assert!(text.starts_with("Received: from ") && text.contains(" with ESMTP\r\n"), "{text}");
    let body = "Subject: one\r\nMessage-ID: <1@x.example>\r\nDate: Fri, 27 Nov 2026 07:00:00 +0000\r\nFrom: a@here.example\r\n\r\n.\r\n..\r\nü\r\n";
    assert!(text.ends_with(body), "{text}");
    let two = messages.iter().find(|message| message.recipients.len() == 1).unwrap();
    assert!(two.from.starts_with("<>"), "{}", two.from);
}

/// Each with the reply that says what to do, and a connection that goes on or is closed.
#[test]
fn what_is_refused_is_told_by_its_code_and_nothing_of_it_goes_out() {
    let post = Post::new("");
    let _serving = post.serve();
    let large = "x".repeat(76) + "\r\n";
    let large = large.repeat(1_100_000 / large.len());
    let round = "Received: by a\r\n".repeat(60);
    for (lines, answers) in [
        (vec!["MAIL FROM:<a@here.example>"], vec!["503 5.5.1"]),
        (vec!["EHLO x", "MAIL FROM:<a@here.example> SIZE=1000001"], vec!["250", "552 5.3.4"]),
        (vec!["EHLO x", "MAIL FROM:<a@here.example>", "RCPT TO:<x@>"], vec!["250", "250 2.1.0", "501 5.1.3"]),
        (vec!["EHLO x\r\nNOOP"], vec!["554 5.5.0", ""]),
        (vec!["NOOP\nNOOP"], vec!["500 5.5.2", ""]),
        (vec!["STARTTLS"], vec!["502 5.5.1"]),
    ] {
        let mut client = post.client();
        for (at, answer) in answers.into_iter().enumerate() {
            let told = match lines.get(at) {
                Some(line) => client.say(line),
                None => client.reply(),
            };
            assert_eq!(told, answer, "{lines:?}");
        }
    }
    for (message, answer) in [
        ("a\r\n.\n\r\n.\r\n".to_owned(), "550 5.6.0"),
        ("a\n.\nMAIL FROM:<b@here.example>\r\n.\r\n".to_owned(), "550 5.6.0"),
        ("a\r.\r\r\n.\r\n".to_owned(), "550 5.6.0"),
        ("a\0\r\n.\r\n".to_owned(), "550 5.6.0"),
        (format!("{large}.\r\n"), "552 5.3.4"),
        (format!("{round}\r\na\r\n.\r\n"), "554 5.4.6"),
        (format!("{}: a\r\n\r\na\r\n.\r\n", "X".repeat(100)), "550 5.6.0"),
    ] {
        let mut client = post.client();
        client.begin();
        assert_eq!(client.say("DATA"), "354");
        client.send(&message);
        assert_eq!(client.reply(), answer, "{:?}", &message[..message.len().min(60)]);
        assert_eq!(client.say("NOOP"), "250 2.0.0", "it goes on");
    }
    let mut client = post.client();
    assert_eq!(client.say("EHLO x"), "250");
    assert_eq!(client.say("MAIL FROM:<a@here.example>"), "250 2.1.0");
    assert_eq!(client.say("RCPT TO:<ann@elsewhere.example>"), "250 2.1.5");
    assert_eq!(client.say("DATA"), "354");
    assert_eq!(client.say("Subject: nobody\r\n\r\na\r\n."), "550 5.7.1", "no rule takes it");
    for _ in 1..50 {
        assert_eq!(client.say("NONSENSE"), "500 5.5.1");
    }
    assert_eq!((client.say("NONSENSE"), client.reply()), ("421 4.7.0".into(), String::new()));
    // what is right goes out beside all of it, and alone
    let mut client = post.client();
    client.begin();
    assert_eq!(client.say("DATA"), "354");
    assert_eq!(client.say("Subject: right\r\n\r\na\r\n."), "250 2.0.0");
    wait::until("it goes out", PATIENCE, || post.relay.messages().len() == 1);
    assert!(String::from_utf8_lossy(&post.relay.messages()[0].bytes).contains("Subject: right"));
}

#[test]
fn chunks_make_a_message_whatever_they_are_cut_into() {
    let post = Post::new("");
    let _serving = post.serve();
    let mut client = post.client();
    client.begin();
    client.send("BDAT 14\r\nSubject: one\r\nBDAT 8\r\n\r\n.\r\na\r\nBDAT 0 LAST\r\nNOOP\r\n");
    let replies: Vec<String> = (0..4).map(|_| client.reply()).collect();
    assert_eq!(replies, ["250 2.0.0"; 4]);
    client.begin();
    client.send("BDAT 12 LAST\r\nSubject: two");
    assert_eq!(client.reply(), "250 2.0.0");
    client.begin();
    client.send("BDAT 3\r\na\nbDATA\r\n");
    assert_eq!((client.reply(), client.reply()), ("250 2.0.0".into(), "503 5.5.1".into()), "it does not come by both");
    client.send("BDAT 0 LAST\r\n");
    assert_eq!(client.reply(), "550 5.6.0", "a lone LF is none the better for coming in a chunk");
    client.send("BDAT 5 LAST\r\nhello");
    assert_eq!(client.reply(), "503 5.5.1", "and what comes unasked is read and dropped");
    client.begin();
    client.send("BDAT 1000000\r\n");
    client.send("x".repeat(1_000_000));
    assert_eq!(client.reply(), "250 2.0.0");
    client.send("BDAT 1 LAST\r\nx");
    assert_eq!(client.reply(), "552 5.3.4");
    assert_eq!(client.say("BDAT 4000001 LAST"), "552 5.3.4");
    assert_eq!(client.reply(), "", "nobody waits for so much to be dropped");
    wait::until("both go out", PATIENCE, || post.relay.messages().len() == 2);
    let texts: BTreeSet<String> =
        post.relay.messages().iter().map(|message| String::from_utf8_lossy(&message.bytes).into_owned()).collect();
    assert!(
        texts.iter().any(|text| text.contains("Subject: one\r\n") && text.ends_with("\r\n\r\n.\r\na\r\n")),
        "{texts:?}"
    );
    assert!(texts.iter().any(|text| text.contains("Subject: two\r\n")), "{texts:?}");
}

#[test]
fn where_there_are_accounts_nobody_sends_without_tls_and_a_password() {
    let folder = tempfile::tempdir().unwrap();
    let files = certificates::write(Shown::Good, folder.path());
    fs::set_permissions(&files.key, PermissionsExt::from_mode(0o600)).unwrap();
    let hashed = {
        let gateway = Post::new("").gateway;
        let mut child =
            gateway.command(&["hash-password"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"sesame\n").unwrap();
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
    };
    assert!(hashed.starts_with("$argon2id$"), "{hashed}");
    for tls in ["starttls", "implicit"] {
        let post = Post::new(&format!(
            ", tls: {tls}, certificate: \"{}\", key: {{ file: \"{}\" }}, accounts: {{ shop: {{ password_hash: \"{}\", senders: \"*@shop.example\" }} }}",
            files.both.display(),
            files.key.display(),
            hashed.trim()
        ));
        let _serving = post.serve();
        let connect = match tls {
            "starttls" => "s = smtplib.SMTP('localhost', PORT); s.starttls(context=c)",
            _ => "s = smtplib.SMTP_SSL('localhost', PORT, context=c)",
        };
        let said = python(
            &format!(
                "import smtplib, ssl\nc = ssl.create_default_context(cafile='{}')\n{connect}\n\
                 def t(f, *a):\n  try: f(*a); print('well')\n  except smtplib.SMTPRecipientsRefused as e: print(e.recipients)\n  except smtplib.SMTPResponseException as e: print(e.smtp_code)\n\
                 m = 'Subject: one\\r\\n\\r\\na\\r\\n'\n\
                 t(s.sendmail, 'a@shop.example', 'ann@there.example', m)\nt(s.login, 'shop', 'Sesame')\nt(s.login, 'nobody', 'sesame')\nt(s.login, 'shop', 'sesame')\n\
                 t(s.sendmail, 'a@other.example', 'ann@there.example', m)\nt(s.sendmail, 'a@shop.example', 'ann@there.example', m)\n",
                files.ca.display()
            )
            .replace("PORT", &post.port.to_string()),
        );
        let text = String::from_utf8_lossy(&said.stdout).into_owned();
        assert_eq!(text, "530\n535\n535\nwell\n553\nwell\n", "{tls}: {}", String::from_utf8_lossy(&said.stderr));
        wait::until("it goes out", PATIENCE, || post.relay.messages().len() == 1);
        assert!(String::from_utf8_lossy(&post.relay.messages()[0].bytes).contains(" with ESMTPSA\r\n"));
        if tls == "starttls" {
            let mut client = post.client();
            assert_eq!(client.say("EHLO x"), "250");
            assert_eq!(client.say("AUTH PLAIN AHNob3AAc2VzYW1l"), "530 5.7.0", "not in the clear");
            assert_eq!(client.say("STARTTLS\r\nNOOP"), "554 5.5.0", "what came early is not taken for secure");
            let guess = "import smtplib, ssl\nc = ssl._create_unverified_context()\nfor i in range(9):\n  try:\n    s = smtplib.SMTP('127.0.0.1', PORT); s.starttls(context=c); s.login('shop', 'x' + str(i))\n  except smtplib.SMTPResponseException as e: print(e.smtp_code)\n  except smtplib.SMTPException as e: print(type(e).__name__)\n";
            let said = python(&guess.replace("PORT", &post.port.to_string()));
            let text = String::from_utf8_lossy(&said.stdout).into_owned();
            assert!(text.ends_with("421\n421\n421\n421\n"), "whoever guesses is shut out: {text}");
        }
    }
}

#[test]
fn there_is_a_seat_for_so_many_and_the_others_are_told_to_come_again() {
    let post = Post::new(", connections: 2");
    let serving = post.serve();
    wait::until("whoever knocked has left", PATIENCE, || post.client().say("NOOP") == "250 2.0.0");
    let seated = [post.client(), post.client()];
    let mut third = String::new();
    TcpStream::connect(("127.0.0.1", post.port)).unwrap().read_to_string(&mut third).unwrap();
    assert_eq!(third, "421 4.3.2 too many clients at once: come again\r\n");
    assert!(serving.stop().success());
    for mut client in seated {
        assert_eq!((client.reply(), client.reply()), ("421 4.3.2".into(), String::new()), "the door shuts");
    }
}

/// Many clients at once, and a gateway that is killed while they are at it, again and again.
#[tokio::test]
async fn what_was_acknowledged_is_sent_whatever_is_killed() {
    const CLIENTS: usize = 4;
    const EACH: usize = 50;
    let post = Post::new("");
    let acknowledged = std::sync::Mutex::new(BTreeSet::new());
    let serving = std::sync::Mutex::new(Some(post.serve()));
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (post, acknowledged) = (&post, &acknowledged);
            scope.spawn(move || {
                let script = format!(
                    "import smtplib, sys, time\nfor i in range({EACH}):\n  n = 'n-{client}-%d' % i\n  while True:\n    try:\n      s = smtplib.SMTP('127.0.0.1', {}, timeout=20)\n      s.sendmail('a@here.example', 'ann@there.example', 'Subject: ' + n + '\\r\\nMessage-ID: <' + n + '@x.example>\\r\\n\\r\\na\\r\\n')\n      print(n, flush=True)\n      break\n    except (OSError, smtplib.SMTPException): time.sleep(0.02)\n",
                    post.port
                );
                let mut child = Command::new("python3").args(["-c", &script]).stdout(Stdio::piped()).spawn().unwrap();
                for line in BufReader::new(child.stdout.take().unwrap()).lines() {
                    acknowledged.lock().unwrap().insert(line.unwrap());
                }
                assert!(child.wait().unwrap().success());
            });
        }
        for kill in 1..6 {
            wait::until("some are acknowledged", PATIENCE, || acknowledged.lock().unwrap().len() >= kill * 30);
            *serving.lock().unwrap() = None; // killed
            *serving.lock().unwrap() = Some(post.gateway.serve());
        }
    });
    assert_eq!(acknowledged.lock().unwrap().len(), CLIENTS * EACH);
    let sent = || -> Vec<String> {
        let subject = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            text.lines().find_map(|line| line.strip_prefix("Subject: ").map(str::to_owned)).unwrap()
        };
        post.relay.messages().iter().map(|message| subject(&message.bytes)).collect()
    };
    wait::until("all are sent", PATIENCE, || {
        sent().into_iter().collect::<BTreeSet<_>>() == *acknowledged.lock().unwrap()
    });
    assert!(serving.into_inner().unwrap().unwrap().stop().success());
    assert_eq!(post.gateway.code("retry --state queued"), 0, "those whose answer was not on record are due at once");
    assert_eq!(post.gateway.code("once"), 0);
    let mut ledger = Ledger::open(&post.gateway).await;
    let states = ledger.states().await;
    assert!(states.len() == 1 && states[0].starts_with("delivered "), "{states:?}");
}
