//! The verbs of an operator, before, beside and after a running process: what they say and the codes they end with.

use crate::support::{
    gateway::{Gateway, Wishes},
    servers::{ServerKind, ServerOptions, Tls},
    wait,
};
use serde_json::Value;
use std::{
    fs::{self, File},
    io::Write,
    os::unix::net::UnixStream,
    time::{Duration, Instant},
};

const SOON: Duration = Duration::from_secs(20);

/// What a verb printed, and its code.
fn say(gateway: &Gateway, line: &str) -> (String, i32) {
    let output = gateway.run(&line.split(' ').collect::<Vec<_>>());
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    (text, output.status.code().unwrap())
}

fn json(gateway: &Gateway, line: &str) -> Value {
    let output = gateway.run(&line.split(' ').chain(["--json"]).collect::<Vec<_>>());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// How many jobs a list names.
fn jobs(gateway: &Gateway, filters: &str) -> usize {
    json(gateway, &format!("jobs {filters}"))["jobs"].as_array().unwrap().len()
}

fn assert_says(gateway: &Gateway, line: &str, code: i32, words: &[&str]) {
    let (text, ended) = say(gateway, line);
    assert_eq!(ended, code, "{line}: {text}");
    for word in words {
        assert!(text.contains(word), "{line} does not say `{word}`: {text}");
    }
}

#[test]
fn an_operator_looks_and_acts_whether_a_process_runs_or_not() {
    let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    let gateway = Gateway::new(&server, &Wishes::default());
    fs::write(gateway.source.join("a.txt"), "a").unwrap();
    assert_says(&gateway, "check", 0, &["No problem in 2 files"]);
    assert_says(&gateway, "plan", 0, &["a.txt", "→  offsite:a.txt", "1 file to send"]);
    assert_says(&gateway, "status", 0, &["Nothing has run yet.", "files  -"]);
    assert_says(&gateway, "jobs", 0, &["Nothing has run yet in "]);
    assert_says(&gateway, "receipts", 0, &["Nothing has run yet in "]);
    assert_says(&gateway, "job 8f2z9m0q", 2, &["no job has the id"]);
    assert_eq!(json(&gateway, "jobs")["jobs"].as_array().map(Vec::len), Some(0));
    assert_says(&gateway, "pause offsite", 5, &["not there yet"]);
    assert_says(&gateway, "once", 0, &["1 delivered, 0 waiting, 0 failed"]);
    assert_says(&gateway, "plan", 0, &["nothing new to send"]);
    assert_says(&gateway, "status", 0, &["All is well.", "stopped "]);
    assert_says(&gateway, "receipts --csv", 0, &["job,rule,server", ",files,offsite,a.txt,a.txt,1,"]);

    let serving = gateway.serve();
    wait::until("it serves", SOON, || say(&gateway, "status").0.contains(" up "));
    assert_says(&gateway, "once", 5, &["held by another packetboat"]);
    assert_says(&gateway, "pause offsite", 0, &["offsite is paused"]);
    fs::write(gateway.source.join("b.txt"), "b").unwrap();
    fs::write(gateway.source.join("c.txt"), "c").unwrap();
    wait::until("both wait", SOON, || jobs(&gateway, "--state queued") == 2);
    assert_says(&gateway, "status", 0, &["All is well.", "- offsite", "2 jobs wait: packetboat resume offsite"]);
    assert_says(&gateway, "hold --name b*", 0, &["1 job held"]);
    assert_says(&gateway, "cancel --state queued --dry-run", 0, &["1 job would be cancelled"]);
    assert_eq!(jobs(&gateway, "--state queued,held"), 2, "a rehearsal does nothing");
    assert_says(&gateway, "cancel --state queued", 0, &["1 job cancelled"]);
    assert_says(&gateway, "resume offsite", 0, &["offsite goes on"]);
    let held = json(&gateway, "jobs --state held")["jobs"][0]["id"].as_str().unwrap().to_owned();
    assert_says(&gateway, &format!("job {held}"), 0, &["b.txt", "held, 0 attempts", &format!("release {held}")]);
    assert_says(&gateway, &format!("release {held}"), 0, &["1 job released"]);
    wait::until("it is delivered", SOON, || jobs(&gateway, "--state delivered") == 2);
    assert_says(&gateway, &format!("retry {held}"), 1, &["delivered already"]);
    assert_says(&gateway, "retry --rule files", 0, &["1 job queued again", "2 left alone: delivered already"]);
    wait::until("all is delivered", SOON, || {
        server.root.join("c.txt").exists() && jobs(&gateway, "--state delivered") == 3
    });

    assert_says(&gateway, "pause files", 0, &["files is paused"]);
    fs::write(gateway.source.join("d.txt"), "d").unwrap();
    wait::until("it is held", SOON, || jobs(&gateway, "--state held") == 1);
    drop(serving); // killed
    assert_says(&gateway, "status", 1, &["One thing needs you.", "ended without a word", "not running since"]);
    assert_says(&gateway, "resume files", 0, &["1 job let go"]);
    assert_says(&gateway, "once files", 0, &["1 delivered"]);
    assert_says(&gateway, "once file", 2, &["there is no rule `file`"]);
    assert_eq!(json(&gateway, "status")["all_is_well"], true);
    assert_eq!(json(&gateway, "receipts")["receipts"].as_array().unwrap().len(), 4);
}

#[test]
fn once_does_not_say_done_of_a_folder_that_it_could_not_see() {
    let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    let gateway = Gateway::new(&server, &Wishes::default());
    fs::write(gateway.source.join("a.txt"), "a").unwrap();
    let elsewhere = gateway.source.with_file_name("unmounted");
    fs::rename(&gateway.source, &elsewhere).unwrap();
    let words = ["0 delivered, 0 waiting, 0 failed, 1 folder not seen whole\n", "packetboat plan says which folder"];
    assert_says(&gateway, "once", 1, &words);
    assert_says(&gateway, "plan", 1, &["! the folder is missing"]);
    assert_eq!(json(&gateway, "once")["unseen"], 1);
    fs::rename(&elsewhere, &gateway.source).unwrap();
    let deep = gateway.source.join("d/".repeat(300));
    fs::create_dir_all(&deep).unwrap();
    assert_says(&gateway, "once", 1, &["1 delivered, 0 waiting, 0 failed, 1 folder not seen whole"]);
}

#[test]
fn status_tells_of_a_folder_that_a_rule_cannot_see() {
    let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    let gateway = Gateway::new(&server, &Wishes::default());
    let _serving = gateway.serve();
    wait::until("it serves", SOON, || say(&gateway, "status").0.contains(" up "));
    assert_says(&gateway, "status", 0, &["All is well."]);
    let elsewhere = gateway.source.with_file_name("unmounted");
    fs::rename(&gateway.source, &elsewhere).unwrap();
    wait::until("it is noticed", SOON, || say(&gateway, "status").1 == 1);
    let folder = gateway.source.display().to_string();
    assert_says(&gateway, "status", 1, &["One thing needs you.", "! files", &folder, "the folder is missing"]);
    let need = &json(&gateway, "status")["needs"][0];
    assert_eq!((&need["need"], &need["rule"]), (&Value::from("folder"), &Value::from("files")), "{need}");
    assert!(need["since"].as_str().unwrap().ends_with('Z'), "{need}");
    fs::rename(&elsewhere, &gateway.source).unwrap();
    wait::until("all is well again", SOON, || say(&gateway, "status").1 == 0);
}

#[test]
fn a_plan_as_json_has_the_words_of_the_other_lists() {
    let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    let shut = chrono::Utc::now() + chrono::TimeDelta::hours(3);
    let rule = format!("then: [{{ upload: {{ to: offsite }} }}]\nwindows: \"{}\"", shut.format("%H:00-%H:30"));
    let gateway = Gateway::new(&server, &Wishes { rule, ..Wishes::default() });
    for name in ["c", "b", "a\u{202e}"] {
        fs::write(gateway.source.join(name), "a").unwrap();
    }
    let plan = &json(&gateway, "plan --limit 2")[0];
    assert!(plan["starts_at"].as_str().is_some_and(|at| at.ends_with('Z')), "{plan}");
    let names: Vec<_> = plan["files"].as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a\u{202e}", "b"], "the first by name");
    assert_eq!(plan["files"][0]["jobs"][0]["target"], "a\u{202e}", "as `jobs` has it");
    assert_eq!(plan["more"], 1);
}

#[test]
fn a_probe_shows_the_certificate_and_until_when_it_is_valid() {
    let options = ServerOptions { tls: Tls::Explicit, ..ServerOptions::default() };
    let server = ServerKind::Embedded.start(options).unwrap();
    let gateway = Gateway::new(&server, &Wishes::default());
    assert_says(&gateway, "check --probe", 0, &["certificate, SHA-256", "certificate, valid until"]);
}

#[test]
fn init_that_cannot_write_is_no_wrong_usage_and_says_what_to_do() {
    let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    let gateway = Gateway::new(&server, &Wishes::default());
    assert_says(&gateway, "init", 2, &["is there already", "name another with --config"]);
    fs::write(gateway.source.join("file"), "").unwrap();
    let inside_a_file = gateway.source.join("file/packetboat.yaml");
    let mut init = std::process::Command::new(env!("CARGO_BIN_EXE_packetboat"));
    let output = init.args(["init", "--config"]).arg(&inside_a_file).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_start_waits_for_a_verb_that_acts_alone() {
    let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    let gateway = Gateway::new(&server, &Wishes::default());
    fs::write(gateway.source.join("a.txt"), "a").unwrap();
    let verb = packetboat::store::Lock::take(&gateway.storage).unwrap();
    let log = gateway.config.with_file_name("log");
    let mut once = gateway.command(&["once"]);
    let mut once = once.env("RUST_LOG", "info").stderr(File::create(&log).unwrap()).spawn().unwrap();
    wait::until("it waits", SOON, || fs::read_to_string(&log).unwrap().contains("waiting for it"));
    drop(verb);
    assert!(once.wait().unwrap().success());
    assert!(server.root.join("a.txt").exists());
}

#[test]
fn a_client_that_reads_no_answer_does_not_keep_the_process_from_stopping() {
    let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    let gateway = Gateway::new(&server, &Wishes::default());
    let serving = gateway.serve();
    let mut client = None;
    wait::until("it serves", SOON, || {
        client = UnixStream::connect(gateway.storage.join("control.sock")).ok();
        client.is_some()
    });
    let mut client = client.unwrap();
    client.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
    while client.write_all(&b"nonsense\n".repeat(100)).is_ok() {}
    let asked = Instant::now();
    assert!(serving.stop().success());
    assert!(asked.elapsed() < Duration::from_secs(15), "it took {:?}", asked.elapsed());
}

#[test]
fn wrong_usage_and_wrong_files_have_codes_of_their_own() {
    let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    let gateway = Gateway::new(&server, &Wishes::default());
    fs::write(gateway.source.join("a.txt"), "a").unwrap();
    assert_says(&gateway, "once", 0, &[]);
    for (line, code, says) in [
        ("retry", 2, "say which jobs"),
        ("retry 00000000 --state failed", 2, "not both"),
        ("retry 00000000", 2, "no job has the id 00000000"),
        ("job 00000000", 2, "no job has the id 00000000"),
        ("jobs --name [", 2, "is not a glob"),
        ("cancel --name [", 2, "is not a glob"),
        ("pause nobody", 2, "rules: files; servers: offsite"),
        ("move-jobs --from offsite --to nobody", 2, "there is no server `nobody`"),
        ("plan nobody", 2, "there is no rule `nobody`"),
        ("check elsewhere.yaml", 2, "is no file of this configuration"),
        ("frobnicate", 2, "unrecognized subcommand"),
    ] {
        assert_says(&gateway, line, code, &[says]);
    }
    fs::write(gateway.config.with_file_name("rules").join("files.yaml"), "when: {}\n").unwrap();
    for line in ["check", "plan", "once"] {
        assert_says(&gateway, line, 3, &["error: "]);
    }
    assert_says(&gateway, "jobs", 0, &["a.txt"]); // a broken rule keeps nobody from looking
    fs::write(&gateway.config, "storage: [").unwrap();
    assert_says(&gateway, "jobs", 3, &["error: "]);
}
