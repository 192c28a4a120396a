//! The way in: greeting, TLS, login.

use super::{
    all,
    row::{Row, first, instead, row},
};
use crate::support::{
    certificates::Shown,
    scripted_ftp::{Action::*, Script},
};

/// Before any file is sent.
fn on_the_way_in() -> Vec<Row> {
    let raw = |words: &[u8]| first("CONNECT", InsteadRaw(words.to_vec()));
    vec![
        row("421 as a greeting", first("CONNECT", Bye("421 Too many users")), "deferred server busy")
            .says("421 Too many"),
        row(
            "530 as a greeting",
            first("CONNECT", Bye("530 Maximum number of clients reached")),
            "deferred server busy",
        ),
        row("120 as a greeting", first("CONNECT", Bye("120 Ready in 5 minutes")), "deferred server busy"),
        row("500 as a greeting", first("CONNECT", Bye("500 OOPS: child died")), "deferred server connect").says("OOPS"),
        row("no greeting", first("CONNECT", Hang), "deferred server connect").says("no answer for 0.7 s"),
        row("closed for a greeting", first("CONNECT", Close), "deferred server connect"),
        row("reset for a greeting", first("CONNECT", Reset), "deferred server connect"),
        row("a greeting without end", first("CONNECT", EndlessLine), "deferred server connect"),
        row("a greeting of lines without end", first("CONNECT", EndlessMultiline), "deferred server connect"),
        row("another protocol", raw(b"SSH-2.0-OpenSSH_9.2\r\n"), "deferred server connect").says("not FTP"),
        row("a greeting byte by byte", first("CONNECT", Dribble), "delivered size"),
        row("a greeting that ends in LF", first("CONNECT", LineFeedOnly), "delivered size"),
        row("two greetings in one packet", first("CONNECT", Twice), "deferred server session"),
        row("no more connections", [], "deferred server busy").script(|script| Script { connections: 0, ..script }),
        row("421 to USER", first("USER", Bye("421 Later")), "deferred server busy"),
        row("no answer to USER", first("USER", Hang), "deferred server connect"),
        row("530 to PASS", instead("PASS", "530 Login incorrect"), "deferred server login").says("530 Login incorrect"),
        row("530 to PASS, for the crowd", instead("PASS", "530 Too many connections"), "deferred server busy"),
        row("421 to PASS", first("PASS", Bye("421 Too busy")), "deferred server busy"),
        row("an account wanted", instead("PASS", "332 And the account?"), "deferred server login").says("332"),
        row("no answer to PASS", first("PASS", Hang), "deferred server connect"),
        row("closed at PASS", first("PASS", Close), "deferred server connect"),
        row("FEAT unknown", instead("FEAT", "500 What?"), "delivered size"),
        row("no answer to FEAT", first("FEAT", Hang), "deferred server connect"),
        row("FEAT without end", first("FEAT", EndlessMultiline), "deferred server connect"),
        row(
            "FEAT with bytes that are not text",
            first("FEAT", InsteadRaw(b"211-\xff\r\n S\xe9\r\n211 \xfe\r\n".to_vec())),
            "delivered size",
        ),
        row("TYPE refused", instead("TYPE", "500 What?"), "deferred server session"),
        row("OPTS UTF8 refused", instead("OPTS", "501 No"), "delivered size"),
    ]
}

fn on_the_way_in_with_tls() -> Vec<Row> {
    let injected = b"230 Logged in\r\n".to_vec();
    vec![
        row("AUTH unknown", instead("AUTH", "500 What?"), "deferred server tls").tls().says("500 What?"),
        row("AUTH refused", instead("AUTH", "534 Not allowed"), "deferred server tls").tls(),
        row("no answer to AUTH", first("AUTH", Hang), "deferred server connect").tls(),
        row("bytes before TLS", first("AUTH", InjectBeforeTls(injected)), "deferred server tls")
            .tls()
            .says("in the middle"),
        row("garbage for TLS", first("AUTH", GarbageForTls), "deferred server tls").tls(),
        row("PBSZ refused", instead("PBSZ", "500 What?"), "deferred server tls").tls(),
        row("PROT refused", instead("PROT", "536 Not that"), "deferred server tls").tls(),
        row("a certificate for another name", [], "deferred server tls")
            .shows(Shown::WrongName)
            .says("elsewhere.example"),
        row("an unknown authority", [], "deferred server tls").shows(Shown::UnknownAuthority).says("`ca_file`"),
        row("an expired certificate", [], "deferred server tls").shows(Shown::Expired).says("expired on 1999-12-31"),
        row("a self-signed certificate", [], "deferred server tls").shows(Shown::SelfSigned).says("pin_sha256: "),
        row("a good certificate", [], "delivered size").tls().says("PROT P"),
        row("garbage for TLS on the data connection", first("STOR", GarbageForDataTls), "deferred server tls")
            .tls()
            .dropped()
            .litter(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn connecting() {
    all(on_the_way_in()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connecting_with_tls() {
    all(on_the_way_in_with_tls()).await;
}
