//! The HTTP door: what is answered 202 is on disk, once under its key, and goes out by the rule that takes it.

use crate::support::{
    certificates::{self, Shown},
    endpoint::Endpoint,
    gateway::{Gateway, Serving},
    ledger::Ledger,
    ports::PortBlock,
    scripted_smtp::{Message, Script, ScriptedSmtp},
    wait,
};
use mail_parser::MessageParser;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    fs,
    io::{self, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    os::unix::process::ExitStatusExt,
    process::{Command, Stdio},
    sync::Mutex,
    time::Duration,
};

const PATIENCE: Duration = Duration::from_secs(60);
const EVERYTHING: &str = "when: { mail: { door: http } }\nthen: [relay]\nretry: { first_wait: 1s, longest_wait: 1s }\n";

struct Post {
    relay: ScriptedSmtp,
    gateway: Gateway,
    port: u16,
    token: String,
    _ports: PortBlock,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Answer {
    status: u16,
    /// By names in small letters.
    fields: BTreeMap<String, String>,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

impl Post {
    fn new() -> Self {
        let relay = ScriptedSmtp::start(Script::with([]));
        let gateway = Gateway::with(&[("main", &Endpoint::from(&relay))]);
        let ports = PortBlock::take();
        let port = ports.control();
        gateway.configuration(&format!(
            "mail: {{ from: Acme <gate@here.example> }}\nlimits: {{ message_size: 1MB }}\ndoors: {{ http: {{ listen: \"127.0.0.1:{port}\" }} }}"
        ));
        gateway.rule_file("outgoing", EVERYTHING);
        assert_eq!(gateway.code("once"), 0, "the storage is made");
        let token = token(&gateway, &["shop"]);
        Self { relay, gateway, port, token, _ports: ports }
    }

    fn serve(&self) -> Serving {
        self.serve_with(&[])
    }

    fn serve_with(&self, environment: &[(&str, &OsStr)]) -> Serving {
        let serving = self.gateway.serve_with(environment);
        wait::until("the door is open", PATIENCE, || TcpStream::connect(("127.0.0.1", self.port)).is_ok());
        serving
    }

    /// One request on a connection of its own, its fields and a blank line not yet written.
    fn say(&self, head: &str, body: &[u8]) -> io::Result<Answer> {
        exchange(self.port, &[head.as_bytes(), b"\r\n", body].concat())
    }

    fn head(&self, line: &str, length: usize) -> String {
        let (port, token) = (self.port, &self.token);
        format!(
            "{line} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\nContent-Length: {length}\r\n"
        )
    }

    fn post(&self, path: &str, more: &str, body: &Value) -> io::Result<Answer> {
        let body = body.to_string();
        let head = self.head(&format!("POST {path}"), body.len());
        self.say(&format!("{head}Content-Type: application/json\r\n{more}"), body.as_bytes())
    }

    fn get(&self, path: &str) -> Answer {
        self.say(&self.head(&format!("GET {path}"), 0), b"").unwrap()
    }
}

fn token(gateway: &Gateway, arguments: &[&str]) -> String {
    let made = gateway.run(&[&["tokens", "add", "--json"], arguments].concat());
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    serde_json::from_slice::<Value>(&made.stdout).unwrap()["token"].as_str().unwrap().to_owned()
}

/// Writes all of it and reads to the end; `Err` where there is no whole answer.
fn exchange(port: u16, bytes: &[u8]) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let _ = stream.write_all(bytes); // refused early, not all of it is read
    answer(&mut stream)
}

fn answer(stream: &mut TcpStream) -> io::Result<Answer> {
    let mut all = Vec::new();
    let read = stream.read_to_end(&mut all);
    let text = String::from_utf8(all).map_err(io::Error::other)?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(|| io::Error::other(format!("{read:?}: {text}")))?;
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
    let fields = lines.filter_map(|line| line.split_once(": "));
    let fields: BTreeMap<_, _> = fields.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    let length = fields.get("content-length").and_then(|length| length.parse::<usize>().ok());
    if length != Some(body.len()) {
        return Err(io::Error::other("half an answer"));
    }
    Ok(Answer { status: status.unwrap(), fields, body: body.to_owned() })
}

fn usual(subject: &str) -> Value {
    json!({"to": "bob@there.example", "subject": subject, "text": "t"})
}

fn subjects(messages: &[Message]) -> Vec<String> {
    let subject =
        |message: &Message| MessageParser::default().parse(&message.bytes).unwrap().subject().unwrap().to_owned();
    let mut all: Vec<String> = messages.iter().map(subject).collect();
    all.sort();
    all
}

/// With the programs that people have: curl, and Python without packages.
#[test]
fn a_message_goes_out_and_what_became_of_it_is_told() {
    let post = Post::new();
    let templates = post.gateway.config.with_file_name("templates/order-confirmed");
    fs::create_dir_all(&templates).unwrap();
    fs::write(templates.join("subject.txt"), "Order {{ order.number }}\n").unwrap();
    fs::write(templates.join("text.txt"), "Thank you.\n").unwrap();
    let _serving = post.serve();
    let at = format!("http://127.0.0.1:{}/v1/messages", post.port);
    let bearer = format!("Authorization: Bearer {}", post.token);
    let curl = |more: &[&str]| {
        let mut command = Command::new("curl");
        command.args(["-sS", "-w", "\n%{http_code}", "-H", &bearer]).args(more);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let (body, code) = text.rsplit_once('\n').unwrap();
        (serde_json::from_str::<Value>(body).unwrap(), code.to_owned())
    };
    let request = r#"{"to": ["Ann <ann@there.example>"], "bcc": "eve@there.example", "template": "order-confirmed", "data": {"order": {"number": 7}}}"#;
    let (taken, code) = curl(&["-d", request, "-H", "Content-Type: application/json", &at]);
    assert_eq!((code.as_str(), &taken["recipients"]), ("202", &json!(["ann@there.example", "eve@there.example"])));
    let id = taken["id"].as_str().unwrap();
    let eml = post.gateway.config.with_file_name("a.eml");
    fs::write(&eml, "From: a@here.example\nTo: nobody@there.example\nSubject: whole\n\n.\nbody\n").unwrap();
    let data = format!("@{}", eml.display());
    let whole = format!("{at}?to=carl@there.example&to=dora%40there.example&from=");
    let (raw, code) = curl(&["--data-binary", &data, "-H", "Content-Type: message/rfc822", &whole]);
    assert_eq!((code.as_str(), &raw["recipients"]), ("202", &json!(["carl@there.example", "dora@there.example"])));
    let python = format!(
        "import http.client, json\nc = http.client.HTTPConnection('127.0.0.1', {})\nfor s in ('one', 'two'):\n  c.request('POST', '/v1/messages', json.dumps(dict(to='py@there.example', subject=s, text='t', attachments=[dict(name='a.txt', content='YQ==')])), {{'Authorization': 'Bearer {}', 'Content-Type': 'application/json'}})\n  r = c.getresponse()\n  print(r.status, sorted(json.load(r)))\n",
        post.port, post.token
    );
    let said = Command::new("python3").args(["-c", &python]).output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&said.stdout),
        "202 ['id', 'recipients', 'status']\n".repeat(2),
        "{}",
        String::from_utf8_lossy(&said.stderr)
    );
    wait::until("all go out", PATIENCE, || post.relay.messages().len() == 4);
    let messages = post.relay.messages();
    assert_eq!(subjects(&messages), ["Order 7", "one", "two", "whole"]);
    let of = |subject: &str| {
        let text =
            |message: &&Message| String::from_utf8_lossy(&message.bytes).contains(&format!("Subject: {subject}\r\n"));
        messages.iter().find(text).unwrap().clone()
    };
    let order = String::from_utf8(of("Order 7").bytes).unwrap();
    assert!(
        order.starts_with("Received: from [127.0.0.1] ([127.0.0.1])\r\n\tby ") && order.contains(" with HTTP\r\n"),
        "{order}"
    );
    assert!(order.contains(&format!("Message-ID: <{id}@here.example>\r\n")) && !order.contains("eve"), "{order}");
    let whole = of("whole");
    assert!(whole.from.starts_with("<>") && whole.bytes.ends_with(b"\r\n\r\n.\r\nbody\r\n"), "{}", whole.from);
    assert_eq!(whole.recipients, ["<carl@there.example>", "<dora@there.example>"]);
    wait::until("it is on record", PATIENCE, || {
        let (found, _) = curl(&[&format!("{at}/{id}")]);
        found["recipients"].as_array().unwrap().iter().all(|one| one["state"] == "delivered")
    });
    let (found, code) = curl(&[&format!("{at}/{id}")]);
    assert_eq!((code.as_str(), &found["id"], &found["account"]), ("200", &json!(id), &json!("token shop")));
    assert_eq!((&found["subject"], &found["sender"]), (&json!("Order 7"), &json!("gate@here.example")));
    assert_eq!(found["recipients"][1]["recipient"], "eve@there.example");
    let (tries, _) = curl(&[&format!("{at}/{id}/attempts")]);
    let first = &tries["attempts"][0];
    assert_eq!(
        (&first["outcome"], &first["code"], &first["server"]),
        (&json!("delivered"), &json!(250), &json!("main"))
    );
    assert_eq!(first["job"], found["recipients"][0]["job"]);
    assert!(
        first["said"].is_string() && first["started_at"].is_string() && first.get("enhanced_code").is_some(),
        "{first}"
    );
    let job = post.gateway.run(&["job", first["job"].as_str().unwrap()]);
    assert!(job.status.success());
}

