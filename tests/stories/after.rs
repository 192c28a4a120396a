//! What follows upon a delivery, and upon a failure: the source is dealt with once it is safe.

use crate::support::{
    endpoint::Endpoint,
    gateway::{AT_ONCE, Gateway},
    inside::again_inside,
    ledger::Ledger,
    scripted_smtp::{Script, ScriptedSmtp},
    servers::{ServerKind, ServerOptions, TestServer},
    wait,
    walk::walk,
};
use mail_parser::MessageParser;
use std::{
    fs,
    os::unix::{
        fs::{PermissionsExt, symlink},
        process::ExitStatusExt,
    },
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(60);

fn embedded() -> TestServer {
    ServerKind::Embedded.start(ServerOptions::default()).unwrap()
}

/// One rule, `files`, over the whole source.
fn gateway(server: &TestServer, rest: &str) -> Gateway {
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(server))]);
    gateway.rule("files", "", AT_ONCE, rest);
    gateway
}

/// Paths below a folder, with what is in them.
fn files(folder: &Path) -> Vec<(String, String)> {
    let read = |name: &Vec<u8>| {
        let name = String::from_utf8(name.clone()).unwrap();
        let text = fs::read_to_string(folder.join(&name)).unwrap();
        (name, text)
    };
    walk(folder).keys().map(read).collect()
}

