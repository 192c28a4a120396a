//! An address that is asked for while all is well, so that somebody notices when we are dead.

use crate::support::{
    certificates::{self, Shown},
    endpoint::Endpoint,
    gateway::{AT_ONCE, Gateway},
    scripted_ftp::{Script, ScriptedFtp},
    wait,
    web::WebServer,
};
use packetboat::{
    clock::Clock,
    config::Url,
    domain::{Event, Incident, Moment},
    janitor::{Heartbeat, Surroundings},
    store::{Store, Tell},
};
use std::{net::TcpListener, time::Duration};
use tokio::sync::watch;

const PATIENCE: Duration = Duration::from_secs(60);
const WELL: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK";
const NOW: Moment = Moment(1_795_330_800_000);

/// A heartbeat for this address, in a store of its own.
async fn heartbeat(url: &str, ill: Option<&'static str>) -> (tempfile::TempDir, Heartbeat) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let session = store.begin_session("gate", NOW).await.unwrap();
    let surroundings = Surroundings::new(move || ill.map(str::to_owned));
    let (url, clock, (said, _)) = (Url::parse(url).unwrap(), Clock::driven(NOW), watch::channel(None));
    (folder, Heartbeat { url, store, session, clock, surroundings, said })
}

#[tokio::test]
async fn it_is_content_with_an_answer_and_says_of_anything_else_what_it_was() {
    for (answer, said) in [
        (WELL, None),
        ("HTTP/1.1 204 No Content\r\n\r\n", None),
        (
            "HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example/\r\nContent-Length: 0\r\n\r\n",
            Some("answered 302"),
        ),
        ("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", Some("answered 500")),
        ("220 mail.example ESMTP\r\n", Some("invalid HTTP")),
        ("", Some("no answer within 10 s")),
    ] {
        let server = WebServer::start(answer);
        let (_folder, heartbeat) = heartbeat(&format!("http://127.0.0.1:{}/ping/secret?a=b", server.port), None).await;
        heartbeat.beat().await;
        let asked = server.asked();
        assert_eq!(asked.len(), 1, "nothing is followed, and nothing asked twice: {asked:?}");
        assert!(asked[0].starts_with("GET /ping/secret?a=b HTTP/1.1\r\nhost: 127.0.0.1:"), "{asked:?}");
        let unanswered = heartbeat.said.borrow().clone();
        match (said, unanswered) {
            (None, None) => {}
            (Some(said), Some((since, why))) => {
                assert_eq!(since, NOW);
                assert!(why.contains(said) && !why.contains("secret"), "{said}: {why}");
            }
            (said, unanswered) => panic!("{said:?} {unanswered:?}"),
        }
    }
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (_folder, heartbeat) = heartbeat(&format!("http://127.0.0.1:{nobody}/"), None).await;
    heartbeat.beat().await;
    assert!(heartbeat.said.borrow().clone().unwrap().1.contains("refused"));
}

#[tokio::test]
async fn it_does_not_beat_while_anything_is_wrong() {
    let server = WebServer::start(WELL);
    let url = format!("http://127.0.0.1:{}/", server.port);
    let (_folder, ill) = heartbeat(&url, Some("/in: not there")).await;
    ill.beat().await;
    let (_folder, well) = heartbeat(&url, None).await;
    let incident = |event, closed_at| Incident {
        id: None,
        subject: "offsite".into(),
        event,
        kind: "connect".into(),
        opened_at: NOW,
        last_at: NOW,
        closed_at,
        reopened_at: None,
        jobs: 0,
        said: String::new(),
        rules: std::collections::BTreeSet::new(),
        examples: vec![],
        readers: vec![],
    };
    well.store
        .tell(Tell { now: NOW, incidents: vec![incident(Event::Trouble, None)], ..Tell::default() })
        .await
        .unwrap();
    well.beat().await;
    assert!(server.asked().is_empty());
    let over = Incident { id: Some(1), ..incident(Event::Trouble, Some(NOW)) };
    let failed = incident(Event::Failed, None); // a moment's, and told: it may stay open for days
    well.store.tell(Tell { now: NOW, incidents: vec![over, failed], ..Tell::default() }).await.unwrap();
    well.beat().await;
    assert_eq!(server.asked().len(), 1);
    well.store.close().await;
    well.beat().await;
    assert_eq!(server.asked().len(), 1, "a database that takes nothing is our death");
}

/// The program itself, over TLS: a certificate that the system trusts, and one that it does not.
#[tokio::test]
async fn the_running_program_beats_where_the_certificate_is_good_and_says_where_it_is_not() {
    for shown in [Shown::Good, Shown::UnknownAuthority] {
        let folder = tempfile::tempdir().unwrap();
        let files = certificates::write(shown, folder.path());
        let (web, server) = (WebServer::with_tls(WELL, &files), ScriptedFtp::start(Script::with([])));
        let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server))]);
        gateway.configuration(&format!("heartbeat: https://localhost:{}/ping", web.port));
        gateway.rule("files", "", AT_ONCE, "then: [{ upload: { to: offsite } }]");
        let serving = gateway.serve_with(&[("SSL_CERT_FILE", files.ca.as_os_str())]);
        let status = || {
            let output = gateway.run(&["status"]);
            (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
        };
        match shown {
            Shown::Good => {
                wait::until("it beats", PATIENCE, || web.asked().len() == 1);
                assert_eq!(status().0, 0);
            }
            _ => {
                wait::until("status tells of it", PATIENCE, || status().0 == 1);
                let (_, told) = status();
                assert!(told.contains("! heartbeat") && told.contains("is not answered since"), "{told}");
                assert!(told.contains("certificate") && !told.contains("/ping"), "{told}");
                assert!(web.asked().is_empty());
            }
        }
        assert!(serving.stop().success());
    }
}
