//! The keys of `servers.NAME.smtp` and the words that some of them take.

use super::{
    SmtpTls,
    keys::{Table, default, not_yet, optional, required},
    read::{Meaning, Meaning::Built},
};

const AS_IT_IS: &str = "leave it out: this version sends messages as they are made";

/// The keys of `smtp`.
pub const SMTP: Table = Table {
    name: "smtp",
    keys: &[
        required("host"),
        default("port", "587"),
        default("tls", "starttls"),
        optional("user"),
        optional("password"),
        default("auth", "auto"),
        optional("token_command"),
        default("ca_file", "\"\""),
        default("pin_sha256", "\"\""),
        default("client_certificate", "\"\""),
        optional("client_key"),
        default("helo", "\"\""),
        default("connections", "4"),
        default("messages_per_connection", "100"),
        not_yet("rate", "leave it out, or write `limits: { rate: … }` in a rule"),
        not_yet("rate_per_domain", "leave it out, or write `limits: { rate: … }` in a rule"),
        not_yet("null_sender", AS_IT_IS),
        not_yet("dkim", AS_IT_IS),
        optional("timeouts"),
    ],
    moved: &[
        ("hostname", "write `host`"),
        ("server", "write `host`"),
        ("username", "write `user`"),
        ("login", "write `user`"),
        ("pass", "write `password`"),
        ("ssl", "write `tls: starttls`, `implicit` or `none`"),
        ("starttls", "write `tls: starttls`: it is required, never \"if offered\""),
        ("verify", "certificates are always verified; `ca_file` or `pin_sha256` say which to trust"),
        ("insecure", "certificates are always verified; `ca_file` or `pin_sha256` say which to trust"),
        ("from", "write it below `mail` in packetboat.yaml, or in a step"),
        ("max_connections", "write `connections`"),
        ("timeout", "write `timeouts: { connect: 15s, reply: 5m, data: 10m }`"),
        ("type", "the key above already says it: `smtp: { … }`"),
        ("name", "a server's name is its key"),
    ],
};

/// The keys of `timeouts`.
pub const TIMEOUTS: Table = Table {
    name: "timeouts",
    keys: &[default("connect", "15s"), default("reply", "5m"), default("data", "10m")],
    moved: &[("command", "write `reply`"), ("read", "write `reply`")],
};

pub(super) const TLS: &[(&str, Meaning<SmtpTls>)] =
    &[("starttls", Built(SmtpTls::StartTls)), ("implicit", Built(SmtpTls::Implicit)), ("none", Built(SmtpTls::None))];

/// `auth`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Auth {
    Auto,
    Plain,
    Login,
    Xoauth2,
}

pub(super) const AUTH: &[(&str, Meaning<Auth>)] = &[
    ("auto", Built(Auth::Auto)),
    ("plain", Built(Auth::Plain)),
    ("login", Built(Auth::Login)),
    ("xoauth2", Built(Auth::Xoauth2)),
    ("scram", Meaning::NotYet("`auto` takes the strongest of PLAIN and LOGIN that is offered, over TLS")),
];
