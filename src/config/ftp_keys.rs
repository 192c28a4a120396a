//! The keys of `servers.NAME.ftp` and the words that some of them take.

use super::{
    FtpTls, Mode, PassiveAddress, TlsVersion, UploadAs,
    keys::{Table, default, not_yet, optional, required},
    read::{Meaning, Meaning::Built},
};

const NO_PROXY: &str = "leave it out: this version connects to servers directly";

/// The keys of `ftp`.
pub const FTP: Table = Table {
    name: "ftp",
    keys: &[
        required("host"),
        default("port", "21"),
        required("user"),
        required("password"),
        default("account", "\"\""),
        default("folder", "\"\""),
        default("tls", "explicit"),
        default("tls_max", "\"1.2\""),
        default("ca_file", "\"\""),
        default("pin_sha256", "\"\""),
        default("client_certificate", "\"\""),
        optional("client_key"),
        default("connections", "4"),
        optional("bandwidth"),
        optional("bandwidth_in"),
        default("mode", "passive"),
        default("passive_address", "same_host"),
        default("upload_as", "temporary_name"),
        default("charset", "utf-8"),
        default("path_style", "auto"),
        not_yet("proxy", NO_PROXY),
        not_yet("proxy_user", NO_PROXY),
        not_yet("proxy_password", NO_PROXY),
        default("keepalive", "30s"),
        optional("timeouts"),
    ],
    moved: &[
        ("hostname", "write `host`"),
        ("server", "write `host`"),
        ("username", "write `user`"),
        ("login", "write `user`"),
        ("pass", "write `password`"),
        ("path", "write `folder`"),
        ("root", "write `folder`"),
        ("directory", "write `folder`"),
        ("ssl", "write `tls: explicit`, `implicit` or `none`"),
        ("passive", "write `mode: passive` or `mode: active`"),
        ("verify", "certificates are always verified; `ca_file` or `pin_sha256` say which to trust"),
        ("insecure", "certificates are always verified; `ca_file` or `pin_sha256` say which to trust"),
        ("max_connections", "write `connections`"),
        ("timeout", "write `timeouts: { connect: 15s, reply: 60s, data: 60s }`"),
        ("type", "the key above already says it: `ftp: { … }`"),
        ("name", "a server's name is its key"),
    ],
};

/// The keys of `timeouts`.
pub const TIMEOUTS: Table = Table {
    name: "timeouts",
    keys: &[default("connect", "15s"), default("reply", "60s"), default("data", "60s")],
    moved: &[("control", "write `reply`"), ("read", "write `data`")],
};

pub(super) const TLS: &[(&str, Meaning<FtpTls>)] =
    &[("explicit", Built(FtpTls::Explicit)), ("implicit", Built(FtpTls::Implicit)), ("none", Built(FtpTls::None))];
pub(super) const TLS_MAX: &[(&str, Meaning<TlsVersion>)] =
    &[("1.2", Built(TlsVersion::V1_2)), ("1.3", Built(TlsVersion::V1_3))];
pub(super) const MODE: &[(&str, Meaning<Mode>)] = &[("passive", Built(Mode::Passive)), ("active", Built(Mode::Active))];
pub(super) const PASSIVE_ADDRESS: &[(&str, Meaning<PassiveAddress>)] =
    &[("same_host", Built(PassiveAddress::SameHost)), ("as_told", Built(PassiveAddress::AsTold))];
pub(super) const UPLOAD_AS: &[(&str, Meaning<UploadAs>)] =
    &[("temporary_name", Built(UploadAs::TemporaryName)), ("final_name", Built(UploadAs::FinalName))];
pub(super) const PATH_STYLE: &[(&str, Meaning<()>)] = &[
    ("auto", Built(())),
    ("unix", Built(())),
    ("dos", Meaning::NotYet("this version writes paths with `/`")),
    ("vms", Meaning::NotYet("this version writes paths with `/`")),
];
