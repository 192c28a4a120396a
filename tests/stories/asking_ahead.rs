//! Where another file follows, its EPSV goes out with the rename of the one before: a wait less for every file.

use crate::support::{
    ftp_client::{settings, upload_of},
    scripted_ftp::{
        Action::{Hang, Late},
        Script, ScriptedFtp, once,
    },
    servers::Tls,
};
use packetboat::{
    delivery::ftp::{connect, upload},
    domain::{Outcome, RemotePath},
    ftp::client::{Found, Next, Session},
};
use std::sync::Arc;

async fn conversation(server: &ScriptedFtp) -> Session {
    connect(&Arc::new(settings(server, Tls::None)), &Arc::default()).await.unwrap()
}

/// Uploads and says what follows.
async fn deliver(session: &mut Session, target: &str, next: Next) {
    session.expect(next);
    let outcome = upload(session, &upload_of(target.as_bytes(), target)).await;
    assert!(matches!(outcome, Outcome::Delivered(_)), "{target}: {outcome:?}");
}

fn verbs(server: &ScriptedFtp, last: usize) -> Vec<String> {
    let commands = server.commands();
    commands[commands.len() - last..].iter().map(|command| command.verb.clone()).collect()
}

/// The server keeps its answer to RNTO back until it has heard the next command.
#[tokio::test(flavor = "multi_thread")]
async fn the_next_data_connection_is_asked_for_before_the_rename_is_answered() {
    let server = ScriptedFtp::start(Script::with([once("RNTO", 2, Late)]));
    let mut session = conversation(&server).await;
    deliver(&mut session, "a", Next::File).await; // a server's first rename is looked at
    deliver(&mut session, "b", Next::File).await;
    deliver(&mut session, "c", Next::Nothing).await;
    assert_eq!(server.connections(), 1);
    assert_eq!(verbs(&server, 7), ["RNTO", "EPSV", "STOR", "SIZE", "MFMT", "RNFR", "RNTO"]);
    assert_eq!(server.files().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_command_gets_its_own_answer() {
    let server = ScriptedFtp::start(Script::with([]));
    let mut session = conversation(&server).await;
    deliver(&mut session, "a", Next::File).await;
    deliver(&mut session, "b", Next::File).await;
    let found = session.find(&RemotePath::new("b").unwrap()).await.unwrap();
    assert_eq!(found, Found::Something(Some(1)));
    deliver(&mut session, "c", Next::File).await;
    session.quit().await;
    assert_eq!(verbs(&server, 3), ["RNTO", "EPSV", "QUIT"]);
    assert_eq!(server.connections(), 1);
}

/// The file that meets it is delivered over a new connection, and nothing is asked ahead from then on.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_takes_it_ill_is_not_asked_ahead_again() {
    let server = ScriptedFtp::start(Script::with([once("EPSV", 3, Hang)]));
    let mut session = conversation(&server).await;
    for target in ["a", "b", "c", "d", "e"] {
        deliver(&mut session, target, Next::File).await;
    }
    assert_eq!(server.connections(), 2);
    assert_eq!(verbs(&server, 1), ["RNTO"]);
    assert_eq!(server.files().len(), 5);
}
