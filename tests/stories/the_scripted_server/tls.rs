//! TLS, right and wrong.

use super::{code, login, stored};
use crate::support::{
    certificates::Shown,
    raw_ftp::RawFtp,
    scripted_ftp::{
        Action::{self, *},
        Resumption, Script, ScriptedFtp, always, once,
    },
    servers::Tls,
};
use std::io;

fn encrypted(script: Script) -> ScriptedFtp {
    ScriptedFtp::start(Script { tls: Tls::Explicit, ..script })
}

#[test]
fn it_speaks_tls_and_asks_for_it() {
    for tls in [Tls::Explicit, Tls::Implicit] {
        let server = ScriptedFtp::start(Script { tls, ..Script::default() });
        let ca = server.certificate.as_ref().unwrap().ca.as_path();
        let mut client = match tls {
            Tls::Implicit => RawFtp::connect_tls(server.port, ca).unwrap().0,
            _ => {
                let (mut client, _) = RawFtp::connect(server.port).unwrap();
                assert_eq!(code(client.command("USER packet")), 530);
                client.secure(ca).unwrap();
                client
            }
        };
        assert_eq!(code(client.login(server.user, server.password)), 230);
        assert_eq!(code(client.store("x", b"secret")), 226);
        assert_eq!(stored(&server, "x").unwrap(), b"secret");
    }
}

#[test]
fn it_can_demand_that_data_connections_resume() {
    let server = encrypted(Script { resumption: Resumption::Required, ..Script::default() });
    let mut client = login(&server);
    assert_eq!(code(client.store("x", b"1")), 226);
    let server = encrypted(Script { resumption: Resumption::Required, tickets: 0, ..Script::default() });
    let mut client = login(&server);
    assert_eq!(code(client.store("x", b"1")), 522);
}

#[test]
fn tls_goes_wrong_as_scripted() {
    let cases: [(Shown, Option<Action>, bool); 8] = [
        (Shown::Good, None, true),
        (Shown::Good, Some(Instead("500 What?")), false),
        (Shown::Good, Some(InjectBeforeTls(b"230 You are in\r\n".to_vec())), true),
        (Shown::Good, Some(GarbageForTls), false),
        (Shown::WrongName, None, false),
        (Shown::UnknownAuthority, None, false),
        (Shown::Expired, None, false),
        (Shown::SelfSigned, None, false),
    ];
    for (certificate, action, is_encrypted) in cases {
        let faults = action.iter().map(|action| once("AUTH", 1, action.clone())).collect();
        let server = encrypted(Script { certificate, faults, ..Script::default() });
        let (mut client, _) = RawFtp::connect(server.port).unwrap();
        let secured = client.secure(&server.certificate.as_ref().unwrap().ca);
        // The raw client takes injected bytes for the next reply; that is what they are for.
        let has_worked = secured.is_ok_and(|reply| reply.code == 200);
        assert_eq!(has_worked, is_encrypted, "{certificate:?} {action:?}");
    }
}

#[test]
fn tls_of_data_connections_goes_wrong_as_scripted() {
    let server = encrypted(Script::with([always("STOR", GarbageForDataTls), always("RETR", NoCloseNotify)]));
    let mut client = login(&server);
    assert_eq!(code(client.store("x", b"1")), 425);
    server.put("x", b"1");
    assert_eq!(client.fetch("RETR x").unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
}
