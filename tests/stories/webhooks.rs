//! Programs that are told of trouble as people are: signed, once each, and again under the same id where nobody knows whether they heard.

use crate::support::{
    certificates::{self, Shown},
    endpoint::Endpoint,
    gateway::{AT_ONCE, Gateway},
    ledger::Ledger,
    scripted_ftp::{Action, Script as FtpScript, ScriptedFtp, always},
    scripted_smtp::{Script, ScriptedSmtp},
    servers::{ServerKind, ServerOptions},
    wait,
    web::{Asked, CUT, ENDLESS, SILENCE, WebServer},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use packetboat::{
    config::{SigningKey, Url, Webhook},
    delivery::webhook::{self, Message},
    domain::{Moment, Outcome, Proof, TroubleKind, Whose},
};
use std::{net::TcpListener, sync::Arc, time::Duration};

/// A notice is held back for ten seconds, and an incident is over after a quiet minute.
const PATIENCE: Duration = Duration::from_secs(150);
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const TAKEN: &str = "HTTP/1.1 204 No Content\r\n\r\n";
const NOW: Moment = Moment(1_795_330_800_123);

fn nobody() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// `webhooks` and `notices` for `crm` at this port, and for people at `main` if they are told, too.
fn crm(port: u16, people: &str) -> String {
    format!(
        "webhooks: {{ crm: {{ url: \"http://127.0.0.1:{port}/hook/ninefold\", secret: {SECRET} }} }}\n\
         mail: {{ from: gate@here.example }}\nnotices: [{{ webhook: crm }}{people}]"
    )
}

/// What was told, its signature verified by another library than ours.
fn body(asked: &Asked) -> serde_json::Value {
    let (id, seconds) = (asked.header("webhook-id"), asked.header("webhook-timestamp"));
    let key = STANDARD.decode(SECRET.strip_prefix("whsec_").unwrap()).unwrap();
    let signed = [format!("{id}.{seconds}.").as_bytes(), &asked.body].concat();
    assert_eq!(asked.header("webhook-signature"), format!("v1,{}", STANDARD.encode(hmac(&key, &signed))));
    assert_eq!(asked.header("content-type"), "application/json");
    assert!(asked.head.starts_with("POST /hook/ninefold HTTP/1.1\r\n"), "{asked:?}");
    serde_json::from_slice(&asked.body).unwrap()
}

/// HMAC-SHA256 by its definition (RFC 2104).
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    use sha2::Digest;
    let pad = |with: u8| (0..64).map(|at| key.get(at).copied().unwrap_or(0) ^ with).collect::<Vec<_>>();
    let inner = sha2::Sha256::digest([&pad(0x36)[..], message].concat());
    sha2::Sha256::digest([&pad(0x5c)[..], &inner[..]].concat()).to_vec()
}

fn type_of(asked: &Asked) -> String {
    body(asked)["type"].as_str().unwrap().to_owned()
}

async fn told(port: u16) -> Outcome {
    let url = Url::parse(&format!("http://127.0.0.1:{port}/hook/ninefold")).unwrap();
    let webhook = Arc::new(Webhook { url, key: SigningKey::parse(SECRET).unwrap() });
    match webhook::connect(&webhook).await {
        Ok(mut session) => webhook::post(&mut session, &Message { id: "0198", body: b"{}", now: NOW }).await,
        Err(trouble) => Outcome::Deferred(trouble),
    }
}

/// `deferred server busy 7: 503 …`
fn shown(outcome: &Outcome) -> String {
    let (word, trouble) = match outcome {
        Outcome::Delivered(delivered) => {
            assert_eq!((delivered.proof, delivered.size_bytes, &delivered.tls), (Proof::Accepted, 2, &None));
            return format!("delivered: {}", delivered.reply);
        }
        Outcome::Deferred(trouble) => ("deferred", trouble),
        Outcome::Failed(trouble) => ("failed", trouble),
        Outcome::Unknown(trouble) => ("unknown", trouble),
        other => panic!("{other:?}"),
    };
    let whose = if trouble.whose == Whose::Server { "server" } else { "job" };
    let wait = trouble.wait.map_or_else(String::new, |wait| format!(" {}", wait.as_secs()));
    format!("{word} {whose} {}{wait}: {}", trouble.kind.word(), trouble.said)
}