fn pairs(files: &[(&str, &str)]) -> Vec<(String, String)> {
    files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

#[tokio::test]
async fn what_is_delivered_is_moved_and_not_met_again() {
    let server = embedded();
    let gateway = gateway(&server, "then: [{ upload: { to: offsite } }]\nafter: [{ move: \"sent/{{ file.path }}\" }]");
    gateway.file("a.txt", "1");
    gateway.file("deep/er/b.txt", "2");
    for _ in 0..2 {
        assert_eq!(gateway.code("once"), 0);
        assert_eq!(files(&gateway.source), pairs(&[("sent/a.txt", "1"), ("sent/deep/er/b.txt", "2")]));
    }
    let mut ledger = Ledger::open(&gateway).await;
    assert_eq!(ledger.states().await, ["delivered 4"]);
    assert_eq!(ledger.count("SELECT count(*) FROM receipts").await, 2, "a receipt is for a copy");
    assert_eq!(ledger.count("SELECT count(*) FROM arrivals WHERE after = 'done'").await, 2);

    // the same name with the same bytes is a new appearance, and nothing that was moved before is overwritten
    gateway.file("a.txt", "1");
    assert_eq!(gateway.code("once"), 0);
    gateway.file("a.txt", "another");
    assert_eq!(gateway.code("once"), 0);
    let sent =
        pairs(&[("sent/a-2.txt", "1"), ("sent/a-3.txt", "another"), ("sent/a.txt", "1"), ("sent/deep/er/b.txt", "2")]);
    assert_eq!(files(&gateway.source), sent);
    assert_eq!(fs::read_to_string(server.root.join("a.txt")).unwrap(), "another");
    let shown = String::from_utf8(gateway.run(&["jobs"]).stdout).unwrap();
    assert!(shown.contains("/sent/a.txt") && shown.contains("moved to"), "{shown}");
}

/// Same name, size, bytes and time: only that it was taken away makes it new.
#[tokio::test]
async fn what_was_moved_and_comes_again_just_as_it_was_is_sent_again() {
    let server = embedded();
    let gateway = gateway(&server, "then: [{ upload: { to: offsite } }]\nafter: [{ move: \"sent/\" }]");
    gateway.file("a.txt", "1");
    assert_eq!(gateway.code("once"), 0);
    let time = fs::metadata(gateway.source.join("sent/a.txt")).unwrap().modified().unwrap();
    gateway.file("a.txt", "1");
    fs::File::options().write(true).open(gateway.source.join("a.txt")).unwrap().set_modified(time).unwrap();
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(files(&gateway.source), pairs(&[("sent/a-2.txt", "1"), ("sent/a.txt", "1")]));
}

/// A mail that follows has all that one of `then` has: a template that speaks of the receipt, the file itself, and a key.
#[tokio::test]
async fn what_follows_may_carry_the_file() {
    let (server, relay) = (embedded(), ScriptedSmtp::start(Script::with([])));
    let rule = "then: [{ upload: { to: offsite } }]
after:
  - mail: { to: ann@there.example, template: arrived, data: { where: \"{{ receipt.path }}\" }, attach: file, idempotency_key: \"{{ file.name }}\" }
  - upload: { to: offsite, path: \"{{ file.stem }}.copy\", text: \"{{ file.text() }}\" }
  - delete";
    let gateway = gateway(&server, rule);
    gateway.servers(&[("offsite", &Endpoint::from(&server)), ("main", &Endpoint::from(&relay))]);
    gateway.configuration("mail: { from: gate@here.example }");
    let template = gateway.config.with_file_name("templates").join("arrived");
    fs::create_dir_all(&template).unwrap();
    fs::write(template.join("subject.txt"), "{{ where }} is there").unwrap();
    fs::write(template.join("html.html"), "<p>{{ receipt.sha256 }}</p>").unwrap();
    for _ in 0..2 {
        gateway.file("a.txt", "the bytes");
        let once = gateway.run(&["once"]);
        assert!(once.status.success(), "{}", String::from_utf8_lossy(&once.stderr));
        assert!(files(&gateway.source).is_empty());
    }
    let copies = pairs(&[("a.copy", "the bytes"), ("a.txt", "the bytes")]);
    assert_eq!(files(&server.root), copies);
    let messages = relay.messages();
    let [message] = &messages[..] else { panic!("one under its key, not {}", messages.len()) };
    let message = MessageParser::default().parse(&message.bytes).unwrap();
    assert_eq!(message.subject(), Some("a.txt is there"));
    assert_eq!(message.attachments().next().unwrap().contents(), b"the bytes");
    let sha256 = Ledger::open(&gateway).await.lines("SELECT lower(hex(sha256)) FROM receipts").await.swap_remove(0);
    assert!(message.body_html(0).unwrap().contains(&sha256));
}

#[tokio::test]
async fn what_is_delivered_is_deleted_with_its_done_file() {
    let server = embedded();
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server))]);
    let watch = format!("{AT_ONCE}, done_file: \"{{{{ file.stem }}}}.ok\"");
    gateway.rule("files", "", &watch, "then: [{ upload: { to: offsite } }]\nafter: [delete]");
    gateway.file("a.txt", "1");
    gateway.file("a.ok", "");
    gateway.file("b.txt", "not done");
    gateway.code("once");
    assert_eq!(files(&gateway.source), pairs(&[("b.txt", "not done")]));
    assert_eq!(files(&server.root), pairs(&[("a.txt", "1")]));
}

