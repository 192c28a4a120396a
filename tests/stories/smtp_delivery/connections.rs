//! Connections: what goes together, what is used again, and what is given up.

use super::{begin, begin_with};
use crate::support::{
    certificates::{self, Shown},
    ftp_client::PATIENCE,
    scripted_smtp::{Action::*, Script, ScriptedSmtp, once},
    servers::Tls,
    smtp_client::{MESSAGE, THREE, delivered, kind_of, mail, settings, to, told},
    wait,
};
use packetboat::{
    config::{Secret, SmtpServer, SmtpTimeouts, Trust},
    delivery::smtp::{connect, send},
    smtp::client::Mail,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

fn with_all_refused() -> Script {
    Script::with([1, 2, 3].map(|n| once("RCPT", n, Instead("550 5.1.1 No such user"))))
}

#[tokio::test]
async fn commands_go_out_together_where_that_is_offered() {
    let (relay, mut session) = begin(Script::with([])).await;
    delivered(send(&mut session, &mail(&THREE, MESSAGE)).await);
    session.quit().await;
    let envelope = vec!["MAIL", "RCPT", "RCPT", "RCPT", "DATA"];
    assert_eq!(relay.packets(), [vec!["EHLO"], envelope, vec!["QUIT"]]);
}

#[tokio::test]
async fn commands_go_out_one_by_one_where_it_is_not() {
    let (relay, mut session) = begin(Script::with([]).without(&["PIPELINING"])).await;
    delivered(send(&mut session, &mail(&THREE, MESSAGE)).await);
    session.quit().await;
    let each = ["EHLO", "MAIL", "RCPT", "RCPT", "RCPT", "DATA", "QUIT"];
    assert_eq!(relay.packets(), each.map(|verb| vec![verb]));
}

#[tokio::test]
async fn many_recipients_go_out_in_portions() {
    let addresses: Vec<String> = (0..250).map(|n| format!("user{n}@there.example")).collect();
    let recipients: Vec<_> = addresses.iter().map(|address| to(address)).collect();
    let (relay, mut session) = begin(Script::with([once("RCPT", 150, Instead("550 5.1.1 No such user"))])).await;
    let mut outcomes = send(&mut session, &mail(&recipients, MESSAGE)).await;
    assert_eq!(told(&outcomes.remove(149)), "failed job refused");
    assert_eq!(delivered(outcomes).len(), 249);
    assert_eq!(relay.messages()[0].recipients.len(), 249);
    assert_eq!(relay.packets().iter().map(Vec::len).max(), Some(100));
}

#[tokio::test]
async fn a_relay_that_takes_its_time_for_each_recipient_is_waited_for() {
    let addresses: Vec<String> = (0..10).map(|n| format!("user{n}@there.example")).collect();
    let recipients: Vec<_> = addresses.iter().map(|address| to(address)).collect();
    let slow: Vec<_> = (1..=10).map(|n| once("RCPT", n, Dribble)).collect();
    let (_relay, mut session) = begin(Script::with(slow)).await;
    let begun = Instant::now();
    delivered(send(&mut session, &mail(&recipients, MESSAGE)).await);
    assert!(begun.elapsed() > PATIENCE);
}

#[tokio::test]
async fn the_answer_to_the_message_has_a_deadline_of_its_own() {
    let change = |server: SmtpServer| {
        let timeouts = SmtpTimeouts { data: Duration::from_millis(300), ..server.timeouts };
        SmtpServer { timeouts, ..server }
    };
    for (fault, says) in [
        (once("DOT", 2, Hang), "the message: no answer for 0.3 s"),
        (once("MAIL", 2, Hang), "MAIL: no answer for 0.7 s"),
    ] {
        let (_relay, mut session) = begin_with(Script::with([fault]), change).await;
        delivered(send(&mut session, &mail(&THREE, MESSAGE)).await);
        for answer in session.send(&mail(&THREE, MESSAGE)).await {
            assert_eq!(answer.unwrap_err().why.to_string(), says);
        }
    }
}

#[tokio::test]
async fn a_connection_carries_as_many_messages_as_it_may() {
    let three = |server| SmtpServer { messages_per_connection: 3, ..server };
    let (relay, mut session) = begin_with(Script::with([]), three).await;
    assert!(!session.is_used());
    for number in 1..=3 {
        assert!(session.is_usable());
        delivered(send(&mut session, &mail(&THREE, MESSAGE)).await);
        assert_eq!(relay.messages().len(), number);
        assert!(session.is_used());
    }
    assert!(!session.is_usable());
    session.quit().await;
    assert_eq!(relay.connections(), 1);
    assert_eq!(relay.dialogue().last().unwrap(), "QUIT");
    assert!(!relay.dialogue().contains(&"RSET".to_owned()));
}

#[tokio::test]
async fn a_transaction_that_was_broken_off_is_forgotten_before_the_next() {
    for without in [&[][..], &["PIPELINING"]] {
        let (relay, mut session) = begin(with_all_refused().without(without)).await;
        for outcome in send(&mut session, &mail(&THREE, MESSAGE)).await {
            assert_eq!(told(&outcome), "failed job refused");
        }
        // Without pipelining nobody asks to send what nobody is to have.
        assert_eq!(relay.dialogue().contains(&"DATA".to_owned()), without.is_empty());
        delivered(send(&mut session, &mail(&THREE, MESSAGE)).await);
        assert_eq!(relay.connections(), 1);
        let packets = relay.packets();
        let reset = packets.iter().find(|packet| packet[0] == "RSET").unwrap();
        assert_eq!(reset.len(), if without.is_empty() { 6 } else { 1 });
    }
}

#[tokio::test]
async fn a_relay_that_cannot_forget_is_left() {
    let script = Script {
        faults: [with_all_refused().faults, vec![once("RSET", 1, Instead("500 What?"))]].concat(),
        ..with_all_refused()
    };
    let (relay, mut session) = begin(script).await;
    send(&mut session, &mail(&THREE, MESSAGE)).await;
    let outcomes = send(&mut session, &mail(&THREE, MESSAGE)).await;
    assert_eq!(told(&outcomes[0]), "deferred server session");
    assert!(!session.is_usable());
    assert!(relay.messages().is_empty());
}

#[tokio::test]
async fn a_message_that_nobody_is_to_have_is_its_end_alone() {
    let script = Script { takes_data_for_nobody: true, ..with_all_refused() };
    let (relay, mut session) = begin(script).await;
    send(&mut session, &mail(&THREE, MESSAGE)).await;
    delivered(send(&mut session, &mail(&THREE, MESSAGE)).await);
    // It was ended, so there is nothing to forget; and QUIT, a line of the message, was no command.
    assert_eq!(relay.dialogue().iter().filter(|line| *line == "RSET" || *line == "QUIT").count(), 0);
    assert_eq!((relay.messages().len(), relay.connections()), (1, 1));
}

#[tokio::test]
async fn what_was_offered_before_tls_is_forgotten() {
    let script = Script { keywords_in_the_clear: vec!["PIPELINING", "SIZE 1", "DSN"], ..Script::with([]) };
    let (relay, mut session) = begin(script.tls(Tls::Explicit).without(&["PIPELINING", "SIZE", "DSN"])).await;
    let mail = Mail { envelope_id: Some("1"), ..mail(&THREE, MESSAGE) };
    for delivered in delivered(send(&mut session, &mail).await) {
        assert_eq!(delivered.tls.as_deref(), Some("TLSv1.3"));
    }
    assert_eq!(relay.messages()[0].from, "<me@here.example>");
    let verbs: Vec<_> = relay.packets().concat();
    assert_eq!(verbs[..4], ["EHLO", "STARTTLS", "EHLO", "MAIL"]);
    assert!(relay.packets().iter().all(|packet| packet.len() == 1));
}

#[tokio::test]
async fn a_relay_may_want_a_certificate_of_ours() {
    let folder = tempfile::tempdir().unwrap();
    let client = certificates::write_for_client(&folder.path().join("client"));
    let key = Secret::new(std::fs::read_to_string(&client.key).unwrap());
    for tls in [Tls::Explicit, Tls::Implicit] {
        let script = Script { client_ca: Some(client.ca.clone()), ..Script::with([]).tls(tls) };
        let relay = ScriptedSmtp::start(script);
        let nobody = settings(&relay);
        let trouble = connect(&Arc::new(nobody.clone())).await.unwrap_err();
        assert_eq!(kind_of(&trouble), "server tls");
        assert!(trouble.said.contains("asks for a certificate of ours"), "{trouble}");
        let client_certificate = Some((client.certificate.clone(), key.clone()));
        let trust = Trust { client_certificate, ..nobody.trust.clone() };
        let mut session = connect(&Arc::new(SmtpServer { trust, ..nobody })).await.unwrap();
        delivered(send(&mut session, &mail(&THREE, MESSAGE)).await);
    }
}

#[tokio::test]
async fn a_session_knows_whom_it_talks_to() {
    for (tls, says) in [(Tls::None, None), (Tls::Explicit, Some("TLSv1.3")), (Tls::Implicit, Some("TLSv1.3"))] {
        let (relay, session) = begin(Script { certificate: Shown::Good, ..Script::with([]).tls(tls) }).await;
        let facts = session.facts();
        assert_eq!(facts.greeting, "220 localhost ESMTP");
        assert_eq!((facts.tls, session.tls()), (says, says));
        let shown = relay.certificate.as_ref().map(|files| files.sha256);
        assert_eq!(facts.certificate.map(|seen| seen.sha256.0), shown);
        assert_eq!(facts.capabilities.size, Some(50_000_000));
        assert!(facts.capabilities.pipelining && !facts.capabilities.chunking);
    }
}

#[tokio::test]
async fn a_call_that_is_cancelled_gives_the_session_up() {
    for verb in ["MAIL", "DATA"] {
        let (relay, mut session) = begin(Script::with([once(verb, 1, Hang)])).await;
        let mail = mail(&THREE, MESSAGE);
        let is_asked = async || relay.dialogue().iter().any(|line| line.starts_with(verb));
        tokio::select! {
            _ = send(&mut session, &mail) => panic!("nobody answers"),
            () = wait::until_async("it is asked", Duration::from_secs(5), is_asked) => {}
        }
        assert!(!session.is_usable());
        // The next message finds it given up, and gets another connection.
        for outcome in send(&mut session, &mail).await {
            assert_eq!(told(&outcome), "delivered accepted");
        }
        assert_eq!(relay.connections(), 2);
    }
}
