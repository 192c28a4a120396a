//! What a server or somebody on the way must not get: the password without TLS, data sent to another address.

use crate::support::{
    ftp_client::{settings, upload_of},
    scripted_ftp::{Action::*, Script, ScriptedFtp, always},
    servers::Tls,
};
use packetboat::{
    delivery::ftp::{connect, upload},
    domain::{Outcome, TroubleKind, Whose},
};
use std::{io::ErrorKind, net::TcpListener, sync::Arc};

/// Bytes injected before TLS, or TLS refused: nobody hears the password.
#[tokio::test(flavor = "multi_thread")]
async fn a_password_never_leaves_without_tls() {
    for action in [Instead("500 What?"), Instead("534 No"), InjectBeforeTls(b"230 In\r\n".to_vec()), GarbageForTls] {
        let script = Script { tls: Tls::Explicit, ..Script::with([always("AUTH", action)]) };
        let server = ScriptedFtp::start(script);
        assert!(connect(&Arc::new(settings(&server, Tls::Explicit)), &Arc::default()).await.is_err());
        assert_eq!(server.dialogue(), ["AUTH TLS"]);
    }
}

/// A server cannot send our data connections to somebody else.
#[tokio::test(flavor = "multi_thread")]
async fn data_goes_to_the_server_and_nowhere_else() {
    let canary = TcpListener::bind("127.0.0.2:0").unwrap();
    canary.set_nonblocking(true).unwrap();
    let port = canary.local_addr().unwrap().port();
    let elsewhere = format!("227 Over there (127,0,0,2,{},{})", port >> 8, port & 0xff);
    let server = ScriptedFtp::start(Script::with([always("PASV", InsteadSay(elsewhere))]).without(&["EPSV"]));
    let mut session = connect(&Arc::new(settings(&server, Tls::None)), &Arc::default()).await.unwrap();
    let outcome = upload(&mut session, &upload_of(b"secret", "x")).await;
    assert!(
        matches!(&outcome, Outcome::Deferred(trouble) if (trouble.whose, trouble.kind) == (Whose::Server, TroubleKind::Data)),
        "{outcome:?}"
    );
    assert_eq!(canary.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}