#[tokio::test]
async fn every_answer_has_its_outcome_and_nothing_is_followed() {
    for (answer, expected) in [
        (TAKEN, "delivered: 204 No Content"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n\n thank you \nx", "delivered: 200 OK: thank you"),
        ("HTTP/1.1 202 Accepted\r\nContent-Length: 99\r\n\r\nhalf", "delivered: 202 Accepted: half"),
        ("HTTP/1.1 200 OK\r\n\r\nto the end", "delivered: 200 OK: to the end"),
        (ENDLESS, "delivered: 200 OK: it goes on"),
        (
            "HTTP/1.1 404 No\r\n\r\nno route POST /hook/ninefold of 0198",
            "failed job refused: 404 Not Found: no route POST … of …",
        ),
        (
            "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/secret\r\nContent-Length: 0\r\n\r\n",
            "failed job refused: 307 Temporary Redirect: redirects are not followed; write the new address as `url` in packetboat.yaml",
        ),
        ("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno", "failed job refused: 401 Unauthorized: no"),
        ("HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", "failed job refused: 410 Gone"),
        ("HTTP/1.1 408 Late\r\nContent-Length: 0\r\n\r\n", "deferred job refused_now: 408 Request Timeout"),
        ("HTTP/1.1 425 Too Early\r\nContent-Length: 0\r\n\r\n", "deferred job refused_now: 425 Too Early"),
        (
            "HTTP/1.1 429 No\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n",
            "deferred server busy 7: 429 Too Many Requests",
        ),
        ("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", "deferred job refused_now: 500 Internal Server Error"),
        (
            "HTTP/1.1 503 No\r\nRetry-After: Sun, 22 Nov 2026 07:02:00 GMT\r\nContent-Length: 0\r\n\r\n",
            "deferred server busy 119: 503 Service Unavailable",
        ),
        (CUT, "unknown job session: what it was told may have been heard, and was not answered: "),
        ("220 mail.example ESMTP\r\n", "unknown job session: what it was told may have been heard"),
    ] {
        let server = WebServer::start(answer);
        let outcome = shown(&told(server.port).await);
        let fits = if expected.starts_with("unknown") { outcome.starts_with(expected) } else { outcome == expected };
        assert!(fits, "{answer:?}: {outcome}");
        let requests = server.requests();
        assert_eq!(requests.len(), 1, "nothing is followed, and nothing told twice: {requests:?}");
        assert_eq!((body(&requests[0]), requests[0].header("webhook-id")), (serde_json::json!({}), "0198"));
        assert_eq!(requests[0].header("webhook-timestamp"), "1795330800");
    }
    let outcome = told(nobody()).await;
    let Outcome::Deferred(trouble) = &outcome else { panic!("{outcome:?}") };
    assert_eq!((trouble.whose, trouble.kind), (Whose::Server, TroubleKind::Connect));
    assert!(!trouble.said.contains("ninefold"), "the path may be a secret: {}", trouble.said);
}

#[tokio::test]
async fn a_silence_is_not_waited_for_for_ever() {
    let server = WebServer::start(SILENCE);
    let outcome = shown(&told(server.port).await);
    assert!(outcome.starts_with("unknown job session: ") && outcome.ends_with("no answer within 30 s"), "{outcome}");
}

/// A thousand files and a server that is down for a while: one word when it begins, one when it is over, to the webhook as to people.
#[tokio::test]
async fn an_outage_of_a_thousand_files_is_told_twice() {
    let (relay, web) = (ScriptedSmtp::start(Script::with([])), WebServer::start(TAKEN));
    let mut server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    server.unplug().await;
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server)), ("main", &Endpoint::from(&relay))]);
    gateway.configuration(&crm(web.port, ", { to: ops@here.example }"));
    gateway.rule("files", "", AT_ONCE, "then: [{ upload: { to: offsite } }]");
    gateway.fill(1_000, |number| number);
    let serving = gateway.serve();
    wait::until("its beginning is told", PATIENCE, || !web.requests().is_empty() && !relay.messages().is_empty());
    server.plug_in();
    wait::until("its end is told", PATIENCE, || web.requests().len() == 2 && relay.messages().len() == 2);
    let mut ledger = Ledger::open(&gateway).await;
    let told = "SELECT count(*) FROM receipts WHERE rule = 'notices' AND server = 'crm' AND recipient = 'crm' AND proof = 'accepted'";
    ledger.until("both have receipts", told, |receipts| receipts == 2).await;
    assert!(serving.stop().success());
    let requests = web.requests();
    let [began, over] = [0, 1].map(|at| body(&requests[at]));
    assert_eq!((&began["type"], &over["type"]), (&"trouble".into(), &"recovered".into()));
    let data = &began["data"];
    assert_eq!(
        (&data["server"], &data["told"], &data["rules"][0]),
        (&"offsite".into(), &"began".into(), &"files".into())
    );
    assert_eq!((&data["trouble"], data["waiting"].as_u64()), (&"connect".into(), Some(1_000)));
    let job = &data["examples"][0];
    assert!(job["file"].is_string() && job["destination"].as_str().unwrap().starts_with("offsite:"), "{began}");
    assert_eq!((&over["data"]["event"], &over["data"]["began"]), (&"trouble".into(), &data["began"]));
    assert_ne!(requests[0].header("webhook-id"), requests[1].header("webhook-id"));
    let secret = ledger.count("SELECT count(*) FROM jobs WHERE wishes LIKE '%whsec%' OR said LIKE '%whsec%'").await;
    assert_eq!((requests.len(), secret), (2, 0));
}

