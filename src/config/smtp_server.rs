//! One SMTP relay with all its options.

use super::{Secret, Trust};
use std::time::Duration;

/// `servers.NAME.smtp`, checked.
#[derive(Debug, Clone)]
pub struct SmtpServer {
    pub host: String,
    pub port: u16,
    pub tls: SmtpTls,
    pub trust: Trust,
    /// `None`: it takes our mail without.
    pub login: Option<SmtpLogin>,
    /// What we call ourselves in EHLO: a name or an address literal.
    pub helo: String,
    /// Most conversations at once, of all rules together.
    pub connections: u32,
    /// After so many messages a conversation ends.
    pub messages_per_connection: u32,
    pub timeouts: SmtpTimeouts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// Required, never "if offered" (RFC 3207).
    StartTls,
    /// From the first byte (RFC 8314).
    Implicit,
    None,
}

/// Who we are there, and how we show it.
#[derive(Debug, Clone)]
pub struct SmtpLogin {
    pub user: String,
    pub proof: SmtpProof,
}

#[derive(Debug, Clone)]
pub enum SmtpProof {
    /// PLAIN (RFC 4616) or LOGIN, as offered or as `auth` says.
    Password(Secret, PasswordBy),
    /// XOAUTH2, with the token that this program prints: its path and arguments, without a shell.
    TokenCommand(Vec<String>),
}

/// `auth`, where there is a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordBy {
    /// The strongest that is offered.
    Auto,
    Plain,
    Login,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SmtpTimeouts {
    pub connect: Duration,
    /// The longest wait for an answer, that to the message itself apart.
    pub reply: Duration,
    /// The longest wait for the answer to the final dot, and the longest silence while the message is sent.
    pub data: Duration,
}
