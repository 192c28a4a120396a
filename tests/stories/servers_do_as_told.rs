//! The harness itself: what a story wishes of a server, the server does.

use crate::support::{
    certificates::Shown,
    raw_ftp::{RawFtp, Resume},
    servers::{
        Limits, RenameOver, ServerKind, ServerOptions, SessionReuse, SetTime, TestServer, Tls, TlsVersions, Writes,
    },
};

fn each(options: &ServerOptions, mut look: impl FnMut(&TestServer)) {
    for kind in ServerKind::ALL.into_iter().filter(|kind| kind.offers(options)) {
        if let Some(server) = kind.start(options.clone()) {
            look(&server);
        }
    }
}

#[tokio::test]
async fn a_wrong_password_is_refused() {
    each(&ServerOptions::default(), |server| {
        let (mut client, _) = RawFtp::connect(server.port).unwrap();
        assert_eq!(client.login(server.user, "guess").unwrap().code, 530, "{:?}", server.kind);
    });
}

#[tokio::test]
async fn one_connection_too_many_is_sent_away() {
    for limits in [Limits::Clients(1), Limits::PerHost(1)] {
        each(&ServerOptions { limits, ..ServerOptions::default() }, |server| {
            let first = server.session();
            let told = match RawFtp::connect(server.port) {
                Ok((mut second, greeting)) if greeting.code == 220 => {
                    second.login(server.user, server.password).map(|reply| reply.code).unwrap_or_default()
                }
                Ok((_, greeting)) => greeting.code,
                Err(_) => 0,
            };
            // ProFTPD says it in its own words: with another code, and for all clients only after the password.
            let expected = if server.kind == ServerKind::ProFtpd { 530 } else { 421 };
            assert_eq!(told, expected, "{:?} {limits:?}", server.kind);
            drop(first);
        });
    }
}

#[tokio::test]
async fn writes_are_refused_where_told() {
    each(&ServerOptions { writes: Writes::Refused, ..ServerOptions::default() }, |server| {
        let refused = server.session().store("x", b"1").unwrap();
        assert_eq!(refused.code, 550, "{:?}", server.kind);
    });
}

#[tokio::test]
async fn a_rename_replaces_or_is_refused() {
    for rename_over in [RenameOver::Replaces, RenameOver::Refused] {
        each(&ServerOptions { rename_over, ..ServerOptions::default() }, |server| {
            std::fs::write(server.root.join("x"), b"old").unwrap();
            let mut client = server.session();
            assert_eq!(client.store("x.part", b"new").unwrap().code, 226, "{:?}", server.kind);
            assert_eq!(client.command("RNFR x.part").unwrap().code, 350, "{:?}", server.kind);
            let code = client.command("RNTO x").unwrap().code;
            let now = std::fs::read(server.root.join("x")).unwrap();
            match rename_over {
                RenameOver::Replaces => assert_eq!((code, now.as_slice()), (250, &b"new"[..]), "{:?}", server.kind),
                RenameOver::Refused => assert_eq!((code, now.as_slice()), (550, &b"old"[..]), "{:?}", server.kind),
            }
        });
    }
}

#[tokio::test]
async fn times_are_set_or_not() {
    for set_time in [SetTime::AsShipped, SetTime::Refused] {
        each(&ServerOptions { set_time, ..ServerOptions::default() }, |server| {
            let mut client = server.session();
            assert_eq!(client.store("x", b"1").unwrap().code, 226, "{:?}", server.kind);
            let verb = if server.kind == ServerKind::Vsftpd { "MDTM" } else { "MFMT" };
            client.command(&format!("{verb} 20200102030405 x")).unwrap();
            let is_set = client.command("MDTM x").unwrap().text == "213 20200102030405";
            let can = set_time == SetTime::AsShipped && server.kind != ServerKind::Embedded;
            assert_eq!(is_set, can, "{:?} {set_time:?}", server.kind);
        });
    }
}

#[tokio::test]
async fn tls_sessions_must_be_reused_where_the_server_ships_so() {
    let shipped = ServerOptions { tls: Tls::Explicit, ..ServerOptions::default() };
    let lenient = ServerOptions { session_reuse: SessionReuse::NotRequired, ..shipped.clone() };
    for (options, resume, works) in [
        (&shipped, Resume::Sessions, [true; 4]),
        (&shipped, Resume::Never, [false, false, true, true]),
        (&lenient, Resume::Never, [true, true, true, true]),
    ] {
        each(options, |server| {
            let ca = &server.certificate.as_ref().unwrap().ca;
            let (mut client, _) = RawFtp::connect(server.port).unwrap();
            client.resume(resume);
            client.secure(ca).unwrap();
            assert_eq!(client.login(server.user, server.password).unwrap().code, 230);
            let has_worked = client.store("x", b"1").is_ok_and(|reply| reply.code == 226);
            assert_eq!(has_worked, works[server.kind as usize], "{:?} {resume:?}", server.kind);
        });
    }
}

#[tokio::test]
async fn only_the_chosen_tls_versions_are_spoken() {
    for tls_versions in [TlsVersions::Only1_2, TlsVersions::Only1_3, TlsVersions::Both] {
        each(&ServerOptions { tls: Tls::Explicit, tls_versions, ..ServerOptions::default() }, |server| {
            let (mut client, _) = RawFtp::connect(server.port).unwrap();
            let files = server.certificate.as_ref().unwrap();
            client.secure(&files.ca).unwrap();
            assert_eq!(client.shown_sha256(), Some(files.sha256), "{:?}", server.kind);
            let expected = match tls_versions {
                TlsVersions::Only1_2 => "TLSv1_2",
                TlsVersions::Only1_3 | TlsVersions::Both => "TLSv1_3",
            };
            assert_eq!(client.tls_version().as_deref(), Some(expected), "{:?}", server.kind);
        });
    }
}

#[tokio::test]
async fn bad_certificates_are_shown_where_told() {
    for certificate in [Shown::WrongName, Shown::UnknownAuthority, Shown::Expired, Shown::SelfSigned] {
        each(&ServerOptions { tls: Tls::Explicit, certificate, ..ServerOptions::default() }, |server| {
            let (mut client, _) = RawFtp::connect(server.port).unwrap();
            let refused = client.secure(&server.certificate.as_ref().unwrap().ca);
            assert!(refused.is_err(), "{:?} {certificate:?}", server.kind);
        });
    }
}
