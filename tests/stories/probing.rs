//! `check --probe` promises what a delivery will find.

use crate::support::{
    endpoint::Endpoint,
    gateway::{AT_ONCE, Gateway},
    scripted_ftp::{Action, Fault, Lost, Script, ScriptedFtp, always},
};

fn probed(faults: impl Into<Vec<Fault>>) -> (Option<i32>, String) {
    probe(&ScriptedFtp::start(Script::with(faults)))
}

fn probe(server: &ScriptedFtp) -> (Option<i32>, String) {
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(server))]);
    gateway.rule("files", "", AT_ONCE, "then: [{ upload: { to: offsite } }]");
    let output = gateway.run(&["check", "--probe"]);
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn a_server_that_does_what_it_says_is_well() {
    let (code, told) = probed([]);
    assert_eq!(code, Some(0), "{told}");
}

#[test]
fn a_rename_that_is_said_and_not_done_is_found_out() {
    let (code, told) = probed([always("RNTO", Action::Instead("250 Done"))]);
    assert_eq!(code, Some(6), "{told}");
    assert!(told.contains("still has its old name"), "{told}");
}

#[test]
fn a_server_that_removes_nothing_is_told_of() {
    let (code, told) = probed([always("DELE", Action::Instead("550 No"))]);
    assert_eq!(code, Some(6), "{told}");
    assert!(told.contains("STILL THERE") && told.contains("does not let us remove"), "{told}");
}

#[test]
fn what_a_broken_trial_left_is_removed_over_another_connection_or_named() {
    let lost = always("STOR", Action::Lose(Lost::ThenClose));
    let server = ScriptedFtp::start(Script::with([lost.clone()]));
    let (code, told) = probe(&server);
    assert_eq!((code, server.files().len()), (Some(6), 0), "{told}");
    assert!(!told.contains("STILL THERE"), "{told}");
    let (_, told) = probed([lost, always("DELE", Action::Instead("550 No"))]);
    assert!(told.contains("STILL THERE") && told.contains(".part: 550 No"), "{told}");
}

#[test]
fn configuration_and_probe_are_one_json_document() {
    let server = ScriptedFtp::start(Script::default());
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server))]);
    gateway.rule("files", "", AT_ONCE, "then: [{ upload: { to: offsite } }]");
    let output = gateway.run(&["check", "--probe", "--json"]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["is_refused"], false);
    assert_eq!(document["servers"][0]["name"], "offsite");
}
