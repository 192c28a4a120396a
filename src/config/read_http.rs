//! `doors: http:`, where programs hand messages over as HTTP.

use super::{
    Secret,
    fields::Fields,
    keys::{Table, default, optional},
    read,
    read_secret::secret,
    read_trust::maybe_file,
    sheet::{Problem, Sheet},
    surroundings::Surroundings,
    values::Fault,
    yaml::Node,
};
use std::{net::SocketAddr, path::PathBuf};

/// The HTTP door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpDoor {
    pub listen: SocketAddr,
    /// Names by which clients call it, beside its address; without ports.
    pub hosts: Vec<String>,
    /// PEM chain and key.
    pub tls: Option<(PathBuf, Secret)>,
}

/// The keys of `http`.
pub const HTTP: Table = Table {
    name: "http",
    keys: &[default("listen", "127.0.0.1:8600"), optional("hosts"), default("certificate", "\"\""), optional("key")],
    moved: &[
        ("port", "write `listen: 127.0.0.1:PORT`"),
        ("address", "write `listen`"),
        ("host", "write `listen`, or `hosts` for the names that clients call it by"),
        ("tls", "write `certificate` and `key`"),
        ("token", "tokens are made by `packetboat tokens add NAME`"),
        ("tokens", "tokens are made by `packetboat tokens add NAME`"),
    ],
};

/// What stands under `http`.
pub(super) fn http(fields: &Fields<'_>, around: &Surroundings<'_>) -> Option<HttpDoor> {
    let listen = fields.need("listen", read::spelt("an address with a port", |text| address(text, 8600)));
    let hosts = fields.or("hosts", vec![], hosts);
    let certificate = fields.need("certificate", |sheet, node| maybe_file(sheet, node, around));
    let key = fields.or("key", None, |sheet, node| secret(sheet, node, "HTTP_KEY", around).map(Some));
    let has_key = fields.entry("key").is_some();
    let (listen, certificate) = (listen?, certificate?);
    let wrong = match (certificate.is_some(), has_key) {
        (true, true) => None,
        (false, false) if listen.ip().is_loopback() => None,
        (false, false) => Some((
            "whoever can read the network here reads tokens and mail",
            "add `certificate: http.pem` and `key: { file: http.key }`, or listen on 127.0.0.1",
        )),
        (true, false) => Some(("a certificate without its key", "add `key: { file: http.key }`")),
        (false, true) => Some(("a key without its certificate", "add `certificate: http.pem`")),
    };
    if let Some((message, hint)) = wrong {
        fields.told(|sheet| sheet.report(Problem::error(fields.at(), message).hint(hint)));
        return None;
    }
    let (tls, hosts) = (certificate.zip(key?), hosts?);
    if listen.ip().is_unspecified() && hosts.is_empty() {
        let problem = Problem::error(fields.at(), "no request names this address: none would be answered");
        let hint = "add `hosts: mail.example.com`, the name that clients call it by";
        fields.told(|sheet| sheet.report(problem.hint(hint)));
        return None;
    }
    Some(HttpDoor { listen, hosts, tls })
}

/// Where to listen; `port` is what a hint shows.
pub(super) fn address(text: &str, port: u16) -> Result<SocketAddr, Fault> {
    let hint = format!("an address is 127.0.0.1:{port}, 0.0.0.0:{port} or [::1]:{port}");
    let named = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    let parsed = named.as_deref().unwrap_or(text).parse::<SocketAddr>();
    parsed.map_err(|_| Fault::new(format!("`{text}` is not an address with a port"), hint))
}

/// Names, without ports.
fn hosts(sheet: &Sheet, node: &Node) -> Option<Vec<String>> {
    read::each(read::at_most(sheet, read::many(sheet, node)?, 100)?, |item| {
        let name = read::some_text(sheet, item)?;
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)) {
            let problem = Problem::error(&item.at, format!("`{name}` is not the name of a host"));
            sheet.report(problem.hint("a name as clients call it, without a port: mail.example.com"));
            return None;
        }
        Some(name)
    })
}
