//! `servers.NAME.ftp`: its values, their bounds, and what must fit together.

use super::{
    FtpServer, FtpTimeouts, FtpTls,
    fields::Fields,
    ftp_keys::{FTP, MODE, PASSIVE_ADDRESS, PATH_STYLE, TIMEOUTS, TLS, TLS_MAX, UPLOAD_AS},
    read,
    read_secret::{password, secret, variable_name},
    read_trust::trust,
    sheet::{Problem, Sheet},
    surroundings::Surroundings,
    values::{self, Fault},
    yaml::{Entry, Node, Value},
};
use crate::{domain::ByteRate, schedule::Window};
use std::{ops::RangeInclusive, time::Duration};

const SECOND: Duration = Duration::from_secs(1);
pub(super) const HOUR: Duration = Duration::from_secs(3600);
/// What a wait on the network may last: a deadline on every call, but none that nobody lives to see.
pub(super) const WAIT: RangeInclusive<Duration> = SECOND..=HOUR;

/// What `servers.NAME.ftp` says.
pub fn ftp_server(sheet: &Sheet, name: &str, entry: &Entry, around: &Surroundings<'_>) -> Option<FtpServer> {
    let fields = Fields::open(sheet, &FTP, &entry.key.at, &entry.value)?;
    let host = fields.need("host", read::spelt("a host's name or address", host));
    let user = fields.need("user", wire_text);
    let password = fields.need("password", |sheet, node| {
        secret(sheet, node, &variable_name(name, "PASSWORD"), around).and_then(|secret| password(sheet, node, secret))
    });
    let tls = fields.need("tls", read::word(TLS));
    let port = match (fields.value("port"), tls) {
        (None, Some(FtpTls::Implicit)) => Some(990),
        _ => fields.need("port", read::count("a port", 1..=65535)),
    };
    fields.need("charset", charset);
    fields.need("path_style", read::word(PATH_STYLE));
    check_plain_password(&fields, sheet, tls, host.as_deref());
    let account = fields.need("account", wire_text);
    let folder = fields.need("folder", wire_text);
    let tls_max = fields.need("tls_max", read::word(TLS_MAX));
    let trust = trust(&fields, sheet, name, around);
    let connections = fields.need("connections", read::count("`connections`", 1..=64));
    let bandwidth = fields.may("bandwidth", read::spelt("a bandwidth", values::byte_rate));
    let bandwidth_in = fields.may("bandwidth_in", bandwidth_in).unwrap_or_default();
    let mode = fields.need("mode", read::word(MODE));
    let passive_address = fields.need("passive_address", read::word(PASSIVE_ADDRESS));
    let upload_as = fields.need("upload_as", read::word(UPLOAD_AS));
    let keepalive = fields.need("keepalive", read::span(SECOND..=HOUR * 2));
    let timeouts = timeouts(&fields);
    Some(FtpServer {
        host: host?,
        port: u16::try_from(port?).ok()?,
        user: user?,
        password: password?,
        account: account?,
        folder: folder?,
        tls: tls?,
        tls_max: tls_max?,
        trust: trust?,
        connections: connections?,
        bandwidth,
        bandwidth_in,
        mode: mode?,
        passive_address: passive_address?,
        upload_as: upload_as?,
        keepalive: keepalive?,
        timeouts: timeouts?,
    })
}

pub(super) fn host(text: &str) -> Result<String, Fault> {
    let alone = "write the name or the address alone: `backup.example.com`";
    if text.contains("://") {
        return Err(Fault::new("a URL, expected a host", alone));
    }
    if text.contains('/') {
        return Err(Fault::new("a path does not belong to a host", "write it as `folder`"));
    }
    if let Some((_, port)) = text.split_once(':').filter(|(_, rest)| !rest.contains(':')) {
        return Err(Fault::new("a port does not belong to a host", format!("write `port: {port}` beside it")));
    }
    if text.is_empty() || text.len() > 255 || text.chars().any(|letter| letter.is_whitespace() || letter.is_control()) {
        return Err(Fault::new("this is not a host", alone));
    }
    Ok(text.to_owned())
}

/// A text that goes into a command: a line break in it would be a second command.
pub(super) fn wire_text(sheet: &Sheet, node: &Node) -> Option<String> {
    let text = read::text(sheet, node)?;
    if text.chars().any(char::is_control) {
        sheet.report(Problem::error(&node.at, "a control character in a text that is sent to the server"));
        return None;
    }
    Some(text)
}

fn charset(sheet: &Sheet, node: &Node) -> Option<()> {
    let name = read::text(sheet, node)?;
    if name.eq_ignore_ascii_case("utf-8") || name.eq_ignore_ascii_case("utf8") {
        return Some(());
    }
    let problem = Problem::error(&node.at, format!("`charset: {name}` is not built yet"));
    sheet.report(problem.hint("this version sends names as they are, byte for byte; `utf-8` is what servers expect"));
    None
}

