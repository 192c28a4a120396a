//! The ends of sources: two rules for one file, and folders of ours in what is watched.

use super::site::{PACKETBOAT_YAML, Site};
use crate::rules::check_with;

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
