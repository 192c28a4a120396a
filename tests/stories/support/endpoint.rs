//! A server as packetboat.yaml names it, be it a real one or a scripted one.

use super::{
    scripted_ftp::ScriptedFtp,
    scripted_smtp::ScriptedSmtp,
    servers::{TestServer, Tls},
};
use std::path::PathBuf;

/// What stands below `servers.NAME.ftp` or `servers.NAME.smtp`.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// `ftp` or `smtp`.
    pub protocol: &'static str,
    /// Empty for none.
    pub password: String,
    pub connections: u32,
    /// The CA to trust, unless the system's.
    pub trusted: Option<PathBuf>,
    /// Lines beside the usual ones: `bandwidth: 1MB/s`.
    pub more: Vec<String>,
    fixed: Vec<String>,
}

impl Endpoint {
    pub fn connections(self, connections: u32) -> Self {
        Self { connections, ..self }
    }

    pub fn password(self, password: &str) -> Self {
        Self { password: password.to_owned(), ..self }
    }

    /// Trusting this CA, or those of the system.
    pub fn trusting(self, trusted: Option<PathBuf>) -> Self {
        Self { trusted, ..self }
    }

    pub fn line(mut self, line: &str) -> Self {
        self.more.push(line.to_owned());
        self
    }

    /// Every line of it.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = self.fixed.clone();
        if !self.password.is_empty() {
            lines.push(format!("password: {}", self.password));
        }
        lines.push(format!("connections: {}", self.connections));
        lines.extend(self.trusted.as_ref().map(|ca| format!("ca_file: {}", ca.display())));
        lines.extend(self.more.iter().cloned());
        lines
    }

    /// An FTP server where nobody listens.
    pub fn nobody() -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self::new(port, "acme", "secret", Tls::None)
    }

    fn new(port: u16, user: &str, password: &str, tls: Tls) -> Self {
        let tls = match tls {
            Tls::None => "none",
            Tls::Explicit => "explicit",
            Tls::Implicit => "implicit",
        };
        let fixed =
            vec!["host: 127.0.0.1".into(), format!("port: {port}"), format!("user: {user}"), format!("tls: {tls}")];
        Self { protocol: "ftp", password: password.to_owned(), connections: 2, trusted: None, more: vec![], fixed }
    }
}

impl From<&TestServer> for Endpoint {
    fn from(server: &TestServer) -> Self {
        let mut endpoint = Self::new(server.port, server.user, server.password, server.tls);
        endpoint.trusted = server.certificate.as_ref().map(|files| files.ca.clone());
        if server.folder != "/" {
            endpoint.fixed.push(format!("folder: {}", server.folder));
        }
        endpoint
    }
}

impl From<&ScriptedFtp> for Endpoint {
    fn from(server: &ScriptedFtp) -> Self {
        let tls = if server.certificate.is_some() { Tls::Explicit } else { Tls::None };
        let mut endpoint = Self::new(server.port, server.user, server.password, tls);
        endpoint.trusted = server.certificate.as_ref().map(|files| files.ca.clone());
        endpoint
    }
}

impl From<&ScriptedSmtp> for Endpoint {
    fn from(relay: &ScriptedSmtp) -> Self {
        Self { trusted: relay.certificate.as_ref().map(|files| files.ca.clone()), ..Self::relay(relay.port, relay.tls) }
    }
}

impl Endpoint {
    /// A relay on this machine, which takes our mail without a login.
    pub fn relay(port: u16, tls: Tls) -> Self {
        let tls = match tls {
            Tls::None => "none",
            Tls::Explicit => "starttls",
            Tls::Implicit => "implicit",
        };
        let fixed = vec!["host: localhost".into(), format!("port: {port}"), format!("tls: {tls}")];
        Self { protocol: "smtp", password: String::new(), connections: 2, trusted: None, more: vec![], fixed }
    }
}
