//! Faulty configurations, as a whole: what is said of them, and that nothing said is lost.

use super::site::{PACKETBOAT_YAML, RULE, Site, variable};
use crate::config::{Finding, summary};
use crate::rules::check_with;
use sha2::Digest as _;
use std::{
    ffi::OsString,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

/// Every faulty file of a folder in `faulty/`, with what is said of it: `NAME.yaml` and, but for its last, blank line, `NAME.txt`.
fn each_case(folder: &str, shown: impl Fn(&str) -> String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules/tests/faulty").join(folder);
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<_> = files.map(|file| file.with_extension("")).collect();
    cases.sort();
    cases.dedup();
    assert!(!cases.is_empty());
    for case in cases {
        let read = |extension| fs::read_to_string(case.with_extension(extension)).unwrap();
        assert_eq!(shown(&read("yaml")), read("txt") + "\n", "{}", case.display());
    }
}

#[test]
fn every_mistake_in_a_rule_is_shown_word_for_word() {
    each_case("rule", |text| Site::new(PACKETBOAT_YAML, &[("dumps.yaml", text.as_bytes())]).shown());
}

#[test]
fn every_mistake_in_packetboat_yaml_is_shown_word_for_word() {
    each_case("packetboat", |text| {
        let site = Site::new(text, &[]);
        let about_it = |finding: &Finding| finding.place.file.ends_with("packetboat.yaml");
        site.print(&site.findings().into_iter().filter(about_it).collect::<Vec<_>>())
    });
}

#[test]
fn six_faults_in_two_files_are_six_findings() {
    let packetboat_yaml =
        "servers:\n  offsite:\n    ftp: { host: 127.0.0.1, usr: acme, port: none, password: { env: NOT_SET } }\n";
    let rule = "when:\n  watch: { folder: /tmp, recursive: 1, settled_for: soon }\nthen:\n  - upload: { to: ofsite }\n";
    let site = Site::new(packetboat_yaml, &[("dumps.yaml", rule.as_bytes()), ("good.yaml", RULE.as_bytes())]);
    let checked = check_with(&site.file(), &variable);
    let places: Vec<_> = checked
        .findings
        .iter()
        .map(|finding| {
            let spot = finding.place.spot.as_ref().unwrap();
            (finding.place.file.rsplit('/').next().unwrap(), spot.line, spot.column)
        })
        .collect();
    assert_eq!(
        places,
        [
            ("packetboat.yaml", 3, 29),
            ("packetboat.yaml", 3, 46),
            ("packetboat.yaml", 3, 69),
            ("dumps.yaml", 2, 37),
            ("dumps.yaml", 2, 53),
            ("dumps.yaml", 4, 19),
        ]
    );
    assert!(checked.loaded.is_none());
    assert_eq!(
        summary(&checked.findings, checked.files_read),
        "6 problems in 2 of 3 files. Nothing was changed; a running packetboat keeps its old rules."
    );
}

#[test]
fn a_finding_as_json_has_the_same_words() {
    let site = Site::new(
        PACKETBOAT_YAML,
        &[("dumps.yaml", b"when: { watch: { folder: /tmp } }\nthen:\n  - upload: { to: offsite, to: b }\n")],
    );
    let json = serde_json::to_value(site.findings()).unwrap();
    let finding = &json[0];
    assert_eq!(finding["severity"], "error");
    assert_eq!(finding["message"], "`to` stands here twice");
    assert!(finding["file"].as_str().unwrap().ends_with("rules/dumps.yaml"));
    assert_eq!((&finding["line"], &finding["column"]), (&3.into(), &28.into()));
    assert_eq!(finding["excerpt"], "  - upload: { to: offsite, to: b }");
    assert_eq!(finding["caret"], serde_json::json!({ "start": 27, "end": 29 }));
    assert_eq!(finding["hint"], "keep one of the two");
    assert_eq!((&finding["related"]["line"], &finding["related"]["label"]), (&3.into(), &"here first".into()));
}

#[test]
fn byte_order_marks_line_ends_and_symbolic_links_are_fine() {
    let site = Site::new(
        format!("\u{feff}{PACKETBOAT_YAML}").replace('\n', "\r\n"),
        &[("marked.yaml", format!("\u{feff}{RULE}").as_bytes()), ("dos.yaml", RULE.replace('\n', "\r\n").as_bytes())],
    );
    fs::write(site.0.path().join("elsewhere"), RULE).unwrap();
    std::os::unix::fs::symlink(site.0.path().join("elsewhere"), site.rule("linked.yaml")).unwrap();
    fs::write(site.rule(".hidden.yaml"), "what an editor left").unwrap();
    fs::write(site.rule("README.md"), "not a rule").unwrap();
    let checked = check_with(&site.file(), &variable);
    assert_eq!(checked.findings, []);
    let (_, rules) = checked.loaded.unwrap();
    let names: Vec<_> = rules.rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(names, ["dos", "linked", "marked"]);
    assert_eq!(rules.rules[1].text, RULE);
    assert_eq!(rules.rules[1].sha256.0[..], sha2::Sha256::digest(RULE)[..]);
}

#[test]
fn what_is_no_file_is_a_finding() {
    let site = Site::new(
        PACKETBOAT_YAML,
        &[("good.yaml", RULE.as_bytes()), ("Big Name.yaml", RULE.as_bytes()), ("old.yml", b"")],
    );
    fs::create_dir(site.rule("folder.yaml")).unwrap();
    std::os::unix::fs::symlink("nowhere", site.rule("dangling.yaml")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", site.rule("endless.yaml")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, site.rule("pipe.yaml"), rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0)
        .unwrap();
    let shown = site.shown();
    for (file, message) in [
        ("Big Name.yaml", "a rule's file has a name of small letters"),
        ("dangling.yaml", "cannot be read: No such file"),
        ("endless.yaml", "this is no regular file"),
        ("folder.yaml", "this is a folder"),
        ("old.yml", "this file is not read"),
        ("pipe.yaml", "this is no regular file"),
    ] {
        let found = shown.split("\n\n").find(|finding| finding.contains(&format!("--> rules/{file}")));
        assert!(found.is_some_and(|found| found.contains(message)), "{file}: {shown}");
    }
}

#[test]
fn rules_are_checked_even_when_packetboat_yaml_cannot_be_read() {
    for packetboat_yaml in ["servers: [\n", "- a\n", "", "\u{0}"] {
        let site = Site::new(
            packetboat_yaml,
            &[("dumps.yaml", b"when:\n  watch: { folder: /tmp }\nthen:\n  - upload: { to: any, pth: x }\n")],
        );
        let findings = site.findings();
        assert_eq!(findings.len(), 2, "{findings:#?}");
        assert_eq!(findings[1].message, "unknown key `pth`");
    }
    let site = Site::new("", &[]);
    fs::remove_file(site.file()).unwrap();
    assert_eq!(site.findings()[0].message, "there is no such file");
}

#[test]
fn a_secret_is_in_no_excerpt_hint_or_debug_output() {
    let secret = "hunter2-hunter2";
    for (mode, value) in [
        (0o644, "hunter2-hunter2"),
        (0o640, "\"hunter2-hunter2\""),
        (0o600, "hunter2-hunter2"),
        (0o600, "[hunter2-hunter2, hunter2-hunter2]"),
        (0o600, "{ hunter2-hunter2 }"),
        (0o600, "{ env: [hunter2-hunter2] }"),
        (0o600, "{ evn: { hunter2-hunter2: hunter2-hunter2 } }"),
        (0o600, "|\n        hunter2-hunter2\n        hunter2-hunter2"),
        (0o600, "\n        hunter2-hunter2: hunter2-hunter2"),
        (0o600, "\n        - hunter2-hunter2"),
        (0o600, "!hunter2-hunter2"),
        (0o600, "*hunter2-hunter2"),
        (0o600, "&hunter2-hunter2 x"),
        (0o600, "hunter2-hunter2: x"),
        (0o600, "\"hunter2-hunter2"),
        (0o600, "'hunter2-hunter2' x"),
        (0o600, "{ file: { hunter2-hunter2: x }"),
        (0o600, "@hunter2-hunter2"),
        (0o600, "{{ hunter2-hunter2 }}"),
        (0o600, "{{ hunter2-hunter2 }}x"),
    ] {
        let text = format!(
            "servers:\n  offsite:\n    ftp:\n      usr: x\n      password: {value}\n      host: ftp://acme:hunter2-hunter2@h\n"
        );
        let site = Site::new(text, &[("a.yaml", format!("password: {value}\n").as_bytes())]);
        fs::set_permissions(site.file(), fs::Permissions::from_mode(mode)).unwrap();
        let checked = check_with(&site.file(), &variable);
        let shown = site.shown() + &format!("{checked:?}") + &serde_json::to_string(&checked.findings).unwrap();
        assert!(!shown.contains("hunter2"), "{value}: {shown}");
        assert!(!shown.contains(secret));
    }
}

#[test]
fn a_secret_may_stand_in_a_file_of_its_owner_alone() {
    let site = Site::new(PACKETBOAT_YAML.replace("{ env: HOME }", "hunter2"), &[("good.yaml", RULE.as_bytes())]);
    fs::set_permissions(site.file(), fs::Permissions::from_mode(0o600)).unwrap();
    let checked = check_with(&site.file(), &variable);
    assert_eq!(checked.findings, []);
    let (settings, _) = checked.loaded.unwrap();
    let crate::config::Server::Ftp(server) = &settings.servers["offsite"] else { panic!("no ftp server") };
    assert_eq!(server.password.reveal(), "hunter2");
    assert!(!format!("{settings:?}").contains("hunter2"));
}

#[test]
fn a_secret_file_is_looked_for_among_the_credentials_first() {
    let site = Site::new(PACKETBOAT_YAML.replace("env: HOME", "file: acme"), &[("good.yaml", RULE.as_bytes())]);
    let credentials = tempfile::tempdir().unwrap();
    let password = |variable: &dyn Fn(&str) -> Option<OsString>| {
        let checked = check_with(&site.file(), variable);
        assert!(checked.findings.iter().all(|finding| !finding.is_error()), "{:?}", checked.findings);
        let (settings, _) = checked.loaded.unwrap();
        let crate::config::Server::Ftp(server) = settings.servers["offsite"].clone() else { panic!("no ftp server") };
        (server.password.reveal().to_owned(), checked.findings.len())
    };
    let with_credentials =
        |name: &str| (name == "CREDENTIALS_DIRECTORY").then(|| credentials.path().as_os_str().to_owned());
    let write = |path: PathBuf, text: &str, mode| {
        fs::write(&path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    write(site.0.path().join("acme"), "beside\n", 0o600);
    assert_eq!(password(&with_credentials), ("beside".to_owned(), 0));
    write(credentials.path().join("acme"), "credential\r\n", 0o644);
    assert_eq!(password(&with_credentials), ("credential".to_owned(), 1), "others can read it: a warning");
    assert_eq!(password(&|_| None), ("beside".to_owned(), 0));
}

#[test]
fn no_rule_sees_the_spool_or_writes_into_it() {
    let upload = "then: [{ upload: { to: offsite } }]";
    for (rule, told) in [
        (format!("when: {{ watch: {{ folder: /srv/spool }} }}\n{upload}\n"), Some("for `doors: spool`")),
        (format!("when: {{ watch: {{ folder: /srv/spool/failed }} }}\n{upload}\n"), Some("for `doors: spool`")),
        (format!("when: {{ watch: {{ folder: /srv, recursive: true }} }}\n{upload}\n"), Some("for `doors: spool`")),
        (format!("when: {{ watch: {{ folder: /srv }} }}\n{upload}\n"), None),
        (
            "when: { watch: { folder: /tmp } }\nthen: [{ save: { to: /srv/spool/new } }]\n".to_owned(),
            Some("this rule writes into the folder of `doors: spool`"),
        ),
    ] {
        let site = format!("{PACKETBOAT_YAML}doors: {{ spool: {{ folder: /srv/spool }} }}\n");
        let shown = Site::new(site, &[("mine.yaml", rule.as_bytes())]).shown();
        match told {
            Some(told) => assert!(shown.contains(told), "{rule}: {shown}"),
            None => assert!(!shown.contains("spool"), "{rule}: {shown}"),
        }
    }
}
