//! What failed was moved by `after_failure`; tried again, it is found there, and the list goes on with it.

use crate::support::{
    endpoint::Endpoint,
    gateway::{AT_ONCE, Gateway},
    ledger::Ledger,
    scripted_smtp::{Action, Script, ScriptedSmtp, once},
    servers::{ServerKind, ServerOptions, TestServer},
    wait,
    walk::walk,
};
use mail_parser::MessageParser;
use std::{fs, os::unix::process::ExitStatusExt, path::Path, time::Duration};

const LISTS: &str = "then: [{ upload: { to: offsite, on_exists: fail } }]
after: [{ move: \"sent/\" }]
after_failure: [{ move: \"failed/\" }]";

/// `taken.txt` has failed and was moved, for the server has one already.
fn failed() -> (TestServer, Gateway) {
    let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    fs::write(server.root.join("taken.txt"), "theirs").unwrap();
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server))]);
    gateway.rule("files", "", AT_ONCE, LISTS);
    gateway.file("taken.txt", "ours");
    assert_eq!(gateway.code("once"), 1);
    assert_eq!(names(&gateway.source), ["failed/taken.txt"]);
    (server, gateway)
}

fn names(folder: &Path) -> Vec<String> {
    walk(folder).keys().map(|name| String::from_utf8(name.clone()).unwrap()).collect()
}

fn text(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap()
}

#[tokio::test]
async fn it_is_sent_from_where_it_was_moved_and_goes_on_from_there() {
    let (server, gateway) = failed();
    assert_eq!(gateway.code("retry --state failed"), 0);
    assert_eq!(gateway.code("once"), 1, "the server still has one");
    assert_eq!(names(&gateway.source), ["failed/taken.txt"], "its list began anew, and it lies there already");
    fs::remove_file(server.root.join("taken.txt")).unwrap();
    assert_eq!(gateway.code("retry --state failed"), 0);
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(names(&gateway.source), ["sent/taken.txt"]);
    assert_eq!(text(&server.root, "taken.txt"), "ours");
    let mut ledger = Ledger::open(&gateway).await;
    assert_eq!(ledger.count("SELECT count(*) FROM jobs WHERE state = 'failed'").await, 0);
}

#[tokio::test]
async fn an_older_version_does_not_come_after_a_newer() {
    let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server))]);
    gateway.rule("files", "", AT_ONCE, &LISTS.replace(", on_exists: fail", ""));
    fs::create_dir(server.root.join("a.txt")).unwrap();
    gateway.file("a.txt", "old");
    assert_eq!(gateway.code("once"), 1, "a folder is not overwritten");
    fs::remove_dir(server.root.join("a.txt")).unwrap();
    gateway.file("a.txt", "newer");
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(gateway.code("retry --state failed"), 0);
    gateway.code("once");
    assert_eq!(text(&server.root, "a.txt"), "newer");
    assert_eq!(names(&gateway.source), ["failed/a.txt", "sent/a.txt"]);
}

#[tokio::test]
async fn another_file_of_its_name_there_is_not_taken_for_it() {
    let (server, gateway) = failed();
    fs::remove_file(server.root.join("taken.txt")).unwrap();
    fs::write(gateway.source.join("failed/taken.txt"), "somebody's").unwrap();
    assert_eq!(gateway.code("retry --state failed"), 0);
    let mut ledger = Ledger::open(&gateway).await;
    let said = "SELECT said FROM jobs WHERE action = 'upload'";
    gateway.code("once"); // it is looked at twice before it is given up
    let lines = ledger.lines(said).await;
    let expected = format!("it was moved to {}/failed/taken.txt and is not there as it was", gateway.source.display());
    assert_eq!(lines, [expected]);
    assert_eq!(names(&server.root), Vec::<String>::new());
}