/// Killed when it has answered and we have not written it down: it is told again, and knows by the id.
#[tokio::test]
async fn what_was_told_before_a_death_is_told_again_under_its_id() {
    let web = WebServer::start(TAKEN);
    let server = ScriptedFtp::start(FtpScript::with([always("STOR", Action::Instead("553 not here"))]));
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server))]);
    gateway.configuration(&crm(web.port, ""));
    gateway.rule("files", "", AT_ONCE, "then: [{ upload: { to: offsite } }]");
    gateway.file("a", "1");
    // the first delivery is the upload's
    let status = gateway.command(&["once"]).env("PACKETBOAT_KILL_AT", "worker.after_delivery:2").status().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "it was never told");
    assert_eq!(web.requests().len(), 1);
    gateway.code("once"); // a job that was running when the process died waits a little
    gateway.code("retry --state queued");
    assert_eq!(gateway.code("once"), 0);
    let requests = web.requests();
    let [first, second] = &requests[..] else { panic!("{requests:?}") };
    assert_eq!((first.header("webhook-id"), body(first)), (second.header("webhook-id"), body(second)));
    assert_eq!(first.header("webhook-id").len(), 32);
    assert_eq!(body(first)["data"]["examples"][0]["reply"], "553 not here");
    let mut ledger = Ledger::open(&gateway).await;
    assert_eq!(ledger.count("SELECT count(*) FROM receipts WHERE rule = 'notices'").await, 1);
}

/// The webhook is down while the server is: people hear of both, the webhook of the server alone, once it is back.
#[tokio::test]
async fn a_webhook_that_is_down_is_told_to_others_and_hears_the_rest_later() {
    let (relay, port) = (ScriptedSmtp::start(Script::with([])), nobody());
    let mut server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    server.unplug().await;
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server)), ("main", &Endpoint::from(&relay))]);
    gateway.configuration(&crm(port, ", { to: ops@here.example }"));
    gateway.rule("files", "", AT_ONCE, "then: [{ upload: { to: offsite } }]");
    gateway.file("a", "1");
    let serving = gateway.serve();
    let has_told =
        |words: &str| relay.messages().iter().any(|mail| String::from_utf8_lossy(&mail.bytes).contains(words));
    wait::until("people hear of both", PATIENCE, || has_told("] offsite: trouble") && has_told("] crm: trouble"));
    let status = String::from_utf8(gateway.run(&["status"]).stdout).unwrap();
    assert!(status.contains("crm") && !status.contains("/hook/ninefold"), "{status}");
    server.plug_in();
    wait::until("people hear that it is over", PATIENCE, || has_told("] offsite: well again"));
    let web = WebServer::start_at(port, TAKEN);
    wait::until("the webhook is back", PATIENCE, || has_told("] crm: well again"));
    let requests = web.requests();
    let [was] = &requests[..] else { panic!("{requests:?}") };
    let was = body(was);
    assert_eq!(
        (&was["type"], &was["data"]["told"]),
        (&"trouble".into(), &"was".into()),
        "both in one, for it had heard of neither"
    );
    assert_eq!(was["data"]["server"], "offsite");
    assert!(serving.stop().success());
    assert_eq!(relay.messages().len(), 4);
}

