//! Pure-FTPd with one virtual user.

use super::{
    ClientCertificate, Limits, RenameOver, ServerOptions, SessionReuse, SetTime, TestServer, Tls, TlsVersions, Writes,
    proftpd, unpacked,
};
use crate::support::program::{Program, Start, as_root, remove_as_root};
use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, process::Command};

/// Removes what it stored, where only it may.
pub fn clean(server: &TestServer) {
    remove_as_root(&server.root);
}

pub fn offers(options: &ServerOptions) -> bool {
    // No implicit TLS, no authority for clients' certificates, and no switch for the others.
    options.tls != Tls::Implicit
        && options.client_certificate == ClientCertificate::NotAsked
        && options.session_reuse == SessionReuse::AsShipped
        && options.writes == Writes::Allowed
        && options.rename_over == RenameOver::Replaces
        && options.set_time == SetTime::AsShipped
}

pub fn start(server: &TestServer) -> Program {
    let home = server.home.path();
    let hash = proftpd::sha512_crypt(server.password);
    // It serves nobody as root: files belong to "nobody", and the folder is open to it.
    let line = format!("{}:{hash}:65534:65534::{}/./::::::::::::\n", server.user, server.root.display());
    fs::set_permissions(&server.root, fs::Permissions::from_mode(0o777)).unwrap();
    fs::write(home.join("users"), line).unwrap();
    let made = Command::new(unpacked::root().join("usr/bin/pure-pw"))
        .arg("mkdb")
        .arg(home.join("users.pdb"))
        .arg("-f")
        .arg(home.join("users"))
        .env("LD_LIBRARY_PATH", unpacked::libraries())
        .status();
    assert!(made.unwrap().success(), "pure-pw mkdb");

    let versions = home.join("openssl.cnf");
    let (minimum, maximum) = match server.options.tls_versions {
        TlsVersions::Only1_2 => ("TLSv1.2", "TLSv1.2"),
        TlsVersions::Only1_3 => ("TLSv1.3", "TLSv1.3"),
        TlsVersions::Both => ("TLSv1.2", "TLSv1.3"),
    };
    fs::write(&versions, unpacked::openssl_configuration(minimum, maximum)).unwrap();
    Program::start(&Start {
        wrapped_in: as_root(),
        program: &unpacked::root().join("usr/sbin/pure-ftpd"),
        arguments: arguments(server),
        environment: BTreeMap::from([
            ("LD_LIBRARY_PATH", unpacked::libraries()),
            ("OPENSSL_CONF", versions.display().to_string()),
        ]),
        log: &home.join("printed"),
        port: server.port,
    })
}

fn arguments(server: &TestServer) -> Vec<String> {
    let home = server.home.path().display();
    let passive = server.ports.passive();
    let mut arguments = vec![
        format!("--bind=127.0.0.1,{}", server.port),
        format!("--login=puredb:{home}/users.pdb"),
        format!("--passiveportrange={}:{}", passive.start(), passive.end()),
        format!("--pidfile={home}/pid"),
        format!("--altlog=clf:{home}/transfers.log"),
        "--noanonymous".into(),
        "--dontresolve".into(),
        "--minuid=1".into(),
        "--displaydotfiles".into(),
    ];
    let (clients, per_host) = match server.options.limits {
        Limits::Wide => (60, 60),
        Limits::Clients(most) => (most, 60),
        Limits::PerHost(most) => (60, most),
    };
    arguments.push(format!("--maxclientsnumber={clients}"));
    arguments.push(format!("--maxclientsperip={per_host}"));
    if let Some(files) = &server.certificate {
        // 3: neither login nor data without TLS.
        arguments.push("--tls=3".into());
        arguments.push(format!("--certfile={}", files.both.display()));
    }
    arguments
}
