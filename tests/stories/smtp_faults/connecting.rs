//! The way in: greeting, EHLO, STARTTLS, login.

use super::{
    all,
    row::{Row, first, row, second},
};
use crate::support::{
    certificates::Shown,
    ftp_client::PATIENCE,
    scripted_smtp::{Action::*, LOGINS, Lost::*, PASSWORD, TOKEN},
    servers::Tls,
    smtp_client::{by_password, by_token, kind_of, with},
};
use packetboat::{
    config::{PasswordBy, Secret, SmtpLogin, SmtpProof},
    delivery::smtp::connect,
};
use std::{
    net::TcpListener,
    sync::Arc,
    time::{Duration, Instant},
};

fn greetings() -> Vec<Row> {
    let at = |action| first("CONNECT", action);
    vec![
        row("421 as a greeting", at(Bye("421 Too busy")), "deferred server busy").says("421 Too busy"),
        row("450 as a greeting", at(Bye("450 4.7.1 Not now")), "deferred server busy"),
        row("554 as a greeting", at(Bye("554 No SMTP service here")), "deferred server connect").says("554 No SMTP"),
        row("no greeting", at(Hang), "deferred server connect").says("no answer for 0.7 s"),
        row("closed for a greeting", at(Close), "deferred server connect").says("closed the connection"),
        row("reset for a greeting", at(Reset), "deferred server connect"),
        row("a greeting without end", at(EndlessLine), "deferred server connect"),
        row("a greeting of lines without end", at(EndlessMultiline), "deferred server connect"),
        row("another protocol", at(InsteadRaw(b"SSH-2.0-OpenSSH_9.2\r\n")), "deferred server connect").says("SSH-2.0"),
        row("another code as a greeting", at(Instead("250 Hello")), "deferred server connect").says("250 Hello"),
        row("a greeting byte by byte", at(Dribble), "delivered accepted"),
        row("a greeting that ends in LF", at(LineFeedOnly), "delivered accepted"),
        row("a greeting without words", at(NoWords), "delivered accepted"),
        row("a greeting that is not UTF-8", at(InsteadRaw(b"220 caf\xe9\r\n")), "delivered accepted"),
        row("two greetings in one packet", at(Twice), "deferred server connect").says("more than a greeting"),
        row("an answer before the greeting", at(Before(b"250 Ok\r\n")), "deferred server connect"),
    ]
}

fn hellos() -> Vec<Row> {
    let at = |action| first("EHLO", action);
    vec![
        row("421 to EHLO", at(Bye("421 4.3.2 Later")), "deferred server busy").says("421 4.3.2 Later"),
        row("451 to EHLO", at(Instead("451 4.7.1 Later")), "deferred server busy"),
        row("550 to EHLO", at(Instead("550 5.7.1 Not with that name")), "deferred server session")
            .says("550 5.7.1 Not with that name"),
        row("354 to EHLO", at(Instead("354 Go on")), "deferred server session"),
        row("no answer to EHLO", at(Hang), "deferred server connect")
            .after_deadlines(2)
            .says("EHLO: no answer for 0.7 s"),
        row("closed at EHLO", at(Close), "deferred server connect").says("EHLO: the server closed the connection"),
        row("reset at EHLO", at(Reset), "deferred server connect"),
        row("EHLO byte by byte, for too long", at(Dribble), "deferred server connect")
            .after_deadlines(2)
            .says("no answer"),
        row("EHLO without end", at(EndlessLine), "deferred server connect").says("a line of over 1000 bytes"),
        row("EHLO of lines without end", at(EndlessMultiline), "deferred server connect"),
        row("garbage to EHLO", at(InsteadRaw(b"hello yourself\r\n")), "deferred server connect").says("hello yourself"),
        row("EHLO that changes its mind", at(InsteadRaw(b"250-Ok\r\n550 No\r\n")), "deferred server connect"),
        row("EHLO without words", at(NoWords), "delivered accepted"),
        row("EHLO that ends in LF", at(LineFeedOnly), "delivered accepted"),
        row("EHLO twice", at(Twice), "deferred server session").dropped().says("more than it was asked"),
        row("an answer before EHLO's", at(Before(b"250 Ok\r\n")), "deferred server session").dropped(),
    ]
}