/// A webhook that refuses a notice makes no notice of that; and what it did not answer it is told again.
#[tokio::test]
async fn a_refusal_begets_no_notice_and_a_cut_is_tried_again() {
    for (answers, jobs, requests) in
        [(&["HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"][..], "failed", 1), (&[CUT, TAKEN], "delivered", 2)]
    {
        let web = WebServer::answering(answers);
        let server = ScriptedFtp::start(FtpScript::with([always("STOR", Action::Instead("553 not here"))]));
        let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server))]);
        gateway.configuration(&crm(web.port, ""));
        gateway.rule("files", "", AT_ONCE, "then: [{ upload: { to: offsite } }]");
        gateway.file("a", "1");
        assert_eq!(gateway.code("once"), 1);
        gateway.code("retry --state queued");
        assert_eq!(gateway.code("once"), 0);
        assert_eq!(web.requests().iter().map(type_of).collect::<Vec<_>>(), vec!["failed"; requests]);
        let mut ledger = Ledger::open(&gateway).await;
        assert_eq!(ledger.lines("SELECT state FROM jobs WHERE rule = 'notices'").await, [jobs]);
        assert_eq!(ledger.lines("SELECT action FROM jobs WHERE rule = 'notices'").await, ["webhook"]);
        assert_eq!(ledger.count("SELECT count(*) FROM incidents").await, 1);
    }
}

/// What operators type means the same of a webhook's jobs.
#[tokio::test]
async fn the_verbs_know_webhooks() {
    let web = WebServer::answering(&["HTTP/1.1 400 Bad\r\nContent-Length: 9\r\n\r\nno \x1b[2J x", TAKEN]);
    let server = ScriptedFtp::start(FtpScript::with([always("STOR", Action::Instead("553 not here"))]));
    let gateway = Gateway::with(&[
        ("offsite", &Endpoint::from(&server)),
        ("main", &Endpoint::relay(1, crate::support::servers::Tls::None)),
    ]);
    gateway.configuration(&crm(web.port, ""));
    gateway.rule("files", "", AT_ONCE, "then: [{ upload: { to: offsite } }]");
    gateway.file("a", "1");
    let said = |line: &str| {
        let output = gateway.run(&line.split(' ').collect::<Vec<_>>());
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        assert!(
            !text.contains("whsec") && !text.contains("/hook/ninefold") && !text.contains('\u{1b}'),
            "{line}: {text}"
        );
        (output.status.code().unwrap(), text)
    };
    assert_eq!(said("check").0, 0);
    assert_eq!(gateway.code("once"), 1);
    let (_, jobs) = said("jobs --server crm");
    assert!(
        jobs.contains("crm") && jobs.contains("400 Bad Request: no \\u{1b}[2J x") && !jobs.contains("crm by crm"),
        "{jobs}"
    );
    for (line, why) in [
        ("move-jobs --from crm --to main", "`crm` is a webhook, and `main` is a relay"),
        ("move-jobs --from offsite --to main", "`offsite` is an FTP server, and `main` is a relay"),
    ] {
        let (code, text) = said(line);
        assert!(code == 2 && text.contains(why), "{line}: {code} {text}");
    }
    assert_eq!(said("retry --server crm --state failed").0, 0);
    assert_eq!(gateway.code("once"), 0);
    let requests = web.requests();
    assert_eq!(requests[0].header("webhook-id"), requests[1].header("webhook-id"));
    let (_, receipts) = said("receipts --server crm");
    assert!(receipts.contains("accepted"), "{receipts}");
}

/// A probe connects, over TLS where the address says so, and tells nothing; a certificate that is none is found out.
#[test]
fn a_probe_tells_a_webhook_nothing() {
    for (shown, code, found) in [(Shown::Good, 0, "TLSv1"), (Shown::WrongName, 6, "correct the address\n")] {
        let folder = tempfile::tempdir().unwrap();
        let files = certificates::write(shown, folder.path());
        let web = WebServer::with_tls(TAKEN, &files);
        let server = ScriptedFtp::start(FtpScript::with([]));
        let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server))]);
        let url = format!("https://localhost:{}/hook/ninefold", web.port);
        gateway.configuration(&format!("webhooks: {{ crm: {{ url: \"{url}\", secret: {SECRET} }} }}"));
        let output = gateway.command(&["check", "--probe"]).env("SSL_CERT_FILE", &files.ca).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(code), "{text}");
        assert!(text.contains(found) && text.contains("crm  localhost:") && !text.contains("ninefold"), "{text}");
        assert!(web.requests().is_empty());
    }
}
