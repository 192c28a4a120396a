//! `doors: submission:`, where applications speak SMTP to us.

use super::{
    Secret,
    fields::Fields,
    keys::{Table, default, optional, required},
    read::{
        self,
        Meaning::{self, Built},
    },
    read_http::address,
    read_secret::{secret, variable_name},
    read_trust::maybe_file,
    sheet::{Problem, Sheet},
    surroundings::Surroundings,
    yaml::{Node, Value},
};
use crate::domain::Globs;
use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

/// The submission door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmissionDoor {
    pub listen: SocketAddr,
    pub tls: DoorTls,
    /// PEM chain and key; there where TLS is.
    pub certificate: Option<(PathBuf, Secret)>,
    /// By their names; none: whoever reaches the door is let in.
    pub accounts: BTreeMap<String, Account>,
    /// At once.
    pub connections: u32,
}

/// When a connection becomes secure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DoorTls {
    StartTls,
    Implicit,
    None,
}

/// Who may come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// argon2, as `packetboat hash-password` prints it.
    pub password_hash: Secret,
    /// Globs of the senders that it may name; none: any.
    pub senders: Vec<String>,
}

/// The keys of `submission`.
pub const SUBMISSION: Table = Table {
    name: "submission",
    keys: &[
        default("listen", "127.0.0.1:8025"),
        optional("tls"),
        default("certificate", "\"\""),
        optional("key"),
        optional("accounts"),
        default("connections", "100"),
    ],
    moved: &[
        ("port", "write `listen: 127.0.0.1:PORT`"),
        ("address", "write `listen`"),
        ("host", "write `listen`"),
        ("user", "write `accounts: { NAME: { password_hash: … } }`"),
        ("users", "write `accounts`"),
        ("password", "write `accounts: { NAME: { password_hash: … } }`"),
        ("starttls", "write `tls: starttls`"),
        ("relay", "say it in a rule: `when: mail`, `then: [relay]`"),
        ("networks", "whoever is not on this machine has an account: `accounts`"),
    ],
};

/// The keys of one of `accounts`.
pub const ACCOUNT: Table = Table {
    name: "an account",
    keys: &[required("password_hash"), optional("senders")],
    moved: &[
        ("password", "write `password_hash`, which `packetboat hash-password` makes of it"),
        ("user", "the key above is the account's name"),
        ("from", "write `senders`"),
    ],
};

const TLS: &[(&str, Meaning<DoorTls>)] =
    &[("starttls", Built(DoorTls::StartTls)), ("implicit", Built(DoorTls::Implicit)), ("none", Built(DoorTls::None))];

/// What stands under `submission`.
pub(super) fn submission(fields: &Fields<'_>, around: &Surroundings<'_>) -> Option<SubmissionDoor> {
    let listen = fields.need("listen", read::spelt("an address with a port", |text| address(text, 8025)));
    let certificate = fields.need("certificate", |sheet, node| maybe_file(sheet, node, around));
    let key = fields.or("key", None, |sheet, node| secret(sheet, node, "SUBMISSION_KEY", around).map(Some));
    let tls = fields.or("tls", None, |sheet, node| read::word(TLS)(sheet, node).map(Some));
    let accounts = fields.or("accounts", BTreeMap::new(), |sheet, node| accounts(sheet, node, around));
    let connections = fields.need("connections", read::count("`connections`", 1..=10_000));
    let (listen, certificate, accounts, connections) = (listen?, certificate?, accounts?, connections?);
    // Left out: as secure as what is there allows.
    let tls = tls?.unwrap_or(if certificate.is_some() { DoorTls::StartTls } else { DoorTls::None });
    let (is_secure, has_key) = (tls != DoorTls::None, fields.entry("key").is_some());
    let wrong = match (certificate.is_some(), has_key) {
        (true, false) => Some(("a certificate without its key", "add `key: { file: submission.key }`")),
        (false, true) => Some(("a key without its certificate", "add `certificate: submission.pem`")),
        (false, false) if is_secure => {
            Some(("TLS without a certificate", "add `certificate: submission.pem` and `key: { file: submission.key }`"))
        }
        _ if !is_secure && !listen.ip().is_loopback() => Some((
            "whoever can read the network here reads passwords and mail",
            "add `certificate: submission.pem` and `key: { file: submission.key }`, or listen on 127.0.0.1",
        )),
        _ if !is_secure && !accounts.is_empty() => Some((
            "passwords are asked for over TLS alone",
            "add `certificate: submission.pem` and `key: { file: submission.key }`, or leave `accounts` out",
        )),
        _ if accounts.is_empty() && !listen.ip().is_loopback() => Some((
            "anybody on the network could send mail as anybody",
            "add `accounts: { shop: { password_hash: { file: shop.hash } } }`, or listen on 127.0.0.1",
        )),
        _ => None,
    };
    if let Some((message, hint)) = wrong {
        fields.told(|sheet| sheet.report(Problem::error(fields.at(), message).hint(hint)));
        return None;
    }
    let certificate = certificate.zip(key?).filter(|_| is_secure);
    Some(SubmissionDoor { listen, tls, certificate, accounts, connections })
}