fn starting_tls() -> Vec<Row> {
    let at = |name, action, expected| row(name, first("STARTTLS", action), expected).tls(Tls::Explicit);
    let hello = |name, faults, expected| row(name, faults, expected).tls(Tls::Explicit);
    vec![
        hello("STARTTLS", vec![], "delivered accepted"),
        hello(
            "STARTTLS taken out",
            first("EHLO", InsteadRaw(b"250-localhost\r\n250 PIPELINING\r\n")).to_vec(),
            "deferred server tls",
        )
        .says("does not offer STARTTLS"),
        hello("EHLO twice, before TLS", first("EHLO", Twice).to_vec(), "deferred server tls").says("in the middle"),
        hello("550 to EHLO, before TLS", first("EHLO", Instead("550 No")).to_vec(), "deferred server session"),
        hello("no answer to EHLO, before TLS", first("EHLO", Hang).to_vec(), "deferred server connect"),
        at("454 to STARTTLS", Instead("454 4.7.0 TLS not available"), "deferred server tls").says("454 4.7.0"),
        at("502 to STARTTLS", Instead("502 5.5.1 What?"), "deferred server tls"),
        at("421 to STARTTLS", Bye("421 4.3.2 Later"), "deferred server busy"),
        at("no answer to STARTTLS", Hang, "deferred server connect").says("STARTTLS: no answer for 0.7 s"),
        at("closed at STARTTLS", Close, "deferred server connect"),
        at("reset at STARTTLS", Reset, "deferred server connect"),
        at("STARTTLS without end", EndlessLine, "deferred server connect"),
        at("garbage to STARTTLS", InsteadRaw(b"what\r\n"), "deferred server tls"),
        at("220, and nothing more", Lose(ThenHang), "deferred server connect"),
        at("bytes before TLS", InjectBeforeTls(b"250-x\r\n250 AUTH PLAIN\r\n"), "deferred server tls")
            .says("in the middle"),
        at("half a line before TLS", InjectBeforeTls(b"2"), "deferred server tls").says("in the middle"),
        at("STARTTLS twice", Twice, "deferred server tls").says("in the middle"),
        at("garbage for TLS", GarbageForTls, "deferred server tls"),
        at("STARTTLS byte by byte", Dribble, "delivered accepted"),
        at("STARTTLS that ends in LF", LineFeedOnly, "delivered accepted"),
        hello("421 to EHLO, after TLS", second("EHLO", Bye("421 Later")).to_vec(), "deferred server busy"),
        hello("550 to EHLO, after TLS", second("EHLO", Instead("550 No")).to_vec(), "deferred server session"),
        hello("closed at EHLO, after TLS", second("EHLO", Close).to_vec(), "deferred server connect"),
        hello("no answer to EHLO, after TLS", second("EHLO", Hang).to_vec(), "deferred server connect")
            .after_deadlines(2),
        hello("garbage to EHLO, after TLS", second("EHLO", InsteadRaw(b"x\r\n")).to_vec(), "deferred server connect"),
        hello("EHLO after TLS twice", second("EHLO", Twice).to_vec(), "deferred server session").dropped(),
        row("a certificate for another name", [], "deferred server tls")
            .shows(Shown::WrongName)
            .says("elsewhere.example"),
        row("an unknown authority", [], "deferred server tls").shows(Shown::UnknownAuthority).says("`ca_file`"),
        row("an expired certificate", [], "deferred server tls").shows(Shown::Expired).says("expired on 1999-12-31"),
        row("a self-signed certificate", [], "deferred server tls").shows(Shown::SelfSigned).says("pin_sha256: "),
    ]
}

fn implicit_tls() -> Vec<Row> {
    let at = |name, action, expected| row(name, first("CONNECT", action), expected).tls(Tls::Implicit);
    vec![
        row("TLS from the first byte", [], "delivered accepted").tls(Tls::Implicit),
        at("garbage for TLS from the first byte", GarbageForTls, "deferred server tls"),
        at("421 as a greeting under TLS", Bye("421 Too busy"), "deferred server busy"),
        at("no greeting under TLS", Hang, "deferred server connect"),
        at("a greeting byte by byte under TLS", Dribble, "delivered accepted"),
    ]
}