/// Each with the status that says what to do.
#[test]
fn what_is_refused_is_told_by_status_key_and_place() {
    let post = Post::new();
    post.gateway.rule_file("outgoing", "when: { mail: { door: http, to: \"*@there.example\" } }\nthen: [relay]\n");
    let _serving = post.serve();
    let reader = token(&post.gateway, &["reader", "--scopes", "read"]);
    let port = post.port;
    let head =
        |line: &str, host: &str, more: &str| format!("{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{more}");
    let bearer = format!("Authorization: Bearer {}\r\n", post.token);
    let json_of = |length: usize| format!("Content-Type: application/json\r\nContent-Length: {length}\r\n");
    let with = |body: &str| format!("{bearer}{}", json_of(body.len()));
    let good = usual("s").to_string();
    let elsewhere = good.replace("there.example", "elsewhere.example");
    let round = format!("{}From: a@here.example\nTo: b@there.example\n\n1\n", "Received: by a\n".repeat(60));
    let large = "x".repeat(3_000_000);
    let raw = |query: &str, body: &str| {
        let more = format!("{bearer}Content-Type: message/rfc822\r\nContent-Length: {}\r\n", body.len());
        (head(&format!("POST /v1/messages{query}"), "localhost", &more), body.to_owned())
    };
    let asked = |line: &str, more: &str, body: &str| (head(line, "localhost", more), body.to_owned());
    let to = "POST /v1/messages";
    for ((head, body), status, told) in [
        (asked("GET /healthz", "", ""), 200, "ok\n"),
        (asked("POST /healthz", &with(""), ""), 405, "GET"),
        (asked("GET /", &bearer, ""), 404, "docs/http.md"),
        (asked("GET /v1/messages", &bearer, ""), 405, "POST"),
        (asked("DELETE /v1/messages/00000000000000000000000000000000", &bearer, ""), 405, "GET"),
        (asked("GET /v1/messages/00000000000000000000000000000000", &bearer, ""), 404, "no message has this id"),
        (asked("GET /v1/messages/00000000000000000000000000000000/attempts", &bearer, ""), 404, "no message"),
        (asked("GET /v1/messages/xyz", &bearer, ""), 404, "nothing here"),
        ((head(to, "evil.example", &with(&good)), good.clone()), 421, "doors: http: hosts"),
        ((format!("{to} HTTP/1.1\r\nConnection: close\r\n{}", with(&good)), good.clone()), 421, "none of ours"),
        (asked("POST http://evil.example/v1/messages", &with(&good), &good), 421, "none of ours"),
        (asked(to, &json_of(good.len()), &good), 401, "packetboat tokens add"),
        (asked(to, &format!("Authorization: Basic YTpi\r\n{}", json_of(good.len())), &good), 401, "no such token"),
        (
            asked(to, &format!("Authorization: Bearer {}x\r\n{}", post.token, json_of(good.len())), &good),
            401,
            "no such token",
        ),
        (
            asked(to, &format!("Authorization: Bearer pb_{}\r\n{}", "A".repeat(43), json_of(good.len())), &good),
            401,
            "no such",
        ),
        (
            asked(to, &format!("Authorization: Bearer {reader}\r\n{}", json_of(good.len())), &good),
            403,
            "the scope `send`",
        ),
        (asked(to, &format!("{bearer}Content-Type: application/json\r\n"), ""), 411, "Content-Length"),
        (asked(to, &format!("{bearer}Content-Length: {}\r\n", good.len()), &good), 415, "message/rfc822"),
        (
            asked(to, &format!("{bearer}Content-Type: text/plain\r\nContent-Length: 1\r\n"), "x"),
            415,
            "application/json",
        ),
        (asked(to, &with(&large), &large), 413, "limits: message_size"),
        (
            asked(
                to,
                &format!("{bearer}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n"),
                &format!("{:x}\r\n{large}\r\n0\r\n\r\n", large.len()),
            ),
            413,
            "limits: message_size",
        ),
        (asked(to, &format!("{bearer}{}", json_of(99_999_999_999)), ""), 413, "limits: message_size"),
        (asked(to, &with("{"), "{"), 400, "this is not JSON: EOF"),
        (asked(to, &with(""), ""), 400, "this is not JSON"),
        (asked(to, &with("[]"), "[]"), 422, "expected a map"),
        (
            asked(to, &with(r#"{"to": "bob", "subjct": "s"}"#), r#"{"to": "bob", "subjct": "s"}"#),
            422,
            r#"{"pointer":"/subjct","detail":"unknown key `subjct`","hint":"did you mean `subject`?"}"#,
        ),
        (asked(to, &with(&elsewhere), &elsewhere), 422, "no rule takes this message"),
        (asked(to, &format!("{}Idempotency-Key: \r\n", with(&good)), &good), 400, "Idempotency-Key has"),
        (
            asked(to, &format!("{}Idempotency-Key: {}\r\n", with(&good), "k".repeat(256)), &good),
            400,
            "Idempotency-Key has",
        ),
        (
            asked("POST /v1/messages/batch", &format!("{}Idempotency-Key: a\r\n", with("[{}]")), "[{}]"),
            400,
            "`idempotency_key`",
        ),
        (asked("POST /v1/messages/batch", &with("{}"), "{}"), 400, "not a JSON array"),
        (asked("POST /v1/messages/batch", &with("[]"), "[]"), 422, "an empty batch"),
        (raw("", "Subject: s\n\nx\n"), 422, "whom it is from"),
        (raw("", "From: a@here.example\n\nx\n"), 422, "whom it is for"),
        (raw("?to=b%40there.example%0d%0aRCPT", "From: a@here.example\n\nx\n"), 400, "the query"),
        (raw("?to=b c", "From: a@here.example\n\nx\n"), 400, ""),
        (raw("?cc=b@there.example", "From: a@here.example\n\nx\n"), 400, "`cc` is not for the query"),
        (raw("?to=nobody%20x", "From: a@here.example\n\nx\n"), 422, "nobody x"),
        (raw("", &round), 422, "goes round in a loop"),
        (asked(to, &format!("{}{}", with(&good), "X: y\r\n".repeat(200)), &good), 431, ""),
        (asked(to, &format!("{}X: {}\r\n", with(&good), "y".repeat(40_000)), &good), 431, ""),
    ] {
        let found =
            post.say(&head, body.as_bytes()).unwrap_or_else(|why| panic!("{why}: {}", &head[..head.len().min(300)]));
        assert_eq!(found.status, status, "{}{found:?}", &head[..head.len().min(300)]);
        assert!(found.body.contains(told) || found.fields.values().any(|value| value == told), "{told}: {found:?}");
        if status >= 400 && !told.is_empty() {
            assert_eq!(found.fields["content-type"], "application/problem+json", "{found:?}");
            assert_eq!(found.json()["status"], status);
        }
        assert_eq!(found.fields.contains_key("www-authenticate"), status == 401, "{found:?}");
    }
    let revoked = post.gateway.run(&["tokens", "revoke", "reader"]);
    assert_eq!(String::from_utf8_lossy(&revoked.stdout), "reader is revoked\n");
    let with_reader = format!("Authorization: Bearer {reader}\r\n");
    let line = "GET /v1/messages/00000000000000000000000000000000";
    let (gone, _) = (post.say(&head(line, "localhost", &with_reader), b"").unwrap(), port);
    assert_eq!((gone.status, gone.json()["detail"].as_str()), (401, Some("this token was revoked")));
    assert!(post.relay.messages().is_empty());
}

/// Made, listed and revoked whether the gateway runs or not; its text is nowhere but with who made it.
#[test]
fn tokens_are_made_listed_and_revoked() {
    let post = Post::new();
    let short = token(&post.gateway, &["short", "--expires", "1s", "--scopes", "send"]);
    let listed = String::from_utf8(post.gateway.run(&["tokens"]).stdout).unwrap();
    assert!(
        listed.contains("shop") && listed.contains("send,read") && listed.contains("until it is revoked"),
        "{listed}"
    );
    assert_eq!(post.gateway.code("tokens add shop"), 2, "the name is taken");
    assert_eq!(post.gateway.code("tokens revoke nobody"), 2);
    let _serving = post.serve();
    assert_eq!(post.gateway.code("tokens add shop"), 2, "the name is taken");
    let head = |token: &str| {
        let body = usual("s").to_string();
        let line = format!(
            "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n"
        );
        post.say(
            &format!("{line}Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()),
            body.as_bytes(),
        )
    };
    wait::until("it has expired", PATIENCE, || head(&short).unwrap().body.contains("this token has expired"));
    assert_eq!(post.gateway.code("tokens revoke shop"), 0);
    assert_eq!(post.gateway.code("tokens revoke shop"), 0, "it is done");
    assert_eq!(head(&post.token).unwrap().status, 401);
    wait::until("who shows wrong ones all the time is told to wait", PATIENCE, || {
        let told = head(&post.token).unwrap();
        told.status == 429 && (1..=60).contains(&told.fields["retry-after"].parse::<u32>().unwrap())
    });
    let again = token(&post.gateway, &["shop"]);
    assert_eq!(head(&again).unwrap().status, 202, "a good one is served");
    let database =
        ["packetboat.db", "packetboat.db-wal"].map(|name| fs::read(post.gateway.storage.join(name)).unwrap());
    let holds = |text: &str| database.iter().any(|bytes| bytes.windows(text.len()).any(|part| part == text.as_bytes()));
    assert!(holds("shop") && !holds(&again) && !holds(&post.token));
}

#[tokio::test]
async fn the_same_key_is_answered_the_same_through_a_restart_and_a_kill() {
    let post = Post::new();
    let serving = post.serve();
    let order = usual("Order 7");
    let key = "Idempotency-Key: \"order-7\"\r\n";
    let first = post.post("/v1/messages", key, &order).unwrap();
    let again = post.post("/v1/messages", key, &order).unwrap();
    assert_eq!((first.status, &first.body), (202, &again.body));
    assert_eq!(first.fields.get("idempotency-replayed"), None);
    assert_eq!(again.fields["idempotency-replayed"], "true");
    assert_eq!(post.post("/v1/messages", key, &usual("Order 8")).unwrap().status, 409);
    let within = json!({"to": "bob@there.example", "subject": "within", "text": "t", "idempotency_key": "order-9"});
    let inner = post.post("/v1/messages", "", &within).unwrap();
    assert_eq!(post.post("/v1/messages", "", &within).unwrap().body, inner.body);
    assert_eq!(post.post("/v1/messages", "Idempotency-Key: other\r\n", &within).unwrap().status, 400, "they differ");
    let batch = post.post("/v1/messages/batch", "", &json!([within, within])).unwrap();
    assert!(batch.json().as_array().unwrap().iter().all(|one| one["id"] == inner.json()["id"]), "{batch:?}");
    let other = token(&post.gateway, &["other"]);
    let others = Post { token: other, ..post };
    assert_eq!(others.post("/v1/messages", key, &usual("of another")).unwrap().status, 202, "another's key is another");
    let post = others;
    assert!(serving.stop().success());
    // killed between commit and answer: the caller hears nothing, and asks again
    let mut serving = post.serve_with(&[("PACKETBOAT_KILL_AT", OsStr::new("intake.after_commit:1"))]);
    let cut = "Idempotency-Key: cut\r\n";
    post.post("/v1/messages", cut, &usual("cut")).unwrap_err();
    assert_eq!(serving.0.wait().unwrap().signal(), Some(9));
    let serving = post.serve();
    let told = post.post("/v1/messages", cut, &usual("cut")).unwrap();
    assert_eq!((told.status, told.fields["idempotency-replayed"].as_str()), (202, "true"));
    assert_eq!(post.get(&format!("/v1/messages/{}", told.json()["id"].as_str().unwrap())).status, 200);
    // and before the commit: it was not taken in, and is now
    drop(serving);
    let mut serving = post.serve_with(&[("PACKETBOAT_KILL_AT", OsStr::new("intake.before_commit:1"))]);
    let lost = "Idempotency-Key: lost\r\n";
    post.post("/v1/messages", lost, &usual("lost")).unwrap_err();
    assert_eq!(serving.0.wait().unwrap().signal(), Some(9));
    let serving = post.serve();
    let told = post.post("/v1/messages", lost, &usual("lost")).unwrap();
    assert_eq!((told.status, told.fields.get("idempotency-replayed")), (202, None));
    let mut ledger = Ledger::open(&post.gateway).await;
    ledger.until_states(&["delivered 5"]).await;
    assert!(serving.stop().success());
    assert_eq!(ledger.count("SELECT count(*) FROM messages").await, 5);
    let sent: BTreeSet<String> = subjects(&post.relay.messages()).into_iter().collect(); // one that a kill met may have come twice
    assert_eq!(sent.into_iter().collect::<Vec<_>>(), ["Order 7", "cut", "lost", "of another", "within"]);
}

#[tokio::test]
async fn a_batch_is_answered_one_by_one() {
    let post = Post::new();
    let _serving = post.serve();
    let bad = json!({"to": "bob@there.example", "subject": "b", "txt": "t"});
    let mixed = post.post("/v1/messages/batch", "", &json!([usual("a"), bad, usual("c"), 7])).unwrap();
    let results = mixed.json();
    let statuses: Vec<_> = results.as_array().unwrap().iter().map(|one| one["status"].as_u64().unwrap()).collect();
    assert_eq!((mixed.status, statuses), (207, vec![202, 422, 202, 422]));
    assert_eq!(results[1]["errors"][0]["pointer"], "/1/txt", "{results}");
    wait::until("the good ones go out", PATIENCE, || post.relay.messages().len() == 2);
    assert_eq!(subjects(&post.relay.messages()), ["a", "c"]);
    let many = |count: usize| Value::from((0..count).map(|number| usual(&number.to_string())).collect::<Vec<_>>());
    assert_eq!(post.post("/v1/messages/batch", "", &many(501)).unwrap().status, 413);
    let taken = post.post("/v1/messages/batch", "", &many(500)).unwrap();
    assert_eq!(taken.status, 202);
    let ids: BTreeSet<String> =
        taken.json().as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 500);
    let mut ledger = Ledger::open(&post.gateway).await;
    assert_eq!(ledger.count("SELECT count(*) FROM messages").await, 502);
}

/// What comes in half is no message, and holds nobody up.
#[tokio::test]
async fn half_a_request_is_none() {
    let post = Post::new();
    let _serving = post.serve();
    let body = usual("half").to_string();
    let kind = "Content-Type: application/json\r\n";
    // said to be longer than it is, and closed
    let mut stream = TcpStream::connect(("127.0.0.1", post.port)).unwrap();
    let head = post.head("POST /v1/messages", body.len() + 10);
    stream.write_all(format!("{head}{kind}\r\n{body}").as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert!(!answer(&mut stream).is_ok_and(|answer| answer.status < 400));
    // said to be shorter: what is left over is no request
    let head = post.head("POST /v1/messages", body.len() - 10).replace("Connection: close\r\n", "");
    let cut = post.say(&format!("{head}{kind}"), body.as_bytes());
    assert!(!cut.is_ok_and(|answer| answer.body.contains("\"id\"")));
    // two lengths, and a length beside chunks
    for more in ["Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"] {
        let said = post.say(&format!("{}{kind}{more}", post.head("POST /v1/messages", body.len())), body.as_bytes());
        assert!(!said.as_ref().is_ok_and(|answer| answer.status == 202), "{more}: {said:?}");
    }
    // a chunk that breaks off
    let chunked = format!(
        "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n{kind}Transfer-Encoding: chunked\r\n\r\nff\r\n{body}",
        post.token
    );
    let mut stream = TcpStream::connect(("127.0.0.1", post.port)).unwrap();
    stream.write_all(chunked.as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert!(!answer(&mut stream).is_ok_and(|answer| answer.status < 400));
    // some who say nothing, some who stop in the head, some in the body; meanwhile others are served
    let silent: Vec<TcpStream> = (0..30)
        .map(|number| {
            let mut stream = TcpStream::connect(("127.0.0.1", post.port)).unwrap();
            let part = ["", "POST /v1/mess", &format!("{}{kind}\r\n{{", post.head("POST /v1/messages", 100))]
                [number % 3]
                .to_owned();
            stream.write_all(part.as_bytes()).unwrap();
            stream
        })
        .collect();
    assert_eq!(post.post("/v1/messages", "", &usual("whole")).unwrap().status, 202);
    for mut stream in silent {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).expect("it is closed"); // with 408, or nothing at all
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 408 "), "{said}");
    }
    wait::until("it goes out", PATIENCE, || post.relay.messages().len() == 1);
    assert_eq!(Ledger::open(&post.gateway).await.count("SELECT count(*) FROM messages").await, 1);
}

/// Killed again and again while four callers post: what was answered 202 is there, once.
#[tokio::test]
async fn what_was_acknowledged_is_sent_whatever_is_killed() {
    let post = Post::new();
    let acknowledged: Mutex<BTreeMap<String, String>> = Mutex::default();
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..4)
            .map(|caller| {
                let (post, acknowledged) = (&post, &acknowledged);
                scope.spawn(move || {
                    for number in 0..250 {
                        let subject = format!("{caller}-{number}");
                        let key = format!("Idempotency-Key: {subject}\r\n");
                        wait::until("it is acknowledged", PATIENCE, || {
                            let told = post.post("/v1/messages", &key, &usual(&subject));
                            let Ok(told) = told else { return false };
                            assert_eq!(told.status, 202, "{told:?}");
                            let id = told.json()["id"].as_str().unwrap().to_owned();
                            acknowledged.lock().unwrap().insert(id, subject.clone());
                            true
                        });
                    }
                })
            })
            .collect();
        let mut serving = post.serve();
        for _ in 0..8 {
            let before = acknowledged.lock().unwrap().len();
            wait::until("some are acknowledged", PATIENCE, || {
                acknowledged.lock().unwrap().len() > before + 60 || callers.iter().all(|caller| caller.is_finished())
            });
            drop(serving); // by SIGKILL
            serving = post.serve();
        }
        wait::until("all are acknowledged", PATIENCE, || callers.iter().all(|caller| caller.is_finished()));
        drop(serving);
    });
    wait::until("all is sent", PATIENCE, || post.gateway.code("once") == 0);
    let acknowledged = acknowledged.into_inner().unwrap();
    let sent: BTreeSet<String> = subjects(&post.relay.messages()).into_iter().collect();
    assert_eq!((acknowledged.len(), sent.len()), (1000, 1000));
    let mut ledger = Ledger::open(&post.gateway).await;
    assert_eq!(ledger.states().await, ["delivered 1000"], "one job each");
    let ids: BTreeSet<String> = ledger.lines("SELECT lower(hex(ref)) FROM messages").await.into_iter().collect();
    assert_eq!(ids, acknowledged.into_keys().collect());
}

