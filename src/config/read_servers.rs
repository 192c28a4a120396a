//! `servers` and `webhooks` of packetboat.yaml: they share lanes, and so names.

use super::{
    Server, ServerKind, ServerKinds,
    fields::Fields,
    keys::{Table, optional},
    kind::Kinds,
    read,
    read_ftp::ftp_server,
    read_smtp::smtp_server,
    sheet::{Problem, Sheet},
    surroundings::Surroundings,
    webhook::webhook,
    yaml::{Entry, Node, Value},
};
use crate::domain::HERE;
use std::collections::BTreeMap;

/// The kinds of a server.
static KINDS: Kinds = Kinds {
    table: Table {
        name: "a server",
        keys: &[optional("ftp"), optional("smtp")],
        moved: &[
            ("type", "write `ftp: { … }`"),
            ("kind", "write `ftp: { … }`"),
            ("protocol", "write `ftp: { … }`"),
            ("ftps", "write `ftp: { …, tls: explicit }`"),
            ("host", "write `ftp: { host: … }`"),
            ("sftp", "SFTP is another protocol; this version speaks FTP and FTPS"),
        ],
    },
    beside: &[],
    none: ("a server without a kind", "write `ftp: { host: …, user: …, password: … }`"),
    two: "a server is one of them; make it two",
};

/// All servers and webhooks, and those that are whole.
pub fn servers_and_webhooks(
    sheet: &Sheet,
    top: &Fields<'_>,
    around: &Surroundings<'_>,
) -> (Option<ServerKinds>, BTreeMap<String, Server>) {
    let mut whole = BTreeMap::new();
    let names = servers(sheet, top, around, &mut whole);
    let names = webhooks(sheet, top, around, (names, &mut whole));
    (names, whole)
}

fn servers(
    sheet: &Sheet,
    top: &Fields<'_>,
    around: &Surroundings<'_>,
    whole: &mut BTreeMap<String, Server>,
) -> Option<ServerKinds> {
    let entries = entries(sheet, top, "servers", "write `servers: { NAME: { ftp: { … } } }`")?;
    let mut names = ServerKinds::new();
    for Entry { key, value } in entries.iter().take_while(|_| !sheet.is_full()) {
        let Some(name) = server_name(sheet, key) else { continue };
        let known = names.contains_key(&name).then(|| entries.iter().find(|entry| entry.key.as_text() == Some(&name)));
        if let Some(first) = known.flatten() {
            let problem = Problem::error(&key.at, format!("two servers are called `{name}`"));
            sheet.report(
                problem.related(sheet.place(&first.key.at, Some("the first"))).hint("name one of them otherwise"),
            );
            continue;
        }
        names.insert(name.clone(), kind_of(value));
        let server = KINDS.one(sheet, value, |kind| match kind.key.as_text() {
            Some("smtp") => smtp_server(sheet, &name, &kind, around).map(Server::Smtp),
            _ => ftp_server(sheet, &name, &kind, around).map(Server::Ftp),
        });
        whole.extend(server.map(|server| (name, server)));
    }
    Some(names)
}

fn webhooks(
    sheet: &Sheet,
    top: &Fields<'_>,
    around: &Surroundings<'_>,
    (mut names, whole): (Option<ServerKinds>, &mut BTreeMap<String, Server>),
) -> Option<ServerKinds> {
    let hint = "write `webhooks: { NAME: { url: https://…, secret: { env: NAME } } }`";
    let entries = entries(sheet, top, "webhooks", hint)?;
    for entry in entries.iter().take_while(|_| !sheet.is_full()) {
        let Some(name) = server_name(sheet, &entry.key) else { continue };
        let taken = names.as_ref().and_then(|names| names.get(&name));
        if let Some(kind) = taken {
            let message = match *kind {
                ServerKind::Webhook => format!("two webhooks are called `{name}`"),
                ServerKind::Ftp | ServerKind::Smtp => format!("a server is called `{name}`, too"),
            };
            sheet.report(
                Problem::error(&entry.key.at, message).hint("name one of them otherwise: they share their lanes"),
            );
            continue;
        }
        if let Some(names) = &mut names {
            names.insert(name.clone(), ServerKind::Webhook);
        }
        whole.extend(webhook(sheet, &name, entry, around).map(|server| (name, server)));
    }
    names
}

/// What is written below `key`; `None` when that is no map, which is reported.
fn entries<'a>(sheet: &Sheet, top: &Fields<'a>, key: &str, hint: &str) -> Option<&'a [Entry]> {
    match top.value(key) {
        Some(Node { value: Value::Map(entries), .. }) => Some(entries),
        Some(node) if !node.is_null() => {
            let problem = Problem::error(&node.at, format!("{}, expected a map of {key}", node.kind_word()));
            sheet.report(problem.hint(hint));
            None
        }
        _ => Some(&[]),
    }
}

/// What a server is meant to be, whole or not.
fn kind_of(node: &Node) -> ServerKind {
    if node.entry("smtp").is_some() { ServerKind::Smtp } else { ServerKind::Ftp }
}

/// Names appear in commands, filters and logs: letters, digits, `-`, `_` and `.`.
fn server_name(sheet: &Sheet, node: &Node) -> Option<String> {
    let name = read::spelt("a server's name", |text| Ok(text.to_owned()))(sheet, node)?;
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    if name.is_empty() || name.len() > 64 || name.starts_with('-') || !name.chars().all(fits) {
        let problem = Problem::error(&node.at, "this is not a server's name");
        sheet.report(
            problem.hint("a name has letters, digits, `-`, `_` and `.`, at most 64, and does not begin with `-`"),
        );
        return None;
    }
    if name == HERE {
        let problem = Problem::error(&node.at, "`here` is this machine: where `save` and `move` put files");
        sheet.report(problem.hint("name this server otherwise"));
        return None;
    }
    Some(name)
}