#[tokio::test]
async fn what_failed_goes_its_own_way_and_a_retry_puts_it_right() {
    let server = embedded();
    fs::write(server.root.join("taken.txt"), "theirs").unwrap();
    let rule = "then: [{ upload: { to: offsite, on_exists: fail } }]
after: [{ move: \"sent/\" }]
after_failure: [{ move: \"failed/\" }]";
    let gateway = gateway(&server, rule);
    gateway.file("fine.txt", "1");
    gateway.file("taken.txt", "ours");
    assert_eq!(gateway.code("once"), 1);
    assert_eq!(files(&gateway.source), pairs(&[("failed/taken.txt", "ours"), ("sent/fine.txt", "1")]));
    assert_eq!(fs::read_to_string(server.root.join("taken.txt")).unwrap(), "theirs");
    let mut ledger = Ledger::open(&gateway).await;
    assert_eq!(ledger.states().await, ["delivered 3", "failed 1"]);

    // somebody puts it back and makes room
    fs::remove_file(server.root.join("taken.txt")).unwrap();
    fs::rename(gateway.source.join("failed/taken.txt"), gateway.source.join("taken.txt")).unwrap();
    gateway.code("once"); // as a new appearance it is sent anew
    assert_eq!(files(&gateway.source), pairs(&[("sent/fine.txt", "1"), ("sent/taken.txt", "ours")]));
    assert_eq!(fs::read_to_string(server.root.join("taken.txt")).unwrap(), "ours");
}

#[tokio::test]
async fn a_job_that_is_tried_again_by_hand_has_its_list_begin_anew() {
    let server = embedded();
    fs::write(server.root.join("a.txt"), "theirs").unwrap();
    let rule = "then: [{ upload: { to: offsite, on_exists: fail } }]\nafter: [{ move: \"sent/\" }]";
    let gateway = gateway(&server, rule);
    gateway.file("a.txt", "ours");
    assert_eq!(gateway.code("once"), 1);
    assert_eq!(files(&gateway.source), pairs(&[("a.txt", "ours")]), "it stays");
    fs::remove_file(server.root.join("a.txt")).unwrap();
    assert_eq!(gateway.code("retry --state failed"), 0);
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(files(&gateway.source), pairs(&[("sent/a.txt", "ours")]));
}

/// What was planned upon the failure would act upon what is delivered by now.
#[tokio::test]
async fn what_waits_upon_a_failure_is_let_go_when_that_is_tried_again() {
    let server = embedded();
    fs::write(server.root.join("a.txt"), "theirs").unwrap();
    let gateway = gateway(&server, "");
    let blocked = gateway.config.with_file_name("blocked");
    fs::write(&blocked, "no folder").unwrap();
    let rule = format!(
        "then: [{{ upload: {{ to: offsite, on_exists: fail }} }}]\nafter: [{{ move: \"sent/\" }}]
after_failure: [{{ move: \"{}/failed/\" }}]",
        blocked.display()
    );
    gateway.rule("files", "", AT_ONCE, &rule);
    gateway.file("a.txt", "ours");
    assert_eq!(gateway.code("once"), 1, "and the move waits");
    fs::remove_file(server.root.join("a.txt")).unwrap();
    assert_eq!(gateway.code("retry --state failed"), 0);
    fs::remove_file(&blocked).unwrap();
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(files(&gateway.source), pairs(&[("sent/a.txt", "ours")]));
    assert_eq!(fs::read_to_string(server.root.join("a.txt")).unwrap(), "ours");
    let let_go = "SELECT state || ' ' || said FROM jobs WHERE is_after = 1 ORDER BY id LIMIT 1";
    let mut ledger = Ledger::open(&gateway).await;
    assert_eq!(ledger.lines(let_go).await, ["cancelled what it follows upon is tried again"]);
}

/// Renaming it aside and back would be a new version to its watch, and so another mail.
#[tokio::test]
async fn what_cannot_be_moved_yet_is_mailed_once() {
    let relay = ScriptedSmtp::start(Script::with([]));
    let gateway = Gateway::with(&[("main", &Endpoint::from(&relay))]);
    gateway.configuration("mail: { from: gate@here.example }");
    let blocked = gateway.config.with_file_name("blocked");
    fs::write(&blocked, "no folder").unwrap();
    let rule = format!(
        "then: [{{ mail: {{ to: ann@there.example, subject: s, text: t }} }}]
after: [{{ move: \"{}/sent/\" }}]\nretry: {{ first_wait: 1s, longest_wait: 1s }}",
        blocked.display()
    );
    gateway.rule("files", "", AT_ONCE, &rule);
    gateway.file("a.txt", "1");
    let writer = fs::File::options().append(true).open(gateway.source.join("a.txt")).unwrap();
    assert_eq!(gateway.code("once"), 4, "somebody has it open");
    drop(writer);
    let mut ledger = Ledger::open(&gateway).await;
    tried(&gateway, &mut ledger, 2).await;
    // its mode and its links are no new version, either
    fs::set_permissions(gateway.source.join("a.txt"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::hard_link(gateway.source.join("a.txt"), gateway.config.with_file_name("link")).unwrap();
    tried(&gateway, &mut ledger, 3).await;
    fs::remove_file(&blocked).unwrap();
    wait::until("the move is tried again", PATIENCE, || gateway.code("once") == 0);
    assert!(files(&gateway.source).is_empty());
    assert_eq!(fs::read_to_string(blocked.join("sent/a.txt")).unwrap(), "1");
    assert_eq!(relay.messages().len(), 1);
}

/// The move has been tried more than `least` times, in vain.
async fn tried(gateway: &Gateway, ledger: &mut Ledger, least: i64) {
    let begun = Instant::now();
    while ledger.count("SELECT max(tries) FROM jobs WHERE is_after = 1").await <= least {
        assert_eq!(gateway.code("once"), 4, "its folder cannot be made");
        assert!(begun.elapsed() < PATIENCE, "it is not tried again");
    }
}

#[tokio::test]
async fn a_rule_that_skips_empty_files_is_not_waited_for_with_one() {
    let server = embedded();
    let gateway = gateway(&server, "then: [{ upload: { to: offsite } }]\nafter: [delete]");
    gateway.rule("full", "", &AT_ONCE.replace("take", "skip"), "then: [{ upload: { to: offsite, path: also/ } }]");
    gateway.file("empty", "");
    gateway.file("full", "1");
    assert_eq!(gateway.code("once"), 0);
    assert!(files(&gateway.source).is_empty());
    assert_eq!(files(&server.root), pairs(&[("also/full", "1"), ("empty", ""), ("full", "1")]));
}

/// It looks as if an earlier try had deleted it. Only its watch can tell.
#[tokio::test]
async fn a_file_whose_folder_is_not_mounted_was_not_deleted() {
    let server = embedded();
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server)), ("vault", &Endpoint::nobody())]);
    gateway.rule("files", "", AT_ONCE, "then: [{ upload: { to: offsite } }]\nafter: [delete]");
    gateway.rule("vaulted", "", AT_ONCE, "then: [{ upload: { to: vault, path: vault/ } }]");
    gateway.file("a.txt", "1");
    assert_eq!(gateway.code("once"), 4, "the vault has not got it");
    let away = gateway.config.with_file_name("away");
    fs::rename(&gateway.source, &away).unwrap();
    fs::create_dir(&gateway.source).unwrap();
    assert_eq!(gateway.code("cancel --rule vaulted"), 0);
    gateway.code("once");
    let mut ledger = Ledger::open(&gateway).await;
    assert_eq!(ledger.count("SELECT count(*) FROM jobs WHERE action = 'after' AND state = 'delivered'").await, 0);
    fs::remove_dir(&gateway.source).unwrap();
    fs::rename(&away, &gateway.source).unwrap();
    assert_eq!(gateway.code("once"), 0);
    assert!(files(&gateway.source).is_empty());
    assert_eq!(ledger.count("SELECT count(*) FROM receipts").await, 1);
}

#[tokio::test]
async fn nothing_follows_upon_a_job_that_was_cancelled() {
    let gateway = Gateway::with(&[("offsite", &Endpoint::nobody())]);
    gateway.rule("files", "", AT_ONCE, "then: [{ upload: { to: offsite } }]\nafter: [delete]\nafter_failure: [delete]");
    gateway.file("a.txt", "1");
    assert_eq!(gateway.code("once"), 4);
    assert_eq!(gateway.code("cancel --rule files"), 0);
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(files(&gateway.source), pairs(&[("a.txt", "1")]));
}

#[tokio::test]
async fn steps_come_in_their_order_and_know_of_the_receipt() {
    let (server, relay) = (embedded(), ScriptedSmtp::start(Script::with([])));
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server)), ("main", &Endpoint::from(&relay))]);
    gateway.configuration("mail: { from: gate@here.example }");
    let rule = "then: [{ upload: { to: offsite, path: in/ } }]
after:
  - upload: { to: offsite, path: \"copies/{{ receipt.sha256[:8] }}-{{ file.name }}\" }
  - mail: { to: ops@there.example, subject: \"{{ file.name }} is there\", text: \"{{ receipt.path }} {{ receipt.sha256 }} {{ job.to }}\" }
    if: file.ext == \"txt\"
  - save: { to: \"STORAGE/archive\", path: \"{{ arrived.year }}/\", mode: \"0600\" }
  - delete";
    gateway.rule(
        "files",
        "",
        AT_ONCE,
        &rule.replace("STORAGE", &gateway.config.parent().unwrap().display().to_string()),
    );
    gateway.file("a.txt", "1");
    gateway.file("b.bin", "2");
    assert_eq!(gateway.code("once"), 0);
    assert!(files(&gateway.source).is_empty());
    let copies = files(&server.root);
    assert_eq!(copies.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(), ["1", "2", "1", "2"], "{copies:?}");
    assert_eq!(copies[0].0, "copies/6b86b273-a.txt");
    let messages = relay.messages();
    let [message] = &messages[..] else { panic!("{messages:?}") };
    let read = MessageParser::default().parse(&message.bytes).unwrap();
    assert_eq!(read.subject(), Some("a.txt is there"));
    let sha256 = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b";
    assert_eq!(read.body_text(0).unwrap().trim(), format!("in/a.txt {sha256} offsite"));
    let archive = gateway.config.with_file_name("archive");
    let year = fs::read_dir(&archive).unwrap().next().unwrap().unwrap().path();
    assert_eq!(files(&year), pairs(&[("a.txt", "1"), ("b.bin", "2")]));
    assert_eq!(fs::metadata(year.join("a.txt")).unwrap().permissions().mode() & 0o777, 0o600);
    let mut ledger = Ledger::open(&gateway).await;
    let order = "SELECT action FROM jobs WHERE is_after = 1 AND arrival_id = (SELECT id FROM arrivals WHERE name = x'612e747874') ORDER BY id";
    assert_eq!(ledger.lines(order).await, ["upload", "send", "save", "after"]);
    assert_eq!(gateway.code("receipts"), 0);
}

#[tokio::test]
async fn a_manifest_and_a_text_say_over_there_what_has_come() {
    let server = embedded();
    let rule = "then: [{ upload: { to: offsite, path: \"db/{{ file.path }}\" } }]
after:
  - upload: { to: offsite, path: \"db/{{ file.path }}.ok\", text: \"{{ receipt.sha256 }}\\n\" }
  - manifest: { to: offsite, path: \"sums/{{ file.name }}.sha256\" }";
    let gateway = gateway(&server, rule);
    let names = ["plain.txt", "deep/with space", "deep/back\\slash", "deep/\u{e9}t\u{e9}"];
    for name in names {
        gateway.file(name, name.repeat(1000));
    }
    assert_eq!(gateway.code("once"), 0);
    for name in names {
        let ok = fs::read_to_string(server.root.join(format!("db/{name}.ok"))).unwrap();
        let sha256 = walk(&server.root)[format!("db/{name}").as_bytes()].map(|byte| format!("{byte:02x}")).concat();
        assert_eq!(ok, format!("{sha256}\n"), "{name}");
        let sums = format!("{}.sha256", name.rsplit('/').next().unwrap());
        let checked =
            Command::new("sha256sum").args(["--strict", "-c", &sums]).current_dir(server.root.join("sums")).output();
        let checked = checked.unwrap();
        assert!(checked.status.success(), "{name}: {}", String::from_utf8_lossy(&checked.stderr));
        assert_eq!(String::from_utf8_lossy(&checked.stdout).lines().count(), 2, "the file and its text");
    }
    let mut ledger = Ledger::open(&gateway).await;
    assert_eq!(ledger.states().await, ["delivered 12"]);
    assert_eq!(ledger.count("SELECT count(*) FROM receipts").await, 12);
    assert_eq!(
        ledger.count("SELECT count(*) FROM seen WHERE sha256 IS NULL").await,
        0,
        "a text is not the file's hash"
    );
}

/// In `then`, in `after` and in `after_failure`; killed as the first, and then as the second, is about to get its name.
#[tokio::test]
async fn a_text_is_saved_whole_whatever_is_killed() {
    let server = embedded();
    fs::write(server.root.join("b.txt"), "theirs").unwrap();
    let rule = "then:
  - upload: { to: offsite, on_exists: fail }
  - save: { to: STORAGE/notes, path: \"{{ file.stem }}.note\", text: \"{{ file.name }} came\\n\", mode: \"0600\", proof: read_back }
after: [save: { to: STORAGE/sums, path: \"{{ file.path }}\", text: \"{{ receipt.sha256 }}\\n\", on_exists: keep_both }]
after_failure: [save: { to: STORAGE/why, path: \"{{ file.path }}\", text: \"{{ job.state }} {{ job.to }}\\n\" }]
retry: { first_wait: 1s, longest_wait: 1s }";
    let gateway = gateway(&server, "then: [delete]");
    let storage = gateway.config.parent().unwrap().to_owned();
    gateway.rule("files", "", AT_ONCE, &rule.replace("STORAGE", storage.to_str().unwrap()));
    gateway.file("a.txt", "1");
    for (folder, time) in [("notes", 1), ("sums", 2)] {
        let point = format!("here.before_rename:{time}");
        wait::until("it is killed", PATIENCE, || {
            gateway.command(&["once"]).env("PACKETBOAT_KILL_AT", &point).status().unwrap().signal() == Some(9)
        });
        let left: Vec<_> = files(&storage.join(folder)).into_iter().map(|(name, _)| name).collect();
        assert!(matches!(&left[..], [part] if part.ends_with(".part")), "{folder}: {left:?}");
    }
    wait::until("the first is through", PATIENCE, || gateway.code("once") == 0);
    gateway.file("b.txt", "2");
    assert_eq!(gateway.code("once"), 1);

    let sha256 = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b";
    assert_eq!(files(&storage.join("notes")), pairs(&[("a.note", "a.txt came\n"), ("b.note", "b.txt came\n")]));
    assert_eq!(files(&storage.join("sums")), pairs(&[("a.txt", &format!("{sha256}\n"))]));
    assert_eq!(files(&storage.join("why")), pairs(&[("b.txt", "failed offsite\n")]));
    let about = fs::metadata(storage.join("notes/a.note")).unwrap();
    assert_eq!(about.permissions().mode() & 0o777, 0o600);
    let receipt = "SELECT size_bytes || ' ' || lower(substr(hex(sha256), 1, 8)) || ' ' || proof FROM receipts
                   WHERE CAST(remote_path AS TEXT) LIKE '%a.note'";
    assert_eq!(Ledger::open(&gateway).await.lines(receipt).await, ["11 3f1d36a9 read_back"], "of the text");
}

#[tokio::test]
async fn a_step_that_fails_is_a_failed_job_and_leaves_the_source() {
    let server = embedded();
    fs::write(server.root.join("a.ok"), "theirs").unwrap();
    let rule = "then: [{ upload: { to: offsite } }]
after:
  - upload: { to: offsite, path: \"{{ file.stem }}.ok\", on_exists: fail }
  - delete
after_failure: [{ move: \"failed/\" }]";
    let gateway = gateway(&server, rule);
    gateway.file("a.txt", "1");
    assert_eq!(gateway.code("once"), 1);
    assert_eq!(files(&gateway.source), pairs(&[("a.txt", "1")]));
    fs::remove_file(server.root.join("a.ok")).unwrap();
    assert_eq!(gateway.code("retry --state failed"), 0);
    assert_eq!(gateway.code("once"), 0);
    assert!(files(&gateway.source).is_empty());
    assert_eq!(files(&server.root), pairs(&[("a.ok", "1"), ("a.txt", "1")]));
}

#[tokio::test]
async fn a_file_that_another_rule_still_has_to_send_stays_until_it_has() {
    let mut server = embedded();
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server)), ("vault", &Endpoint::nobody())]);
    gateway.rule("files", "", AT_ONCE, "then: [{ upload: { to: offsite } }]\nafter: [delete]");
    gateway.rule("vaulted", "", AT_ONCE, "then: [{ upload: { to: vault, path: vault/ } }]");
    gateway.file("a.txt", "1");
    assert_eq!(gateway.code("once"), 4);
    assert_eq!(files(&gateway.source), pairs(&[("a.txt", "1")]), "the vault has not got it");
    gateway.servers(&[("offsite", &Endpoint::from(&server)), ("vault", &Endpoint::from(&server))]);
    assert_eq!(gateway.code("once"), 0);
    assert!(files(&gateway.source).is_empty());
    assert_eq!(files(&server.root), pairs(&[("a.txt", "1"), ("vault/a.txt", "1")]));
    server.unplug().await;
}

#[tokio::test]
async fn a_file_that_another_rule_has_not_met_yet_stays_until_it_has() {
    let server = embedded();
    let gateway = gateway(&server, "then: [{ upload: { to: offsite } }]\nafter: [{ move: \"sent/\" }]");
    let slow = "recursive: true, settled_for: 3s";
    gateway.rule("slow", "", slow, "then: [{ upload: { to: offsite, path: slow/ } }]");
    gateway.file("a.txt", "1");
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(files(&server.root), pairs(&[("a.txt", "1"), ("slow/a.txt", "1")]));
    assert_eq!(files(&gateway.source), pairs(&[("sent/a.txt", "1")]));
}

/// As the file system has them, not as the rules write them.
#[tokio::test]
async fn a_rule_that_names_the_folder_by_another_path_is_waited_for() {
    let server = embedded();
    for (mover, slow, name) in
        [("link", "source", "a.txt"), ("source", "link", "a.txt"), ("link", "source/deep", "deep/a.txt")]
    {
        let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server))]);
        let home = gateway.config.parent().unwrap();
        symlink("source", home.join("link")).unwrap();
        fs::create_dir(gateway.source.join("deep")).unwrap();
        let when = |folder, watch| format!("when: {{ watch: {{ folder: {}/{folder}, {watch} }} }}\n", home.display());
        let then = "then: [{ upload: { to: offsite, path: now/ } }]\nafter: [delete]\n";
        gateway.rule_file("files", &(when(mover, AT_ONCE) + then));
        let then = "then: [{ upload: { to: offsite, path: slow/ } }]\n";
        gateway.rule_file("slow", &(when(slow, "recursive: true, settled_for: 3s") + then));
        gateway.file(name, "1");
        assert_eq!(gateway.code("once"), 0);
        assert!(files(&gateway.source).is_empty());
        assert_eq!(files(&server.root), pairs(&[("now/a.txt", "1"), ("slow/a.txt", "1")]), "{mover} and {slow}");
        fs::remove_file(server.root.join("slow/a.txt")).unwrap();
    }
}

/// By device and inode: no symlink tells.
#[tokio::test]
async fn a_rule_that_watches_the_folder_where_it_is_mounted_once_more_is_waited_for() {
    if !again_inside(&["unshare", "--user", "--map-root-user", "--mount"], "true") {
        return;
    }
    let server = embedded();
    let gateway = gateway(&server, "then: [{ upload: { to: offsite } }]\nafter: [delete]");
    let again = gateway.config.with_file_name("again");
    fs::create_dir(&again).unwrap();
    let mounted = Command::new("mount").arg("--bind").args([&gateway.source, &again]).status().unwrap();
    assert!(mounted.success());
    let when = format!("when: {{ watch: {{ folder: {}, settled_for: 3s }} }}", again.display());
    gateway.rule_file("slow", &format!("{when}\nthen: [{{ upload: {{ to: offsite, path: slow/ }} }}]\n"));
    gateway.file("a.txt", "1");
    assert_eq!(gateway.code("once"), 0);
    assert!(files(&gateway.source).is_empty());
    assert_eq!(files(&server.root), pairs(&[("a.txt", "1"), ("slow/a.txt", "1")]));
}

#[tokio::test]
async fn a_rule_that_refuses_the_file_as_somebody_elses_link_is_not_waited_for() {
    let another_id = ["unshare", "--user", "--map-root-user", "--map-auto"];
    if !rustix::process::geteuid().is_root() && !again_inside(&another_id, "true") {
        return;
    }
    let server = embedded();
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server))]);
    let watch = format!("{AT_ONCE}, hard_links: take");
    gateway.rule("files", "", &watch, "then: [{ upload: { to: offsite } }]\nafter: [delete]");
    gateway.rule("strict", "", AT_ONCE, "then: [{ upload: { to: offsite, path: strict/ } }]");
    let foreign = gateway.config.with_file_name("foreign");
    fs::write(&foreign, "theirs").unwrap();
    std::os::unix::fs::chown(&foreign, Some(1), None).unwrap();
    fs::hard_link(&foreign, gateway.source.join("a.txt")).unwrap();
    assert_eq!(gateway.code("once"), 0);
    assert!(files(&gateway.source).is_empty());
    assert_eq!(files(&server.root), pairs(&[("a.txt", "theirs")]));
}

#[tokio::test]
async fn a_rule_for_which_no_done_file_can_be_named_is_not_waited_for() {
    let server = embedded();
    let gateway = gateway(&server, "then: [{ upload: { to: offsite, path: a.txt } }]\nafter: [delete]");
    let watch = format!("{AT_ONCE}, done_file: \"{{{{ file.name }}}}.done\"");
    gateway.rule("done", "", &watch, "then: [{ upload: { to: offsite, path: done/ } }]");
    gateway.file(&"n".repeat(252), "1");
    gateway.code("once");
    assert!(files(&gateway.source).is_empty());
    assert_eq!(files(&server.root), pairs(&[("a.txt", "1")]));
}

#[tokio::test]
async fn rules_make_a_chain_through_a_folder() {
    let server = embedded();
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server))]);
    let between = gateway.config.with_file_name("between");
    fs::create_dir(&between).unwrap();
    let save = format!("then: [{{ save: {{ to: {} }} }}]\nafter: [delete]", between.display());
    gateway.rule("first", "", AT_ONCE, &save);
    let when = format!("when: {{ watch: {{ folder: {}, {AT_ONCE} }} }}", between.display());
    gateway.rule_file("second", &format!("{when}\nthen: [{{ upload: {{ to: offsite }} }}]\nafter: [delete]\n"));
    gateway.file("deep/a.txt", "1");
    let serving = gateway.serve();
    let all = [("deep/a.txt".to_owned(), "1".to_owned())];
    wait::until("it is over there", PATIENCE, || server.root.join("deep/a.txt").exists());
    let ended = "SELECT count(*) FROM arrivals WHERE after = 'done'";
    Ledger::open(&gateway).await.until("both rules are through", ended, |arrivals| arrivals == 2).await;
    assert!(files(&gateway.source).is_empty() && files(&between).is_empty());
    assert_eq!(files(&server.root), all);
    assert!(serving.stop().success());
}

#[tokio::test]
async fn a_rule_changed_meanwhile_ends_as_the_file_met_it() {
    let server = embedded();
    let gateway = Gateway::with(&[("offsite", &Endpoint::nobody())]);
    let rule = |folder: &str| format!("then: [{{ upload: {{ to: offsite }} }}]\nafter: [{{ move: \"{folder}/\" }}]");
    gateway.rule("files", "", AT_ONCE, &rule("before"));
    gateway.file("a.txt", "1");
    assert_eq!(gateway.code("once"), 4);
    gateway.rule("files", "", AT_ONCE, &rule("later"));
    gateway.servers(&[("offsite", &Endpoint::from(&server))]);
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(files(&gateway.source), pairs(&[("before/a.txt", "1")]));
}