/// Beyond this machine only with a certificate, and by the names that are configured.
#[test]
fn over_tls_it_is_called_by_its_names() {
    let post = Post::new();
    let folder = tempfile::tempdir().unwrap();
    let files = certificates::write(Shown::Good, folder.path());
    let text = fs::read_to_string(&post.gateway.config).unwrap();
    let door = |more: &str| {
        let listen = format!("listen: \"0.0.0.0:{}\"", post.port);
        let line = format!("doors: {{ http: {{ {listen}{more} }} }}");
        let rest: Vec<&str> = text.lines().filter(|line| !line.starts_with("doors:")).collect();
        fs::write(&post.gateway.config, format!("{}\n{line}\n", rest.join("\n"))).unwrap();
    };
    door("");
    let check = post.gateway.run(&["check"]);
    assert_eq!(check.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&check.stdout).contains("whoever can read the network"), "{check:?}");
    let (certificate, key) = (files.certificate.display(), files.key.display());
    door(&format!(", certificate: {certificate}, key: {{ file: {key} }}"));
    let check = post.gateway.run(&["check"]);
    assert!(String::from_utf8_lossy(&check.stdout).contains("none would be answered"), "{check:?}");
    door(&format!(", hosts: [localhost], certificate: {certificate}, key: {{ file: {key} }}"));
    let _serving = post.serve();
    let port = post.port;
    let curl = |name: &str| {
        let at = format!("https://{name}:{port}/v1/messages");
        let bearer = format!("Authorization: Bearer {}", post.token);
        let output = Command::new("curl")
            .args(["-sS", "-o", "/dev/null", "-w", "%{http_code}", "--cacert"])
            .arg(&files.ca)
            .args(["-H", &bearer, "-H", "Content-Type: application/json", "-d", &usual("over TLS").to_string(), &at])
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!((curl("localhost").as_str(), curl("127.0.0.1").as_str()), ("202", "421"));
    wait::until("it goes out", PATIENCE, || post.relay.messages().len() == 1);
    assert!(exchange(port, b"GET /healthz HTTP/1.1\r\n\r\n").is_err(), "nothing is said in the clear");
}