/// `{ "Mon-Fri 08:00-18:00": 2MB/s }`, in its order.
fn bandwidth_in(sheet: &Sheet, node: &Node) -> Option<Vec<(Window, ByteRate)>> {
    let Value::Map(entries) = &node.value else {
        let problem = Problem::error(&node.at, format!("{}, expected a map of windows", node.kind_word()));
        sheet.report(problem.hint("write `bandwidth_in: { \"Mon-Fri 08:00-18:00\": 2MB/s }`"));
        return None;
    };
    let read = |Entry { key, value }: &Entry| {
        let window = read::window(sheet, key);
        let rate = read::spelt("a bandwidth", values::byte_rate)(sheet, value);
        Some((window?, rate?))
    };
    if let Some(beyond) = entries.get(100) {
        sheet.report(Problem::error(&beyond.key.at, "more than 100 windows"));
        return None;
    }
    entries.iter().map(read).collect::<Vec<_>>().into_iter().collect()
}

/// `timeouts` of a server's fields.
pub fn timeouts(fields: &Fields<'_>) -> Option<FtpTimeouts> {
    let fields = fields.map("timeouts", &TIMEOUTS)?;
    let connect = fields.need("connect", read::span(WAIT));
    let reply = fields.need("reply", read::span(WAIT));
    let data = fields.need("data", read::span(WAIT));
    Some(FtpTimeouts { connect: connect?, reply: reply?, data: data? })
}

/// On this machine nobody listens in.
pub(super) fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn check_plain_password(fields: &Fields<'_>, sheet: &Sheet, tls: Option<FtpTls>, host: Option<&str>) {
    if let (Some(FtpTls::None), false, Some(tls)) = (tls, host.is_some_and(is_loopback), fields.value("tls")) {
        let problem = Problem::warning(&tls.at, "the password and the files travel in the clear");
        sheet.report(
            problem.hint("`tls: explicit` is the default; `packetboat check --probe` says what the server offers"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Mode, PassiveAddress, Server, TlsVersion, UploadAs, load_with};

    /// The server of `servers: { a: { ftp: { host, user, password, MORE } } }`.
    fn server(more: &str) -> FtpServer {
        let folder = tempfile::tempdir().unwrap();
        for name in ["ca.pem", "acme.pem", "acme.key"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        let text =
            format!("servers: {{ a: {{ ftp: {{ host: \"::1\", user: u, password: {{ env: P }}, {more} }} }} }}\n");
        std::fs::write(folder.path().join("packetboat.yaml"), text).unwrap();
        let loaded = load_with(&folder.path().join("packetboat.yaml"), &|_| Some("p".into()));
        let settings = loaded.settings.unwrap_or_else(|| panic!("{more}: {:#?}", loaded.findings));
        match settings.servers["a"].clone() {
            Server::Ftp(server) => server,
            Server::Smtp(_) | Server::Webhook(_) => panic!("an ftp server was written"),
        }
    }

    #[test]
    fn implicit_tls_has_its_own_port_unless_one_is_written() {
        for (more, port) in [
            ("", 21),
            ("tls: explicit", 21),
            ("tls: none", 21),
            ("tls: implicit", 990),
            ("tls: implicit, port: 2990", 2990),
            ("port: 65535", 65535),
        ] {
            assert_eq!(server(more).port, port, "{more}");
        }
    }

    #[test]
    fn every_option_arrives_typed() {
        let server = server(
            "account: a, folder: backups/, tls: none, tls_max: 1.3, ca_file: ca.pem, client_certificate: acme.pem, \
             client_key: { file: acme.key }, connections: 1, bandwidth: 50MB/s, \
             bandwidth_in: { \"Mon-Fri 08:00-18:00\": 2MB/s, \"12:00-13:00\": 1KiB/s }, mode: active, \
             passive_address: as_told, upload_as: final_name, charset: UTF-8, path_style: unix, keepalive: 1m, \
             timeouts: { reply: 5s }",
        );
        assert_eq!((server.account.as_str(), server.folder.as_str()), ("a", "backups/"));
        assert_eq!((server.tls, server.tls_max), (FtpTls::None, TlsVersion::V1_3));
        assert!(server.trust.ca_file.unwrap().ends_with("ca.pem"));
        let (certificate, key) = server.trust.client_certificate.unwrap();
        assert!(certificate.is_absolute() && key.reveal() == "acme.key");
        assert_eq!((server.connections, server.bandwidth), (1, Some(ByteRate(50_000_000))));
        let rates: Vec<_> = server.bandwidth_in.iter().map(|(_, rate)| rate.0).collect();
        assert_eq!(rates, [2_000_000, 1024]);
        assert_eq!((server.mode, server.passive_address), (Mode::Active, PassiveAddress::AsTold));
        assert_eq!((server.upload_as, server.keepalive), (UploadAs::FinalName, SECOND * 60));
        assert_eq!(server.timeouts, FtpTimeouts { reply: SECOND * 5, ..FtpTimeouts::default() });
    }

    #[test]
    fn a_host_is_a_name_or_an_address_alone() {
        for text in ["backup.example.com", "localhost", "192.0.2.1", "::1", "2001:db8::1", "bücher.example"] {
            assert_eq!(host(text), Ok(text.to_owned()));
        }
        for text in ["", "ftp://h", "h/folder", "h:21", "a b", "h\n"] {
            assert!(host(text).is_err(), "{text}");
        }
    }
}
