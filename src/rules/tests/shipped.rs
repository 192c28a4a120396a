//! The shipped rules and init's first rule load, and mean what they say.

use crate::{
    config::{
        init,
        keys::{Form, Table},
    },
    domain::{ByteRate, Priority, ProofWish, Resume},
    rules::{
        Rule, Source, check_with, read_expect, read_here, read_mail, read_relay, read_rows, read_rule, read_schedule,
        read_steps, read_upload, read_watch,
    },
    schedule::Missed,
};
use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn shipped() -> BTreeMap<String, Rule> {
    load(fs::read_dir(root().join("rules")).unwrap().map(|entry| entry.unwrap().path()))
}

/// These rules beside the shipped packetboat.yaml; nothing else may be said of them than that this machine is another.
fn load(paths: impl IntoIterator<Item = PathBuf>) -> BTreeMap<String, Rule> {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("rules")).unwrap();
    fs::copy(root().join("deploy/packetboat.yaml"), folder.path().join("packetboat.yaml")).unwrap();
    for path in paths {
        fs::copy(&path, folder.path().join("rules").join(path.file_name().unwrap())).unwrap();
    }
    for name in ["invoice", "notice"] {
        let template = folder.path().join("templates").join(name);
        fs::create_dir_all(&template).unwrap();
        for part in fs::read_dir(root().join("templates").join(name)).unwrap().map(|entry| entry.unwrap().path()) {
            fs::copy(&part, template.join(part.file_name().unwrap())).unwrap();
        }
    }
    for name in ["webhost.password", "broadcaster.password", "south.password"] {
        fs::write(folder.path().join(name), "x").unwrap();
    }
    let checked = check_with(&folder.path().join("packetboat.yaml"), &|_| Some(OsString::from("x")));
    let (_, rules) = checked.loaded.unwrap_or_else(|| panic!("{:#?}", checked.findings));
    for finding in checked.findings {
        let expected = ["this folder cannot be seen", "everybody on this machine can read", "can be guessed"];
        assert!(expected.iter().any(|words| finding.message.contains(words)), "{finding:#?}");
    }
    rules.rules.into_iter().map(|rule| (rule.name.clone(), rule)).collect()
}

#[test]
fn the_shipped_rules_mean_what_they_say() {
    let rules = shipped();
    assert_eq!(
        rules.keys().collect::<Vec<_>>(),
        [
            "invoices-per-row",
            "media",
            "nightly-dumps",
            "old-logs",
            "printer-spool",
            "swap-north-to-south",
            "website",
            "weekly-report"
        ]
    );
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);

    let dumps = &rules["nightly-dumps"];
    assert!(
        dumps.when.watch().unwrap().filter.wants(b"orders.dump.zst")
            && !dumps.when.watch().unwrap().filter.wants(b"orders.dump.zst.tmp")
    );
    assert_eq!(
        (dumps.when.watch().unwrap().settled_for, dumps.deadline),
        (Duration::from_secs(5), minutes(3 * 24 * 60))
    );
    assert_eq!(dumps.then[0].upload().to, ["offsite"]);
    let expected = dumps.expect.as_ref().unwrap().to_string();
    assert!(
        expected.starts_with("a file of 10.0 MB or more, 50 % of the last one at least, by \"0 4 * * *\""),
        "{expected}"
    );

    let website = &rules["website"];
    for (path, wanted, rank) in [
        (&b"assets/css/a.css"[..], true, 0),
        (b"index.html", true, 2),
        (b"blog/a.html", true, 1),
        (b"a.css", true, 3),
        (b"a.css.map", false, 3),
        (b"drafts/a.html", false, 1),
        (b".well-known/x", false, 3),
    ] {
        assert_eq!((website.when.watch().unwrap().filter.wants(path), website.rank(path)), (wanted, rank), "{path:?}");
    }
    assert_eq!((website.retry.first_wait, website.retry.longest_wait), (Duration::from_secs(5), minutes(2)));
    assert!(website.when.watch().unwrap().recursive);

    let logs = &rules["old-logs"];
    assert_eq!((logs.priority, logs.when.watch().unwrap().filter.min_age), (Priority::Low, Some(minutes(24 * 60))));
    assert!(
        logs.when.watch().unwrap().filter.wants(b"nginx/access.log.1")
            && !logs.when.watch().unwrap().filter.wants(b"journal/a.log-1")
    );
    assert_eq!(logs.retry.longest_wait, minutes(60));

    let swap = &rules["swap-north-to-south"];
    assert!(swap.in_order && swap.when.watch().unwrap().recursive && swap.has_after());
    assert_eq!(swap.folders_of_ours().map(|spot| spot.root.clone()).collect::<Vec<_>>(), [Path::new("/srv/swap/sent")]);

    let report = &rules["weekly-report"];
    let Source::Schedule(timetable) = &report.when else { panic!("no schedule") };
    assert_eq!((timetable.to_string().as_str(), timetable.missed), ("at \"0 7 * * 1\" (Europe/Berlin)", Missed::Once));
    assert_eq!(report.expect.as_ref().unwrap().to_string(), "a tick every 7 d");
    assert!(report.tells_report() && !dumps.tells_report());

    let media = &rules["media"];
    let upload = media.then[0].upload();
    assert_eq!((upload.resume, upload.proof), (Resume::Always, ProofWish::Hash));
    assert_eq!(upload.bandwidth, Some(ByteRate(20_000_000)));
    assert_eq!((media.limits.running, media.windows.windows.len()), (Some(1), 2));
}

#[test]
fn the_files_that_init_writes_load_together() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("rules")).unwrap();
    fs::write(folder.path().join("packetboat.yaml"), init::packetboat_yaml(Path::new("/var/lib/packetboat"))).unwrap();
    fs::write(folder.path().join(init::FIRST_RULE_PATH), init::first_rule(Path::new("/tmp"))).unwrap();
    let checked = check_with(&folder.path().join("packetboat.yaml"), &|_| Some(OsString::from("x")));
    assert_eq!(checked.findings, []);
    assert_eq!(checked.loaded.unwrap().1.rules[0].name, "nightly-dumps");
}

#[test]
fn the_reference_loads_and_has_every_key_of_a_rule_with_its_default() {
    let path = root().join("deploy/rule.yaml");
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(load([path]).len(), 1);
    let lines: Vec<&str> =
        text.lines().map(|line| line.trim_start().trim_start_matches("- ").trim_start_matches("# ")).collect();
    let tables: [&Table; 12] = [
        &read_rule::RULE,
        &read_rule::RETRY,
        &read_rule::LIMITS,
        &read_expect::EXPECT,
        &read_watch::WATCH,
        &read_schedule::SCHEDULE,
        &read_upload::UPLOAD,
        &read_steps::MANIFEST,
        &read_mail::MAIL,
        &read_relay::RELAY,
        &read_here::SAVE,
        &read_rows::ROWS,
    ];
    for table in tables {
        for key in table.keys {
            let is_there = |value: &str| lines.iter().any(|line| line.starts_with(&format!("{}:{value}", key.name)));
            match key.form {
                Form::Default(value) => assert!(is_there(&format!(" {value}")), "{}: {value}", key.name),
                Form::Required | Form::Optional => assert!(is_there(""), "{}", key.name),
                Form::NotYet(_) => {
                    let is_elsewhere = tables
                        .iter()
                        .any(|other| other.key(key.name).is_some_and(|key| !matches!(key.form, Form::NotYet(_))));
                    assert!(is_elsewhere || !is_there(""), "{}", key.name);
                }
            }
        }
    }
}