/// Come again: nothing was taken in.
#[tokio::test]
async fn what_cannot_be_taken_now_is_told_so() {
    let post = Post::new();
    let text = fs::read_to_string(&post.gateway.config).unwrap();
    fs::write(&post.gateway.config, text.replace("message_size: 1MB", "message_size: 1MB, disk_free: 900TB")).unwrap();
    let serving = post.serve();
    let key = "Idempotency-Key: later\r\n";
    let told = post.post("/v1/messages", key, &usual("s")).unwrap();
    assert_eq!((told.status, told.fields["retry-after"].as_str()), (503, "5"));
    assert!(told.body.contains("limits: disk_free"), "{told:?}");
    let batch = post.post("/v1/messages/batch", "", &json!([usual("a"), usual("b")])).unwrap();
    assert_eq!((batch.status, &batch.json()[1]["status"]), (207, &json!(503)));
    assert!(serving.stop().success());
    fs::write(&post.gateway.config, text).unwrap();
    let _serving = post.serve();
    assert_eq!(post.post("/v1/messages", key, &usual("s")).unwrap().status, 202);
    // large bodies that do not come take the memory for bodies; who comes meanwhile is told, and served when they are gone
    let length = (1 << 20) + 1_333_336;
    let holders: Vec<TcpStream> = (0..4)
        .map(|_| {
            let mut stream = TcpStream::connect(("127.0.0.1", post.port)).unwrap();
            let head = post.head("POST /v1/messages", length);
            stream.write_all(format!("{head}Content-Type: application/json\r\n\r\n{{").as_bytes()).unwrap();
            stream
        })
        .collect();
    wait::until("there is no room", PATIENCE, || post.post("/v1/messages", "", &usual("s")).unwrap().status == 503);
    drop(holders);
    wait::until("there is", PATIENCE, || post.post("/v1/messages", "", &usual("s")).unwrap().status == 202);
}

/// Files go on; the door opens when its place is free.
#[test]
fn a_place_that_is_taken_is_told_and_tried_again() {
    let post = Post::new();
    let other = TcpListener::bind(("127.0.0.1", post.port)).unwrap();
    let _serving = post.gateway.serve_with(&[]);
    wait::until("status tells", PATIENCE, || {
        let status = post.gateway.command(&["status"]).stderr(Stdio::null()).output().unwrap();
        let text = String::from_utf8(status.stdout).unwrap();
        status.status.code() == Some(1) && text.contains("http") && text.contains("cannot be listened on")
    });
    drop(other);
    wait::until("it is open", PATIENCE, || {
        post.post("/v1/messages", "", &usual("s")).is_ok_and(|told| told.status == 202)
    });
    wait::until("all is well", PATIENCE, || post.gateway.code("status") == 0);
}
