//! `check --probe`: what each server lets us do, tried on the server itself.

use crate::{
    config::{FtpServer, FtpTls, Server, Settings, SmtpServer, Webhook},
    delivery::{
        ftp::{Missed, Report, TimeSetting, probe as probe_ftp},
        smtp, webhook,
    },
    domain::{Escaped, RemotePath, TroubleKind, show_size},
};
use serde::Serialize;
use std::sync::Arc;

/// What became of one server's probe.
#[derive(Debug, Serialize)]
pub struct Probed {
    pub name: String,
    /// host:port
    pub address: String,
    /// Why a delivery would not work; unescaped.
    pub trouble: Option<String>,
    /// What to do about it, where the server's words do not tell.
    pub advice: Option<&'static str>,
    /// What was found, a phrase and its answer each; unescaped.
    pub found: Vec<(&'static str, String)>,
}

/// Probes every configured server, one after the other.
pub async fn probe(settings: &Settings) -> Vec<Probed> {
    let mut probed = vec![];
    for (name, server) in &settings.servers {
        probed.push(match server {
            Server::Ftp(server) => probe_one(name, server).await,
            Server::Smtp(server) => probe_relay(name, server).await,
            Server::Webhook(webhook) => probe_webhook(name, webhook).await,
        });
    }
    probed
}

/// A relay is asked for no more than to let us in: what it takes is only known by sending.
async fn probe_relay(name: &str, server: &SmtpServer) -> Probed {
    let address = format!("{}:{}", server.host, server.port);
    let (trouble, advice, found) = match smtp::connect(&Arc::new(server.clone())).await {
        Ok(session) => {
            let found = found_of(&session.facts(), server);
            session.quit().await;
            (None, None, found)
        }
        Err(trouble) => (Some(trouble.said), relay_advice(trouble.kind, trouble.code.is_some()), vec![]),
    };
    Probed { name: name.to_owned(), address, trouble, advice, found }
}

/// Who listens there is told nothing: a probe must not look like a notice.
async fn probe_webhook(name: &str, webhook: &Webhook) -> Probed {
    let (trouble, advice, found) = match webhook::connect(&Arc::new(webhook.clone())).await {
        Ok(session) => {
            let tls = session.tls().unwrap_or("nothing").to_owned();
            let told = "nothing: whether it takes what is told is seen when something is".to_owned();
            (None, None, vec![("connection", "ok".to_owned()), ("encrypted by", tls), ("told", told)])
        }
        Err(trouble) => (Some(trouble.said), webhook_advice(trouble.kind), vec![]),
    };
    Probed { name: name.to_owned(), address: webhook.url.authority(), trouble, advice, found }
}

fn webhook_advice(kind: TroubleKind) -> Option<&'static str> {
    (kind == TroubleKind::Connect).then_some("is `url` right, and is whoever takes it up?")
}

fn found_of(facts: &smtp::Facts, server: &SmtpServer) -> Vec<(&'static str, String)> {
    let yes_no = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    let login = if server.login.is_some() { "ok" } else { "none wanted" };
    let mut found = vec![
        ("greeting", facts.greeting.clone()),
        ("login", login.to_owned()),
        ("encrypted by", facts.tls.unwrap_or("nothing").to_owned()),
    ];
    if let Some(seen) = &facts.certificate {
        found.push(("certificate, SHA-256", seen.sha256.to_string()));
        found.extend(seen.last_day().map(|day| ("certificate, valid until", day)));
    }
    let most = facts.capabilities.size.filter(|size| *size > 0);
    found.push(("largest message", most.map_or_else(|| "not told".to_owned(), show_size)));
    found.push(("commands ahead of their answers", yes_no(facts.capabilities.pipelining)));
    found.push(("addresses and headers outside ASCII", yes_no(facts.capabilities.utf8)));
    found
}

fn relay_advice(kind: TroubleKind, is_reply: bool) -> Option<&'static str> {
    match kind {
        TroubleKind::Connect if !is_reply => Some("are `host`, `port` and `tls` right, and is the relay up?"),
        TroubleKind::Login => Some("are `user` and `password` right? `auth` says by which way they are shown"),
        _ => None,
    }
}

async fn probe_one(name: &str, server: &FtpServer) -> Probed {
    let address = format!("{}:{}", server.host, server.port);
    let (trouble, advice, found) = match probe_ftp(&Arc::new(server.clone()), &Arc::default()).await {
        Ok(report) if report.left.is_empty() => (None, None, found(&report)),
        Ok(report) => {
            let trouble = "it does not let us remove a file of ours: what a broken upload leaves will stay there";
            (Some(trouble.to_owned()), None, found(&report))
        }
        Err(Missed { trouble, left }) => {
            let advice = advice(trouble.kind, trouble.code.is_some(), server.tls);
            (Some(trouble.said), advice, still_there(&left).collect())
        }
    };
    Probed { name: name.to_owned(), address, trouble, advice, found }
}

/// A server that wants TLS, or has none, says so in as many words as there are servers; what to change is ours to say.
fn advice(kind: TroubleKind, is_reply: bool, tls: FtpTls) -> Option<&'static str> {
    match (kind, tls) {
        (TroubleKind::Connect, _) if !is_reply => Some("are `host` and `port` right, and is the server up?"),
        (TroubleKind::Tls, FtpTls::Explicit) if is_reply => {
            Some("it refuses TLS; one that has none is asked for by name: `tls: none`")
        }
        (TroubleKind::Login, FtpTls::None) => {
            Some("are `user` and `password` right? If it wants TLS, drop `tls: none`")
        }
        (TroubleKind::Login, _) => Some("are `user` and `password` right?"),
        _ => None,
    }
}

fn found(report: &Report) -> Vec<(&'static str, String)> {
    let yes_no = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    let mut found = vec![
        ("greeting", report.facts.greeting.clone()),
        ("login, write, rename", "ok".to_owned()),
        ("remove", if report.left.is_empty() { "ok" } else { "NO" }.to_owned()),
        ("encrypted by", report.facts.tls.unwrap_or("nothing").to_owned()),
    ];
    if let Some(seen) = &report.facts.certificate {
        found.push(("certificate, SHA-256", seen.sha256.to_string()));
        found.extend(seen.last_day().map(|day| ("certificate, valid until", day)));
    }
    let proof = report.proof.map_or("reading back", |proof| proof.word());
    found.extend([
        ("best proof", proof.to_owned()),
        ("tells sizes", yes_no(report.tells_size)),
        ("sets times", yes_no(report.times == TimeSetting::Kept)),
        ("renames over an existing file", yes_no(report.renames_over)),
    ]);
    found.extend(still_there(&report.left));
    found
}

fn still_there(left: &[(RemotePath, String)]) -> impl Iterator<Item = (&'static str, String)> {
    left.iter().map(|(path, why)| ("STILL THERE", format!("{}: {why}", Escaped(path.as_bytes()))))
}