#[tokio::test]
async fn each_step_of_the_list_that_begins_anew_finds_it() {
    let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    let relay = ScriptedSmtp::start(Script::with([]));
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server)), ("main", &Endpoint::from(&relay))]);
    gateway.configuration("mail: { from: gate@here.example }");
    let copies = gateway.config.with_file_name("copies");
    let lists = format!(
        "then: [{{ upload: {{ to: offsite, on_exists: fail }} }}]
after:
  - save: {{ to: {} }}
  - mail: {{ to: ann@there.example, subject: s, text: t, attach: file }}
  - delete
after_failure: [{{ move: \"failed/\" }}]",
        copies.display()
    );
    gateway.rule("files", "", AT_ONCE, &lists);
    fs::write(server.root.join("a.txt"), "theirs").unwrap();
    gateway.file("a.txt", "the bytes");
    assert_eq!(gateway.code("once"), 1);
    fs::remove_file(server.root.join("a.txt")).unwrap();
    assert_eq!(gateway.code("retry --state failed"), 0);
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(text(&copies, "a.txt"), "the bytes");
    let messages = relay.messages();
    let message = MessageParser::default().parse(&messages[0].bytes).unwrap();
    assert_eq!(message.attachments().next().unwrap().contents(), b"the bytes");
    assert_eq!(names(&gateway.source), Vec::<String>::new());
}

/// What a row needs lies with us; its file goes on from where the failure has put it.
#[tokio::test]
async fn a_row_that_is_mailed_at_last_takes_its_file_on() {
    let refuse = once("RCPT", 1, Action::Instead("550 5.1.1 no such user"));
    let relay = ScriptedSmtp::start(Script::with([refuse]));
    let gateway = Gateway::with(&[("main", &Endpoint::from(&relay))]);
    gateway.configuration("mail: { from: gate@here.example }");
    let lists = "then: [{ mail: { rows: , to: \"{{ row.to }}@there.example\", subject: s, text: t } }]
after: [{ move: \"done/\" }]
after_failure: [{ move: \"failed/\" }]";
    gateway.rule("rows", "", AT_ONCE, lists);
    gateway.file("a.csv", "to\nann\nbob\n");
    assert_eq!(gateway.code("once"), 1);
    assert_eq!(names(&gateway.source), ["failed/a.csv"]);
    assert_eq!(gateway.code("retry --state failed"), 0);
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(names(&gateway.source), ["done/a.csv"]);
    assert_eq!(relay.messages().len(), 2);
}

/// There it has another inode, and another device.
#[tokio::test]
async fn it_is_found_on_another_file_system_and_brought_back_from_there() {
    let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    let elsewhere = tempfile::tempdir_in("/dev/shm").unwrap();
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server))]);
    let lists = LISTS.replace("failed/", &format!("{}/", elsewhere.path().display()));
    gateway.rule("files", "", AT_ONCE, &format!("{lists}\nretry: {{ first_wait: 1s, longest_wait: 1s }}"));
    fs::write(server.root.join("a.txt"), "theirs").unwrap();
    gateway.file("a.txt", "ours");
    assert_eq!(gateway.code("once"), 1);
    assert_eq!(names(elsewhere.path()), ["a.txt"]);
    fs::remove_file(server.root.join("a.txt")).unwrap();
    assert_eq!(gateway.code("retry --state failed"), 0);
    for point in ["here.set_aside", "here.copied"] {
        let status = gateway.command(&["once"]).env("PACKETBOAT_KILL_AT", format!("{point}:1")).status().unwrap();
        assert_eq!(status.signal(), Some(9), "{point} was never reached");
    }
    wait::until("it is moved on", Duration::from_secs(20), || gateway.code("once") == 0);
    assert_eq!((names(&gateway.source), names(elsewhere.path())), (vec!["sent/a.txt".to_owned()], vec![]));
    assert_eq!(text(&server.root, "a.txt"), "ours");
}

/// The other's file was moved away under it; it finds it there, and its own list leaves it there.
#[tokio::test]
async fn another_rule_finds_it_and_does_not_move_it_on() {
    let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server))]);
    fs::create_dir(server.root.join("also")).unwrap();
    for folder in ["", "also/"] {
        fs::write(server.root.join(folder).join("a.txt"), "theirs").unwrap();
    }
    gateway.rule("files", "", AT_ONCE, LISTS);
    let copy = gateway.config.with_file_name("copies");
    let also = format!(
        "then: [{{ upload: {{ to: offsite, path: also/, on_exists: fail }} }}]\nafter: [{{ save: {{ to: {} }} }}]",
        copy.display()
    );
    gateway.rule("also", "", AT_ONCE, &also);
    gateway.file("a.txt", "ours");
    assert_eq!(gateway.code("once"), 1);
    assert_eq!(names(&gateway.source), ["failed/a.txt"]);
    fs::remove_file(server.root.join("also/a.txt")).unwrap();
    assert_eq!(gateway.code("retry --rule also --state failed"), 0);
    gateway.code("once");
    assert_eq!(text(&server.root, "also/a.txt"), "ours");
    assert_eq!(names(&gateway.source), ["failed/a.txt"]);
}
