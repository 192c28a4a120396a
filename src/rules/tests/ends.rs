//! The ends of sources: two rules for one file, and folders of ours in what is watched.

use super::site::{PACKETBOAT_YAML, Site};
use crate::rules::check_with;
use std::{fs, os::unix::fs::symlink};

/// A rule that watches `watch` and ends its files by `after`.
fn rule(watch: &str, after: &str) -> String {
    format!("when: {{ watch: {{ {watch} }} }}\nthen: [{{ upload: {{ to: offsite }} }}]\nafter: [{after}]\n")
}

fn site(one: &str, other: &str) -> Site {
    Site::new(PACKETBOAT_YAML, &[("a.yaml", one.as_bytes()), ("b.yaml", other.as_bytes())])
}

#[test]
fn two_rules_do_not_end_the_same_file() {
    for (one, other, is_refused) in [
        ("folder: /tmp", "folder: /tmp", true),
        ("folder: /tmp, include: \"*.pdf\"", "folder: /tmp", true),
        ("folder: /tmp, include: \"*.pdf\"", "folder: /tmp, include: \"*.txt\"", false),
        ("folder: /tmp, include: \"*.pdf\"", "folder: /tmp, exclude: \"*.pdf\"", false),
        ("folder: /tmp, recursive: true", "folder: /tmp/below", true),
        ("folder: /tmp", "folder: /tmp/below", false),
        ("folder: /tmp/below", "folder: /tmp, recursive: true, include: \"*.dump\"", true),
        ("folder: /tmp, include: \"orders*\"", "folder: /tmp, include: \"*.dump\"", false), // no example shows it; it is seen at work
    ] {
        let shown = site(&rule(one, "delete"), &rule(other, "move: \"sent/\"")).shown();
        let expected = "error: two rules would move the same file: `a` does, too\n  --> rules/b.yaml:3:9\n";
        assert_eq!(shown.contains(expected), is_refused, "{one} and {other}: {shown}");
        let one_stays = site(&rule(one, "upload: { to: offsite, path: x/ }"), &rule(other, "delete")).shown();
        assert!(!one_stays.contains("two rules"), "{one_stays}");
    }
}

/// `HOME` has a folder `real`, in it `below`, and to that folder a symlink `link`.
fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(home.path().join("real/below")).unwrap();
    symlink("real", home.path().join("link")).unwrap();
    home
}

#[test]
fn a_folder_is_the_same_by_whatever_path_a_rule_names_it() {
    let home = home();
    let at_home = |text: &str| text.replace("HOME", home.path().to_str().unwrap());
    let real = "folder: HOME/real, recursive: true";
    for (watch, after, said) in [
        ("folder: HOME/link", "delete", "two rules would move the same file: `a` does, too"),
        ("folder: HOME/link/below", "move: \"/tmp/sent/\"", "two rules would move the same file: `a` does, too"),
        ("folder: HOME/link", "move: HOME/real/", "it writes to the folder that it watches"),
    ] {
        let shown = site(&at_home(&rule(real, "delete")), &at_home(&rule(watch, after))).shown();
        assert!(shown.contains(said), "{watch} {after}: {shown}");
    }
    let writer = rule("folder: /tmp", "save: { to: HOME/link/not/yet }");
    let site = site(&at_home(&rule(real, "delete")), &at_home(&writer));
    let rules = check_with(&site.file(), &super::site::variable).loaded.unwrap().1.rules;
    assert_eq!(rules[0].when.watch().unwrap().filter.ours, [b"not/yet".to_vec()]);
}

#[test]
fn our_own_storage_is_not_sent_by_whatever_path() {
    let home = home();
    let storage = format!("storage: {}/real/below\n{PACKETBOAT_YAML}", home.path().display());
    for (watch, is_refused) in
        [("link, recursive: true", true), ("link", false), ("link/below", true), ("real/below", true)]
    {
        let rule = rule(&format!("folder: {}/{watch}", home.path().display()), "delete");
        let shown = Site::new(&storage, &[("a.yaml", rule.as_bytes())]).shown();
        assert_eq!(shown.contains("packetboat's own storage lies in this folder"), is_refused, "{watch}: {shown}");
    }
}

#[test]
fn what_any_rule_writes_is_left_out_of_every_watch_above_it() {
    let site = site(
        &rule("folder: /tmp, recursive: true", "move: \"/tmp/sent/{{ arrived.date }}/\""),
        &rule("folder: /tmp/sent", "upload: { to: offsite, path: y/ }"),
    );
    let rules = check_with(&site.file(), &super::site::variable).loaded.unwrap().1.rules;
    let ours = |at: usize| &rules[at].when.watch().unwrap().filter.ours;
    assert_eq!(ours(0), &[b"sent".to_vec()]);
    assert!(ours(1).is_empty(), "whoever watches the folder itself means it");
}
