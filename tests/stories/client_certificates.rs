//! A server that lets in only who shows a certificate of its own.

use crate::support::{
    check,
    endpoint::Endpoint,
    gateway::{AT_ONCE, Gateway},
    ledger::Ledger,
    servers::{ClientCertificate, ServerKind, ServerOptions, Tls, TlsVersions},
};

const TRIES: &str = "SELECT sum(tries) + sum(counted_tries) FROM jobs";

async fn none_and_then_the_right_one(kind: ServerKind, tls_versions: TlsVersions) {
    // TLS 1.2 has no word of its own for it.
    let (tls_max, says) = match tls_versions {
        TlsVersions::Only1_2 => ("1.2", "may ask for a certificate of ours, `client_certificate` and `client_key`"),
        TlsVersions::Only1_3 | TlsVersions::Both => ("1.3", "asks for a certificate of ours"),
    };
    let client_certificate = ClientCertificate::Demanded;
    let options = ServerOptions { tls: Tls::Explicit, tls_versions, client_certificate, ..ServerOptions::default() };
    let Some(server) = kind.start(options) else { return };
    let nobody = Endpoint::from(&server).line(&format!("tls_max: \"{tls_max}\""));
    let gateway = Gateway::with(&[("offsite", &nobody)]);
    gateway.rule("files", "", AT_ONCE, "then: [{ upload: { to: offsite } }]");
    gateway.fill(10, |number| number * 700);
    assert_eq!(gateway.code("once"), 4);
    let mut ledger = Ledger::open(&gateway).await;
    assert_eq!(ledger.states().await, ["queued 10"]);
    assert_eq!(ledger.count(TRIES).await, 0, "it is the server's trouble and no job's");
    assert_eq!(ledger.count("SELECT count(*) FROM lanes WHERE state = 'closed' AND kind = 'tls'").await, 1);
    let status = gateway.run(&["status"]);
    let said = String::from_utf8_lossy(&status.stdout);
    assert!(said.contains(says), "{said}");

    let client = server.client_certificate.as_ref().unwrap();
    let somebody = nobody
        .line(&format!("client_certificate: {}", client.certificate.display()))
        .line(&format!("client_key: {{ file: {} }}", client.key.display()));
    gateway.servers(&[("offsite", &somebody)]);
    let output = gateway.run(&["once"]);
    assert!(output.status.success(), "{output:?}");
    check::all_delivered(&gateway, &server).await;
}

#[tokio::test]
async fn vsftpd_with_tls_1_2() {
    none_and_then_the_right_one(ServerKind::Vsftpd, TlsVersions::Only1_2).await;
}

#[tokio::test]
async fn vsftpd_with_tls_1_3_as_far_as_it_holds() {
    none_and_then_the_right_one(ServerKind::Vsftpd, TlsVersions::Both).await;
}

#[tokio::test]
async fn proftpd_with_tls_1_2() {
    none_and_then_the_right_one(ServerKind::ProFtpd, TlsVersions::Only1_2).await;
}

#[tokio::test]
async fn proftpd_with_tls_1_3_as_far_as_it_holds() {
    none_and_then_the_right_one(ServerKind::ProFtpd, TlsVersions::Both).await;
}
