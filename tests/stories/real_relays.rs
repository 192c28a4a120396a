//! Messages through relays that others wrote: Postfix, and its sink.

use crate::support::{
    relays::{
        postfix::{Postfix, REFUSED},
        sink::Sink,
    },
    scripted_smtp::{Script, ScriptedSmtp},
    servers::Tls,
    smtp_client::{delivered, kind_of, mail, to, told, trouble_of, with},
    wait,
};
use packetboat::{
    config::{Secret, SmtpServer, SmtpTimeouts, Trust},
    delivery::smtp::{connect, send},
    smtp::client::{Mail, Notify, Recipient, Session},
};
use std::{path::PathBuf, sync::Arc, time::Duration};

/// A whole message, so that a relay adds nothing to its header but where it came from.
const LETTER: &str = "From: me@here.example\r\nTo: ada@there.example\r\nSubject: a story\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\n\
    Message-ID: <1@here.example>\r\n\r\nGr\u{fc}\u{df}e\r\n.\r\n..\r\n.dot\r\n\r\n.\r\nlast\r\n";

const PATIENCE: Duration = Duration::from_secs(20);

async fn session(port: u16, tls: Tls, ca: Option<PathBuf>) -> Session {
    let timeouts = SmtpTimeouts { connect: PATIENCE, reply: PATIENCE, data: PATIENCE };
    connect(&Arc::new(SmtpServer { timeouts, ..with(port, tls, ca) })).await.unwrap()
}

async fn through_the_sink(options: &[&str]) {
    let Some(sink) = Sink::start(options) else { return };
    let mut session = session(sink.port, Tls::None, None).await;
    assert_eq!(session.facts().capabilities.pipelining, !options.contains(&"-p"));
    let recipients = [to("ada@there.example"), to("bob@there.example")];
    for _ in 0..3 {
        for delivered in delivered(send(&mut session, &mail(&recipients, LETTER.as_bytes())).await) {
            assert!(delivered.reply.starts_with("250 "), "{delivered:?}");
        }
    }
    session.quit().await;
    for message in sink.messages(3, "last") {
        assert!(message.contains("<ada@there.example>") && message.contains("<bob@there.example>"), "{message}");
        // It ends each file with a blank line of its own.
        assert!(message.ends_with(&(LETTER.replace("\r\n", "\n") + "\n")), "{message}");
    }
}

#[tokio::test]
async fn the_sink_has_all_of_it() {
    through_the_sink(&[]).await;
}

#[tokio::test]
async fn the_sink_has_all_of_it_one_command_at_a_time() {
    through_the_sink(&["-p"]).await;
}

async fn through_postfix(port: fn(&Postfix) -> u16, tls: Tls) {
    let onward = ScriptedSmtp::start(Script::with([]));
    let Some(postfix) = Postfix::start(onward.port) else { return };
    let mut session = session(port(&postfix), tls, Some(postfix.certificate.ca.clone())).await;
    let recipients = [
        Recipient { notify: Some(Notify::Never), original: Some("a+b@old.example"), ..to("ada@there.example") },
        to(REFUSED),
        to("bob@there.example"),
    ];
    let letter = Mail { from: None, envelope_id: Some("job=1"), ..mail(&recipients, LETTER.as_bytes()) };
    for _ in 0..2 {
        let mut outcomes = send(&mut session, &letter).await;
        let refused = outcomes.remove(1);
        assert_eq!(told(&refused), "failed job refused");
        assert!(trouble_of(&refused).unwrap().said.starts_with("550 5.1.1 "), "{refused:?}");
        for delivered in delivered(outcomes) {
            assert!(delivered.reply.starts_with("250 2.0.0 Ok: queued as "), "{delivered:?}");
            assert_eq!(delivered.tls.is_some(), tls != Tls::None);
        }
    }
    // Nobody of them: a transaction that is broken off, and forgotten before the next.
    let nobody = send(&mut session, &mail(&[to(REFUSED)], LETTER.as_bytes())).await;
    assert_eq!(told(&nobody[0]), "failed job refused");
    let huge = send(&mut session, &mail(&recipients, &[b'x'; 1_000_001])).await;
    assert!(trouble_of(&huge[0]).unwrap().said.ends_with("the server takes 1000000"), "{huge:?}");
    delivered(send(&mut session, &letter_to_ada()).await);
    assert!(session.is_usable());
    session.quit().await;

    let has_all = || onward.messages().len() == 3;
    wait::until("Postfix has handed all of it on", PATIENCE, has_all);
    for message in onward.messages() {
        assert!(message.bytes.ends_with(LETTER.as_bytes()), "{}", String::from_utf8_lossy(&message.bytes));
    }
    let first = &onward.messages()[0];
    assert!(first.from.starts_with("<>") && first.from.contains("ENVID=job+3D1"), "{first:?}");
    assert!(
        first.recipients[0].contains("NOTIFY=NEVER") && first.recipients[0].contains("a+2Bb@old.example"),
        "{first:?}"
    );
}

fn letter_to_ada() -> Mail<'static> {
    const ADA: [Recipient<'static>; 1] = [to("ada@there.example")];
    mail(&ADA, LETTER.as_bytes())
}

#[tokio::test]
async fn postfix_has_all_of_it() {
    through_postfix(|postfix| postfix.port, Tls::None).await;
}

#[tokio::test]
async fn postfix_has_all_of_it_by_starttls() {
    through_postfix(|postfix| postfix.port_starttls, Tls::Explicit).await;
}

#[tokio::test]
async fn postfix_has_all_of_it_by_tls_from_the_first_byte() {
    through_postfix(|postfix| postfix.port_implicit, Tls::Implicit).await;
}

#[tokio::test]
async fn postfix_wants_a_certificate_of_ours() {
    let onward = ScriptedSmtp::start(Script::with([]));
    let Some(postfix) = Postfix::start(onward.port) else { return };
    let nobody = with(postfix.port_certified, Tls::Explicit, Some(postfix.certificate.ca.clone()));
    let trouble = connect(&Arc::new(nobody.clone())).await.unwrap_err();
    assert_eq!(kind_of(&trouble), "server tls");
    assert!(trouble.said.contains("No client certificate presented"), "{trouble}");

    let client = &postfix.client_certificate;
    let key = Secret::new(std::fs::read_to_string(&client.key).unwrap());
    let trust = Trust { client_certificate: Some((client.certificate.clone(), key)), ..nobody.trust.clone() };
    let mut session = connect(&Arc::new(SmtpServer { trust, ..nobody })).await.unwrap();
    delivered(send(&mut session, &letter_to_ada()).await);
}
