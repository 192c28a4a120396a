//! The product's own embedded server.

use super::{
    ClientCertificate, Limits, RenameOver, ServerOptions, SessionReuse, SetTime, TestServer, Tls, TlsVersions, Writes,
};
use crate::support::certificates::CertificateFiles;
use packetboat::{
    config::{Secret, TlsVersion},
    ftp::server::{EmbeddedServer, EmbeddedServerOptions, EmbeddedTls, Running, ServerTls},
};

pub fn offers(options: &ServerOptions) -> bool {
    options.tls_versions != TlsVersions::Only1_3
        && options.client_certificate == ClientCertificate::NotAsked
        && options.session_reuse == SessionReuse::AsShipped
        && options.limits == Limits::Wide
        && options.writes == Writes::Allowed
        && options.rename_over == RenameOver::Replaces
        // It knows no way to set a time.
        && options.set_time == SetTime::AsShipped
}

pub fn start(server: &TestServer) -> Running {
    let max = match server.options.tls_versions {
        TlsVersions::Only1_2 => TlsVersion::V1_2,
        TlsVersions::Only1_3 | TlsVersions::Both => TlsVersion::V1_3,
    };
    let files =
        |files: &CertificateFiles| ServerTls { certificate: files.certificate.clone(), key: files.key.clone(), max };
    let tls = match (server.tls, server.certificate.as_ref().map(files)) {
        (Tls::Explicit, Some(tls)) => EmbeddedTls::Explicit(tls),
        (Tls::Implicit, Some(tls)) => EmbeddedTls::Implicit(tls),
        _ => EmbeddedTls::None,
    };
    EmbeddedServer::start(EmbeddedServerOptions {
        root: server.root.clone(),
        user: server.user.to_owned(),
        password: Secret::new(server.password),
        tls,
        port: server.port,
        passive_ports: Some(server.ports.passive()),
    })
    .unwrap()
}
