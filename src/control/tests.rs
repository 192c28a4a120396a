//! Commands through the socket and without it, on a real store.

use super::*;
use crate::{clock::Clock, domain::Moment, store::Store};
use std::{collections::BTreeMap, os::unix::fs::PermissionsExt};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
    sync::mpsc,
};
use tokio_util::sync::CancellationToken;

fn known() -> Known {
    Known {
        rules: BTreeMap::from([
            ("dumps".into(), PausedInFile::No),
            ("frozen".into(), PausedInFile::Yes),
            ("both".into(), PausedInFile::No),
        ]),
        servers: BTreeMap::from([
            ("both".into(), ServerKind::Ftp),
            ("crm".into(), ServerKind::Webhook),
            ("main".into(), ServerKind::Smtp),
            ("offsite".into(), ServerKind::Ftp),
        ]),
    }
}

fn named(name: &str) -> Subject {
    Subject::Named(name.into())
}

/// A process that serves a storage of its own.
struct Daemon {
    folder: tempfile::TempDir,
    heard: mpsc::UnboundedReceiver<Heard>,
    stop: CancellationToken,
    served: tokio::task::JoinHandle<()>,
}

async fn daemon() -> Daemon {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("control.sock"), "a dead one's").unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let (tell, heard) = mpsc::unbounded_channel();
    let operator = Operator::new(store, Clock::driven(Moment(7)), known()).heard_by(tell);
    let stop = CancellationToken::new();
    let socket = Socket::listen(folder.path()).unwrap();
    let served = tokio::spawn(socket.serve(operator, stop.clone()));
    Daemon { folder, heard, stop, served }
}

#[tokio::test]
async fn beside_a_running_process_a_command_goes_through_the_socket_and_is_heard() {
    let mut daemon = daemon().await;
    let path = daemon.folder.path().join("control.sock");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let command = Command::Pause { what: named("offsite") };
    let answer = act(daemon.folder.path(), Known::default(), &command).await.unwrap();
    assert_eq!(answer, Answer::Server { server: "offsite".into() });
    assert_eq!(daemon.heard.recv().await, Some(Heard::ServerPaused("offsite".into())));
    daemon.stop.cancel();
    daemon.served.await.unwrap();
    assert!(!path.exists(), "a socket goes with its process");
}

#[tokio::test]
async fn without_a_running_process_the_same_command_is_obeyed_here() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    store.close().await;
    drop(store);
    let command = Command::Pause { what: named("dumps") };
    let answer = act(folder.path(), known(), &command).await.unwrap();
    assert_eq!(answer, Answer::Rule { rule: "dumps".into(), jobs: 0 });
    assert_eq!(read(folder.path()).await.unwrap().paused_rules().await.unwrap()[0].rule, "dumps");
}

#[tokio::test]
async fn where_there_is_no_database_none_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let command = Command::Pause { what: named("dumps") };
    let error = act(folder.path(), known(), &command).await.unwrap_err();
    assert!(matches!(error, ActError::Store(StoreError::Open { .. })), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_lock_whose_holder_does_not_listen_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let _store = Store::open(folder.path()).await.unwrap();
    let command = Command::Pause { what: named("dumps") };
    let error = act::act_within(std::time::Duration::ZERO, folder.path(), known(), &command).await.unwrap_err();
    assert!(matches!(error, ActError::Store(StoreError::Locked(_))), "{error}");
}

#[tokio::test]
async fn what_is_not_a_command_is_refused_and_the_next_one_is_heard() {
    let daemon = daemon().await;
    let mut stream = BufReader::new(UnixStream::connect(daemon.folder.path().join("control.sock")).await.unwrap());
    for (line, word) in [
        ("hello", "refused"),
        (r#"{"command":"drop_tables"}"#, "refused"),
        (r#"{"command":"jobs","verb":"cancel","which":{"filter":{}}}"#, "refused"),
        (r#"{"command":"jobs","verb":"cancel","which":{"filter":{"sates":["failed"]}}}"#, "refused"),
        (r#"{"command":"jobs","verb":"cancel","which":{"ids":["8f3k2m7q"]}}"#, "jobs"),
        (r#"{"command":"jobs","verb":"retry","which":{"filter":{"states":["failed"]}},"rehearsal":"only"}"#, "jobs"),
        (r#"{"command":"resume","what":{"server":"offsite"}}"#, "server"),
    ] {
        stream.write_all(format!("{line}\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_line(&mut answer).await.unwrap();
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["answer"], word, "{line}: {answer}");
    }
}

#[tokio::test]
async fn an_endless_line_ends_the_conversation_and_nobody_elses() {
    let daemon = daemon().await;
    let path = daemon.folder.path().join("control.sock");
    let mut endless = UnixStream::connect(&path).await.unwrap();
    let quiet = UnixStream::connect(&path).await.unwrap();
    let chunk = [b'x'; 65536];
    while endless.write_all(&chunk).await.is_ok() {}
    let command = Command::Resume { what: named("offsite") };
    assert!(matches!(act(daemon.folder.path(), known(), &command).await.unwrap(), Answer::Server { .. }));
    drop(quiet);
}

#[tokio::test]
async fn names_that_mean_nothing_or_two_things_are_refused_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let operator = Operator::new(Store::open(folder.path()).await.unwrap(), Clock::System, known());
    let to_itself = Command::MoveJobs { from: "offsite".into(), to: "offsite".into(), rehearsal: Rehearsal::No };
    let to_nobody = Command::MoveJobs { from: "offsite".into(), to: "ofsite".into(), rehearsal: Rehearsal::No };
    let elsewhere =
        |from: &str, to: &str| Command::MoveJobs { from: from.into(), to: to.into(), rehearsal: Rehearsal::Only };
    for (command, says) in [
        (elsewhere("offsite", "main"), "`offsite` is an FTP server, and `main` is a relay"),
        (elsewhere("main", "both"), "`main` is a relay, and `both` is an FTP server"),
        (elsewhere("crm", "main"), "`crm` is a webhook, and `main` is a relay"),
        (Command::Pause { what: named("dmps") }, "rules: both, dumps, frozen; servers: both, crm, main, offsite"),
        (Command::Pause { what: named("both") }, "`--rule both` or `--server both`"),
        (Command::Pause { what: Subject::Rule("offsite".into()) }, "there is no rule `offsite`"),
        (Command::Resume { what: named("frozen") }, "take `paused: true` out"),
        (to_itself, "there already"),
        (to_nobody, "there is no server `ofsite`"),
    ] {
        match operator.obey(command.clone()).await {
            Answer::Refused { why } => assert!(why.contains(says), "{command:?}: {why}"),
            other => panic!("{command:?}: {other:?}"),
        }
    }
    let both = Command::Pause { what: Subject::Server("both".into()) };
    assert_eq!(operator.obey(both).await, Answer::Server { server: "both".into() });
}

#[tokio::test]
async fn a_storage_with_a_long_path_has_a_socket_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let storage = folder.path().join("x".repeat(120));
    std::fs::create_dir(&storage).unwrap();
    let store = Store::open(&storage).await.unwrap();
    let socket = Socket::listen(&storage).unwrap();
    let served = tokio::spawn(socket.serve(Operator::new(store, Clock::System, known()), CancellationToken::new()));
    let command = Command::Resume { what: named("dumps") };
    assert!(matches!(act(&storage, known(), &command).await.unwrap(), Answer::Rule { .. }));
    served.abort();
}
