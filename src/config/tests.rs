//! deploy/packetboat.yaml and init's packetboat.yaml say what holds.

use crate::config::{
    self,
    defaults::{DEFAULTS, HISTORY, LIMITS, RETRY},
    ftp_keys::{FTP, TIMEOUTS},
    init,
    keys::{Form, Table},
    load::TOP,
    load_with,
    mail::MAIL,
    read_doors::{SENDMAIL, SPOOL},
    sheet::Sheet,
    smtp_keys::{SMTP, TIMEOUTS as SMTP_TIMEOUTS},
    webhook::WEBHOOK,
    yaml::{self, Node, Value},
};
use std::{ffi::OsString, fs, path::Path};

fn shipped() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/packetboat.yaml")).unwrap()
}

fn at<'a>(node: &'a Node, path: &[&str]) -> Option<&'a Node> {
    let Some((first, rest)) = path.split_first() else { return Some(node) };
    let Value::Map(entries) = &node.value else { return None };
    at(&entries.iter().find(|entry| entry.key.as_text() == Some(first))?.value, rest)
}

fn is_same(one: &Node, other: &Node) -> bool {
    match (&one.value, &other.value) {
        (Value::Scalar(one), Value::Scalar(other)) => (&one.text, one.kind) == (&other.text, other.kind),
        (Value::List(one), Value::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        _ => false,
    }
}

#[test]
fn the_shipped_file_shows_every_key_with_its_default() {
    let text = shipped();
    let sheet = Sheet::new("deploy/packetboat.yaml", text.clone());
    let root = yaml::read(&sheet).unwrap();
    let tables: [(&[&str], &Table); 13] = [
        (&[], &TOP),
        (&["servers", "offsite", "ftp"], &FTP),
        (&["servers", "offsite", "ftp", "timeouts"], &TIMEOUTS),
        (&["servers", "main", "smtp"], &SMTP),
        (&["servers", "main", "smtp", "timeouts"], &SMTP_TIMEOUTS),
        (&["mail"], &MAIL),
        (&["doors", "sendmail"], &SENDMAIL),
        (&["doors", "spool"], &SPOOL),
        (&["webhooks", "crm"], &WEBHOOK),
        (&["defaults"], &DEFAULTS),
        (&["defaults", "retry"], &RETRY),
        (&["limits"], &LIMITS),
        (&["history"], &HISTORY),
    ];
    for (path, table) in tables {
        let map = at(&root, path).unwrap();
        for key in table.keys {
            let found = at(map, &[key.name]);
            match key.form {
                Form::Default(value) => {
                    let default = yaml::literal(value).unwrap();
                    assert!(found.is_some_and(|found| is_same(found, &default)), "{path:?}.{}: {value}", key.name);
                }
                Form::Required => assert!(found.is_some(), "{path:?}.{}", key.name),
                Form::Optional => {
                    let commented = text.contains(&format!("# {}: ", key.name));
                    assert!(found.is_some() || commented, "{path:?}.{}", key.name);
                }
                Form::NotYet(_) => assert!(found.is_none(), "{path:?}.{}", key.name),
            }
        }
    }
    assert!(sheet.into_findings().is_empty());
}

#[test]
fn a_value_that_is_no_example_is_the_default() {
    let folder = tempfile::tempdir().unwrap();
    let load = |text: &str| {
        fs::write(folder.path().join("packetboat.yaml"), text).unwrap();
        let loaded = load_with(&folder.path().join("packetboat.yaml"), &|_| Some(OsString::from("x")));
        assert!(loaded.findings.iter().all(|finding| !finding.is_error()), "{:?}", loaded.findings);
        loaded.settings.unwrap()
    };
    for name in ["webhost.password", "broadcaster.password", "south.password"] {
        fs::write(folder.path().join(name), "x").unwrap();
    }
    fs::create_dir_all(folder.path().join("templates/notice")).unwrap();
    for part in ["subject.txt", "text.txt"] {
        fs::write(folder.path().join("templates/notice").join(part), "x").unwrap();
    }
    let shown = load(&shipped());
    let shortest = load(
        "servers: { offsite: { ftp: { host: backup.example.com, user: acme, password: { env: OFFSITE_PASSWORD } } } }",
    );
    assert_eq!(shown.defaults, shortest.defaults);
    assert_eq!(shown.limits, shortest.limits);
    assert_eq!(shown.history, shortest.history);
    assert_eq!(shown.storage, shortest.storage);
    assert_eq!(shown.rules, shortest.rules);
    let offsite = |settings: &config::Settings| {
        let config::Server::Ftp(mut server) = settings.servers["offsite"].clone() else { panic!("no ftp server") };
        (server.bandwidth, server.bandwidth_in) = (None, Vec::new());
        format!("{server:?}")
    };
    assert_eq!(offsite(&shown), offsite(&shortest));
}

#[test]
fn the_file_that_init_writes_loads() {
    let folder = tempfile::tempdir().unwrap();
    for storage in ["/var/lib/packetboat", "/srv/with space/# and \"quotes\": x", "relative/é"] {
        fs::write(folder.path().join("packetboat.yaml"), init::packetboat_yaml(Path::new(storage))).unwrap();
        let loaded = load_with(&folder.path().join("packetboat.yaml"), &|_| Some(OsString::from("x")));
        assert_eq!(loaded.findings, [], "{storage}");
        assert_eq!(loaded.settings.unwrap().storage, folder.path().join(storage));
    }
}