fn accounts(sheet: &Sheet, node: &Node, around: &Surroundings<'_>) -> Option<BTreeMap<String, Account>> {
    let Value::Map(entries) = &node.value else {
        read::mismatch(sheet, node, "a map of names");
        return None;
    };
    let read = entries.iter().map(|entry| {
        let name = read::some_text(sheet, &entry.key)?;
        let fields = Fields::open(sheet, &ACCOUNT, &entry.key.at, &entry.value)?;
        let hash = fields.need("password_hash", |sheet, node| {
            let hash = secret(sheet, node, &variable_name(&name, "HASH"), around)?;
            if !hash.reveal().trim().starts_with("$argon2") {
                let problem = Problem::error(&node.at, "not an argon2 hash");
                sheet.report(problem.hint("`packetboat hash-password` makes one of a password: $argon2id$…"));
                return None;
            }
            Some(hash)
        });
        let senders = fields.or("senders", vec![], senders);
        Some((name, Account { password_hash: hash?, senders: senders? }))
    });
    read.collect::<Vec<_>>().into_iter().collect()
}

fn senders(sheet: &Sheet, node: &Node) -> Option<Vec<String>> {
    read::each(read::at_most(sheet, read::many(sheet, node)?, 500)?, |item| {
        let text = read::some_text(sheet, item)?;
        if let Err(why) = Globs::new([&*text]) {
            sheet.report(Problem::error(&item.at, why.to_string()).hint("`*@example.com` is every address there"));
            return None;
        }
        Some(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load_with;

    /// The door of these keys, or what is said of them.
    fn door(keys: &str) -> Result<SubmissionDoor, String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("c.pem"), "").unwrap();
        let file = folder.path().join("packetboat.yaml");
        std::fs::write(&file, format!("doors: {{ submission: {{ {keys} }} }}\n")).unwrap();
        let value = |name: &str| Some(if name == "HASH" { "$argon2id$x" } else { "k" }.into());
        let loaded = load_with(&file, &value);
        let said: String = loaded.findings.into_iter().map(|finding| format!("{}\n", finding.message)).collect();
        loaded.settings.and_then(|settings| settings.doors.submission).ok_or(said)
    }

    #[test]
    fn what_is_left_out_is_as_safe_as_what_is_there_allows() {
        const TLS: &str = "certificate: c.pem, key: { env: KEY }";
        const ACCOUNTS: &str = "accounts: { shop: { password_hash: { env: HASH }, senders: \"*@shop.example\" } }";
        let plain = door("").unwrap();
        assert_eq!((plain.listen.to_string().as_str(), plain.tls), ("127.0.0.1:8025", DoorTls::None));
        assert_eq!(door(TLS).unwrap().tls, DoorTls::StartTls);
        let whole = door(&format!("listen: \"0.0.0.0:465\", tls: implicit, {TLS}, {ACCOUNTS}")).unwrap();
        assert_eq!((whole.tls, whole.accounts["shop"].senders.len()), (DoorTls::Implicit, 1));
        for (keys, said) in [
            (ACCOUNTS, "over TLS alone"),
            ("tls: starttls", "without a certificate"),
            ("certificate: c.pem", "without its key"),
            ("key: { env: KEY }", "without its certificate"),
            ("listen: \"[::]:25\"", "reads passwords and mail"),
            (&format!("listen: \"[::]:25\", tls: none, {TLS}, {ACCOUNTS}"), "reads passwords and mail"),
            (&format!("listen: \"[::]:25\", {TLS}"), "as anybody"),
        ] {
            let told = door(keys).unwrap_err();
            assert!(told.contains(said), "{keys}: {told}");
        }
    }
}
