//! What fuzzing found, and what it starts from (`fuzz/seeds/`), tried again as ordinary tests. `make fuzz` goes on from there.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

use std::fs;

#[path = "../fuzz/targets/message.rs"]
mod message;
#[path = "../fuzz/targets/request.rs"]
mod request;
#[path = "../fuzz/targets/submission.rs"]
mod submission;
#[path = "../fuzz/targets/template.rs"]
mod template;

fn try_all(target: &str, try_with: fn(&[u8])) {
    let folder = format!("{}/fuzz/seeds/{target}", env!("CARGO_MANIFEST_DIR"));
    let seeds: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!seeds.is_empty(), "{folder} has no seeds");
    for seed in seeds {
        println!("{}", seed.display());
        try_with(&fs::read(seed).unwrap());
    }
}

#[test]
fn messages() {
    try_all("message", message::try_with);
}

#[test]
fn message_requests() {
    try_all("request", request::try_with);
}

#[test]
fn clients_of_the_submission_door() {
    try_all("submission", submission::try_with);
}

#[test]
fn templates() {
    try_all("template", template::try_with);
}
