//! What a relay or somebody on the way must not get, and what must not be read in a log.

use crate::support::{
    scripted_smtp::{Action::*, LOGINS, PASSWORD, Script, ScriptedSmtp, once},
    servers::Tls,
    smtp_client::{by_password, settings},
};
use packetboat::{
    config::{PasswordBy, SmtpServer},
    delivery::smtp::connect,
};
use std::sync::Arc;

/// TLS taken out, refused, or with bytes before it: nobody hears the password.
#[tokio::test]
async fn a_password_never_leaves_without_tls() {
    let taken_out = b"250-localhost\r\n250 AUTH PLAIN LOGIN\r\n";
    for (fault, heard) in [
        (once("EHLO", 1, InsteadRaw(taken_out)), 1),
        (once("STARTTLS", 1, Instead("454 4.7.0 Later")), 2),
        (once("STARTTLS", 1, InjectBeforeTls(b"235 2.7.0 Welcome\r\n")), 2),
        (once("STARTTLS", 1, GarbageForTls), 2),
    ] {
        let script =
            Script { keywords_in_the_clear: vec![LOGINS], ..Script::with([fault]) }.tls(Tls::Explicit).and(LOGINS);
        let relay = ScriptedSmtp::start(script);
        let server = SmtpServer { login: by_password(PasswordBy::Auto), ..settings(&relay) };
        assert!(connect(&Arc::new(server)).await.is_err());
        assert_eq!(relay.dialogue()[..heard], ["EHLO gateway.example", "STARTTLS"][..heard]);
        assert!(!relay.dialogue().concat().contains("AUTH"), "{:?}", relay.dialogue());
    }
}

#[tokio::test]
async fn what_is_written_down_tells_no_password() {
    let relay = ScriptedSmtp::start(Script::with([]).and(LOGINS));
    let server = Arc::new(SmtpServer { login: by_password(PasswordBy::Auto), ..settings(&relay) });
    let session = connect(&server).await.unwrap();
    let written = format!("{server:?} {session:?} {:?}", session.facts());
    assert!(written.contains("localhost") && !written.contains(PASSWORD), "{written}");
}

/// `\0packet\0PASSWORD` in base64, as servers repeat it: whole, cut, in two lines.
#[tokio::test]
async fn a_login_that_the_relay_repeats_is_told_to_nobody() {
    for (said, told) in [
        ("500 What is AUTH PLAIN AHBhY2tldABiMGF0PyvDvA==", "AUTH: 500 What is AUTH PLAIN *******"),
        ("500 What is \"AUTH PLAIN AHBhY2tldABiMGF0Pyv...\"", "AUTH: 500 What is \"AUTH PLAIN *******"),
        ("500-What is AUTH PLAIN AHBhY2tldABi\r\n500 MGF0PyvDvA==", "AUTH: 500 What is AUTH PLAIN ******* *******"),
    ] {
        let relay = ScriptedSmtp::start(Script::with([once("AUTH", 1, Instead(said))]).and(LOGINS));
        let server = SmtpServer { login: by_password(PasswordBy::Plain), ..settings(&relay) };
        assert_eq!(connect(&Arc::new(server)).await.unwrap_err().said, told);
    }
}
