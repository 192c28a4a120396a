//! What a test server shall be like.

use crate::support::certificates::Shown;

/// The wishes for one server; the default is a plain one that allows everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerOptions {
    pub tls: Tls,
    pub tls_versions: TlsVersions,
    pub session_reuse: SessionReuse,
    pub certificate: Shown,
    pub client_certificate: ClientCertificate,
    pub limits: Limits,
    pub writes: Writes,
    pub rename_over: RenameOver,
    pub set_time: SetTime,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Tls {
    #[default]
    None,
    /// AUTH TLS, required for login and data.
    Explicit,
    /// From the first byte.
    Implicit,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum TlsVersions {
    #[default]
    Only1_2,
    Only1_3,
    Both,
}

/// Whether a data connection must continue the control connection's TLS session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SessionReuse {
    /// As the server comes.
    #[default]
    AsShipped,
    NotRequired,
}

/// Whether a client must show a certificate, in each of its connections.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ClientCertificate {
    #[default]
    NotAsked,
    Demanded,
}

/// How many connections are let in; the next is sent away with 421 (ProFTPD: 530).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Limits {
    #[default]
    Wide,
    Clients(u16),
    PerHost(u16),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Writes {
    #[default]
    Allowed,
    /// STOR, MKD, RNFR and DELE are refused.
    Refused,
}

/// What RNTO does where the name is taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RenameOver {
    #[default]
    Replaces,
    Refused,
}

/// Whether a client can set a file's time, by MFMT or by MDTM with two arguments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SetTime {
    #[default]
    AsShipped,
    Refused,
}
