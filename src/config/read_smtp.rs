//! `servers.NAME.smtp`: its values, their bounds, and what must fit together.

use super::{
    PasswordBy, SmtpLogin, SmtpProof, SmtpServer, SmtpTimeouts, SmtpTls,
    fields::Fields,
    read,
    read_ftp::{HOUR, WAIT, host, is_loopback, wire_text},
    read_secret::{password, secret, variable_name},
    read_trust::trust,
    sheet::{Problem, Sheet},
    smtp_keys::{AUTH, Auth, SMTP, TIMEOUTS, TLS},
    surroundings::Surroundings,
    yaml::{Entry, Node},
};

/// What `servers.NAME.smtp` says.
pub fn smtp_server(sheet: &Sheet, name: &str, entry: &Entry, around: &Surroundings<'_>) -> Option<SmtpServer> {
    let fields = Fields::open(sheet, &SMTP, &entry.key.at, &entry.value)?;
    let host = fields.need("host", read::spelt("a host's name or address", host));
    let tls = fields.need("tls", read::word(TLS));
    let port = match (fields.value("port"), tls) {
        (None, Some(SmtpTls::Implicit)) => Some(465),
        (None, Some(SmtpTls::None)) => Some(25),
        _ => fields.need("port", read::count("a port", 1..=65535)),
    };
    let login = login(&fields, sheet, name, around);
    if let (Some(SmtpTls::None), Some(tls), false) =
        (tls, fields.value("tls"), host.as_deref().is_some_and(is_loopback))
    {
        let problem = Problem::warning(&tls.at, "the mails, and the password if there is one, travel in the clear");
        sheet.report(problem.hint("`tls: starttls` is the default; `tls: implicit` is for port 465"));
    }
    let trust = trust(&fields, sheet, name, around);
    let helo = fields.need("helo", helo);
    let connections = fields.need("connections", read::count("`connections`", 1..=64));
    let messages = fields.need("messages_per_connection", read::count("`messages_per_connection`", 1..=1_000_000));
    let timeouts = timeouts(&fields);
    Some(SmtpServer {
        host: host?,
        port: u16::try_from(port?).ok()?,
        tls: tls?,
        trust: trust?,
        login: login?,
        helo: helo?,
        connections: connections?,
        messages_per_connection: messages?,
        timeouts: timeouts?,
    })
}

/// A user with a password, or with a program that prints a token, or nobody.
fn login(fields: &Fields<'_>, sheet: &Sheet, name: &str, around: &Surroundings<'_>) -> Option<Option<SmtpLogin>> {
    let user = fields.may("user", wire_text);
    let auth = fields.need("auth", read::word(AUTH))?;
    let by = match auth {
        Auth::Auto => PasswordBy::Auto,
        Auth::Plain => PasswordBy::Plain,
        Auth::Login => PasswordBy::Login,
        Auth::Xoauth2 => {
            let command = fields.may("token_command", command).filter(|command| !command.is_empty());
            let at = fields.entry("auth").map_or(fields.at(), |entry| &entry.value.at);
            return match (user, command) {
                (Some(user), Some(command)) => Some(Some(SmtpLogin { user, proof: SmtpProof::TokenCommand(command) })),
                _ => {
                    let problem = Problem::error(at, "`xoauth2` needs a `user` and a `token_command`");
                    sheet.report(problem.hint("`token_command: [program, argument]` prints the token"));
                    None
                }
            };
        }
    };
    let written = fields.entry("password");
    match (user, written) {
        (None, None) if fields.entry("user").is_none() => Some(None),
        (Some(user), Some(entry)) => {
            let secret = secret(sheet, &entry.value, &variable_name(name, "PASSWORD"), around)?;
            let secret = password(sheet, &entry.value, secret)?;
            Some(Some(SmtpLogin { user, proof: SmtpProof::Password(secret, by) }))
        }
        (Some(_), None) => {
            let at = fields.entry("user").map_or(fields.at(), |entry| &entry.key.at);
            sheet.report(Problem::error(at, "a user without a password").hint("add `password: { env: NAME }`"));
            None
        }
        (None, Some(entry)) => {
            sheet.report(Problem::error(&entry.key.at, "a password without a user").hint("add `user: …`"));
            None
        }
        (None, None) => None,
    }
}

/// A program and its arguments; there is no shell.
fn command(sheet: &Sheet, node: &Node) -> Option<Vec<String>> {
    read::each(read::at_most(sheet, read::items(node), 100)?, |item| read::text(sheet, item))
}

/// This machine's name where none is written.
fn helo(sheet: &Sheet, node: &Node) -> Option<String> {
    let written = wire_text(sheet, node)?;
    if !written.is_empty() {
        return Some(written);
    }
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || "-.".contains(letter);
    Some(if name.is_empty() || !name.chars().all(is_name) { "localhost".to_owned() } else { name })
}

fn timeouts(fields: &Fields<'_>) -> Option<SmtpTimeouts> {
    let fields = fields.map("timeouts", &TIMEOUTS)?;
    let connect = fields.need("connect", read::span(WAIT));
    let reply = fields.need("reply", read::span(WAIT));
    let data = fields.need("data", read::span(*WAIT.start()..=HOUR));
    Some(SmtpTimeouts { connect: connect?, reply: reply?, data: data? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Server, load_with};

    fn loaded(options: &str) -> Result<SmtpServer, String> {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("servers: {{ main: {{ smtp: {{ host: \"::1\", {options} }} }} }}\n");
        std::fs::write(folder.path().join("packetboat.yaml"), text).unwrap();
        let loaded = load_with(&folder.path().join("packetboat.yaml"), &|_| Some("p".into()));
        match loaded.settings {
            Some(settings) => match &settings.servers["main"] {
                Server::Smtp(server) => Ok(server.clone()),
                other => Err(other.kind().word().into()),
            },
            None => Err(loaded.findings.into_iter().map(|finding| format!("{finding:?}\n")).collect()),
        }
    }

    #[test]
    fn each_way_of_tls_has_its_port_unless_one_is_written() {
        for (options, port) in [
            ("", 587),
            ("tls: starttls", 587),
            ("tls: implicit", 465),
            ("tls: none", 25),
            ("tls: none, port: 2525", 2525),
        ] {
            assert_eq!(loaded(options).unwrap().port, port, "{options}");
        }
    }

    #[test]
    fn a_login_is_whole_or_there_is_none() {
        assert!(loaded("").unwrap().login.is_none());
        let login = loaded("user: u, password: { env: P }, auth: login").unwrap().login.unwrap();
        assert!(matches!(login.proof, SmtpProof::Password(secret, PasswordBy::Login) if secret.reveal() == "p"));
        let login = loaded("user: u, auth: xoauth2, token_command: [/usr/bin/token, --for, u]").unwrap().login.unwrap();
        assert!(matches!(login.proof, SmtpProof::TokenCommand(command) if command.len() == 3));
        for (options, said) in [
            ("user: u", "a user without a password"),
            ("password: { env: P }", "a password without a user"),
            ("auth: xoauth2, user: u", "needs a `user` and a `token_command`"),
            ("auth: scram, user: u, password: { env: P }", "not built yet"),
            ("helo: \"a\\r\\nb\"", "control character"),
        ] {
            let told = loaded(options).unwrap_err();
            assert!(told.contains(said), "{options}: {told}");
        }
    }
}