fn logging_in() -> Vec<Row> {
    let plain = || by_password(PasswordBy::Auto);
    let at = |name, action, expected| row(name, first("AUTH", action), expected).with_login(plain());
    let nobody = |by| SmtpLogin { user: "nobody".to_owned(), proof: SmtpProof::Password(Secret::new(PASSWORD), by) };
    let token = || by_token(&format!("echo {TOKEN}"));
    vec![
        row("PLAIN", [], "delivered accepted").with_login(plain()),
        row("LOGIN", [], "delivered accepted").with_login(by_password(PasswordBy::Login)),
        row("XOAUTH2", [], "delivered accepted").with_login(token()),
        row("PLAIN under TLS", [], "delivered accepted").with_login(plain()).tls(Tls::Explicit),
        row("a wrong user, repeated with the password", [], "deferred server login")
            .with_login(Some(nobody(PasswordBy::Plain)))
            .says("535 5.7.8 Not with ******* and  nobody *******"),
        row("a wrong user by LOGIN", [], "deferred server login")
            .with_login(Some(nobody(PasswordBy::Login)))
            .says("and nobody *******"),
        row("a token that is refused", [], "deferred server login")
            .with_login(Some(SmtpLogin { user: "nobody".to_owned(), ..token().unwrap() }))
            .says("535 5.7.8 Not with ******* and user=nobody auth=Bearer *******"),
        row("a token that is not to be had", [], "deferred server login")
            .with_login(by_token(&format!("echo {TOKEN}; echo 'no {TOKEN} for you' >&2; exit 7")))
            .says("exit status: 7: no ******* for you"),
        Row { login: plain(), ..row("no login offered", [], "deferred server login") }.says("no AUTH PLAIN or LOGIN"),
        at("432 to AUTH", Instead("432 4.7.12 A new password, please"), "deferred server login"),
        at("454 to AUTH", Instead("454 4.7.0 Later"), "deferred server busy"),
        at("421 to AUTH", Bye("421 4.7.0 Too many tries"), "deferred server busy"),
        at("504 to AUTH", Instead("504 5.5.4 What?"), "deferred server login"),
        at("334 to a login that is complete", Say("334 "), "deferred server login"),
        at("no answer to AUTH", Hang, "deferred server connect").says("AUTH: no answer for 0.7 s"),
        at("closed at AUTH", Close, "deferred server connect"),
        at("reset at AUTH", Reset, "deferred server connect"),
        at("AUTH without end", EndlessLine, "deferred server connect"),
        at("garbage to AUTH", InsteadRaw(b"what\r\n"), "deferred server connect"),
        at(
            "garbage to AUTH that tells the password",
            InsteadRaw("what is b0at?+ü?\r\n".as_bytes()),
            "deferred server connect",
        )
        .says("what is *******?"),
        at("354 to AUTH", Instead("354 Go on"), "deferred server connect"),
        at("AUTH byte by byte", Dribble, "delivered accepted"),
        at("AUTH twice", Twice, "deferred server session").dropped(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn greeting() {
    all(greetings()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn saying_hello() {
    all(hellos()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn making_it_secure() {
    all(starting_tls()).await;
    all(implicit_tls()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn showing_who_we_are() {
    assert!(LOGINS.contains("XOAUTH2"));
    all(logging_in()).await;
}

#[tokio::test]
async fn nobody_listens() {
    // Given back at once: the kernel hands it to nobody else so soon.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let trouble = connect(&Arc::new(with(port, Tls::None, None))).await.unwrap_err();
    assert_eq!(kind_of(&trouble), "server connect");
    assert!(
        trouble.said.contains(&format!("cannot connect to 127.0.0.1:{port}")) || trouble.said.contains("[::1]"),
        "{trouble}"
    );
}

#[tokio::test]
async fn nobody_answers_a_handshake() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let begun = Instant::now();
    let server = Arc::new(with(listener.local_addr().unwrap().port(), Tls::Implicit, None));
    let trouble = connect(&server).await.unwrap_err();
    assert_eq!(kind_of(&trouble), "server connect");
    assert!(trouble.said.contains("the TLS handshake: no answer for 0.7 s"), "{trouble}");
    assert!(begun.elapsed() < PATIENCE + Duration::from_secs(1));
}
