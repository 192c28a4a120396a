//! The scripted server itself: right when it shall be right, and wrong exactly as scripted.

use crate::support::{
    certificates::Shown,
    raw_ftp::{RawFtp, Reply},
    scripted_ftp::{
        Action::{self, *},
        Canary, Fault, Lost, RenameOver, Resumption, Script, ScriptedFtp, always, once,
    },
    servers::Tls,
    wait,
    walk::sha256,
};
use std::{io, time::Duration};

/// How long a test waits to be sure that nothing comes.
const SILENCE: Duration = Duration::from_millis(150);

fn login(server: &ScriptedFtp) -> RawFtp {
    let ca = server.certificate.as_ref().map(|files| files.ca.as_path());
    let (mut client, greeting) = RawFtp::connect(server.port).unwrap();
    assert_eq!(greeting.code, 220);
    if let Some(ca) = ca {
        assert_eq!(client.secure(ca).unwrap().code, 200);
    }
    assert_eq!(client.login(server.user, server.password).unwrap().code, 230);
    client
}

fn start(faults: impl Into<Vec<Fault>>) -> (ScriptedFtp, RawFtp) {
    let server = ScriptedFtp::start(Script::with(faults));
    let client = login(&server);
    (server, client)
}

fn code(reply: io::Result<Reply>) -> u16 {
    reply.unwrap().code
}

fn stored(server: &ScriptedFtp, path: &str) -> Option<Vec<u8>> {
    server.files().get(path.as_bytes()).cloned()
}

#[test]
fn without_a_script_it_is_a_correct_server() {
    let server = ScriptedFtp::start(Script::default().and(&["HASH", "XCRC", "XSHA256"]));
    let mut client = login(&server);
    assert_eq!(code(client.command("MKD a")), 257);
    assert_eq!(code(client.command("MKD a")), 550);
    assert_eq!(code(client.store("a/x.part", b"0123456789")), 226);
    assert_eq!(client.command("SIZE a/x.part").unwrap().text, "213 10");
    assert_eq!(code(client.command("REST 4")), 350);
    assert_eq!(code(client.store("a/x.part", b"abc")), 226);
    assert_eq!(stored(&server, "a/x.part").unwrap(), b"0123abc");
    assert_eq!(code(client.command("MFMT 20200102030405 a/x.part")), 213);
    assert_eq!(client.command("MDTM a/x.part").unwrap().text, "213 20200102030405");
    assert_eq!(code(client.command("RNFR a/x.part")), 350);
    assert_eq!(code(client.command("RNTO a/x")), 250);
    assert!(client.command("MLST a/x").unwrap().text.contains("type=file;size=7;modify=20200102030405; /a/x"));
    let sha256: String = sha256(b"0123abc").iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(client.command("HASH a/x").unwrap().text, format!("213 SHA-256 0-7 {sha256} a/x"));
    assert_eq!(client.command("XSHA256 a/x").unwrap().text, format!("250 {sha256}"));
    assert_eq!(client.command("XCRC a/x").unwrap().text, format!("250 {:08X}", crc32fast::hash(b"0123abc")));
    let (listing, reply) = client.fetch("LIST a").unwrap();
    assert_eq!(reply.code, 226);
    assert!(String::from_utf8(listing).unwrap().ends_with(" x\r\n"));
    assert_eq!(client.fetch("RETR a/x").unwrap().0, b"0123abc");
    assert_eq!(client.fetch("MLSD a").unwrap().0, b"type=file;size=7;modify=20200102030405; x\r\n");
    assert_eq!(code(client.store("nowhere/x", b"")), 553);
    assert_eq!(code(client.command("RMD a")), 550);
    assert_eq!(code(client.command("DELE a/x")), 250);
    assert_eq!(code(client.command("RMD a")), 250);
    assert_eq!(code(client.command("QUIT")), 221);
    assert!(client.reply().is_err());
    assert!(server.files().is_empty());
    assert_eq!(server.dialogue()[..4], ["USER packet", "PASS b0at", "TYPE I", "MKD a"]);
}

#[test]
fn it_lets_nobody_in_without_the_password() {
    let server = ScriptedFtp::start(Script::default());
    let (mut client, _) = RawFtp::connect(server.port).unwrap();
    assert_eq!(code(client.command("PWD")), 530);
    assert_eq!(code(client.login(server.user, "guess")), 530);
}

#[test]
fn a_transfer_of_type_a_rewrites_line_ends() {
    let (server, mut client) = start([]);
    client.command("TYPE A").unwrap();
    assert_eq!(code(client.store("x", b"1\r\n2\r3\n")), 226);
    assert_eq!(stored(&server, "x").unwrap(), b"1\n2\r3\n");
}

#[test]
fn it_can_lack_features() {
    let server = ScriptedFtp::start(Script::default().without(&["EPSV", "SIZE", "MFMT", "MLST"]));
    let mut client = login(&server);
    for command in ["EPSV", "SIZE x", "MFMT 20200102030405 x", "MLST x", "MLSD"] {
        assert_eq!(code(client.command(command)), 500, "{command}");
    }
    let features = client.command("FEAT").unwrap().text;
    assert!(!features.contains("SIZE") && features.contains("MDTM"), "{features}");
}

#[test]
fn it_refuses_to_rename_over_a_file_if_told_so() {
    let server = ScriptedFtp::start(Script { rename_over: RenameOver::Refused, ..Script::default() });
    server.put("x", b"old");
    server.put("x.part", b"new");
    let mut client = login(&server);
    client.command("RNFR x.part").unwrap();
    assert_eq!(code(client.command("RNTO x")), 550);
    assert_eq!(stored(&server, "x").unwrap(), b"old");
}

#[test]
fn replies_go_wrong_as_scripted() {
    // What NOOP is answered with; `None`: the connection ends.
    let cases: [(Action, Option<&str>); 11] = [
        (Instead("502 No"), Some("502 No")),
        (InsteadSay("502 No".into()), Some("502 No")),
        (InsteadRaw(b"200 a\r\n200 b\r\n".to_vec()), Some("200 a")),
        (Bye("421 Too many"), Some("421 Too many")),
        (Close, None),
        (Reset, None),
        (Say("250 Other"), Some("250 Other")),
        (Lose(Lost::ThenClose), None),
        (Twice, Some("200 Still here")),
        (Dribble, Some("200 Still here")),
        (Before(b"150 spurious\r\n".to_vec()), Some("150 spurious")),
    ];
    for (action, expected) in cases {
        let (server, mut client) = start([once("NOOP", 1, action.clone())]);
        let reply = client.command("NOOP").ok().map(|reply| reply.text);
        assert_eq!(reply.as_deref(), expected, "{action:?}");
        match action {
            Bye(_) => assert!(client.reply().is_err(), "{action:?}"),
            InsteadRaw(_) | Twice | Before(_) => assert_eq!(client.reply().unwrap().code, 200, "{action:?}"),
            _ => {}
        }
        drop(client);
        assert_eq!(server.connections(), 1);
    }
}

#[test]
fn it_hangs_where_scripted() {
    for action in [Hang, Lose(Lost::ThenHang)] {
        let (server, mut client) = start([once("NOOP", 1, action.clone())]);
        client.patience(SILENCE);
        let error = client.command("NOOP").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "{action:?}");
        assert_eq!(server.open_connections(), 1, "{action:?}");
    }
}

#[test]
fn a_late_reply_comes_with_the_next_command() {
    let (_server, mut client) = start([once("NOOP", 1, Late)]);
    client.patience(SILENCE);
    assert!(client.command("NOOP").is_err());
    assert_eq!(code(client.command("PWD")), 200);
    assert_eq!(code(client.reply()), 257);
}

#[test]
fn endless_replies_do_not_end() {
    for (action, start_of_it) in [(EndlessLine, "2222"), (EndlessMultiline, "220-")] {
        let (_server, mut client) = start([once("NOOP", 1, action)]);
        client.send(b"NOOP\r\n").unwrap();
        let bytes = client.read_exactly(1 << 20).unwrap();
        assert!(bytes.starts_with(start_of_it.as_bytes()));
    }
}

#[test]
fn the_greeting_goes_wrong_as_scripted() {
    let server = ScriptedFtp::start(Script::with([
        once("CONNECT", 1, Bye("421 Busy")),
        once("CONNECT", 2, Close),
        once("CONNECT", 3, Reset),
        once("CONNECT", 4, LineFeedOnly),
    ]));
    assert_eq!(RawFtp::connect(server.port).unwrap().1.code, 421);
    assert!(RawFtp::connect(server.port).is_err());
    assert!(RawFtp::connect(server.port).is_err());
    let mut client = RawFtp::silent(server.port).unwrap();
    assert_eq!(client.read_exactly(22).unwrap(), b"220 A scripted server\n");
    assert_eq!(server.connections(), 4);
}

#[test]
fn it_turns_away_more_connections_than_it_likes() {
    let server = ScriptedFtp::start(Script { connections: 1, ..Script::default() });
    let first = login(&server);
    assert_eq!(RawFtp::connect(server.port).unwrap().1.code, 421);
    drop(first);
    wait::until("the first connection ends", Duration::from_secs(5), || server.open_connections() == 0);
    drop(login(&server));
}

#[test]
fn uploads_go_wrong_as_scripted() {
    const SENT: &[u8] = b"line one\nline two\n";
    type Case = (Action, Option<u16>, Option<&'static [u8]>);
    // The last reply (`None`: the connection ends), and what is kept.
    let cases: [Case; 15] = [
        (Instead("552 Disk full"), Some(552), None),
        (Bye("421 Shutting down"), Some(421), None),
        (Say("426 Broken"), Some(426), Some(SENT)),
        (Say("200 Fine"), Some(200), Some(SENT)),
        (Lose(Lost::ThenClose), None, Some(SENT)),
        (Lose(Lost::ThenReset), None, Some(SENT)),
        (KeepLess(1), Some(226), Some(b"line one\nline two")),
        (KeepMore, Some(226), Some(b"line one\nline two\n!")),
        (KeepNothing, Some(226), Some(b"")),
        (KeepAsText, Some(226), Some(b"line one\r\nline two\r\n")),
        (EarlyEnd, Some(226), Some(SENT)),
        (CloseDataAfter(4), Some(426), Some(b"line")),
        (ResetDataAfter(4), Some(426), Some(b"line")),
        (CutAfter(4), None, Some(b"line")),
        (CutAfter(0), None, Some(b"")),
    ];
    for (action, code, kept) in cases {
        let (server, mut client) = start([once("STOR", 1, action.clone())]);
        let reply = client.store("x", SENT).ok().map(|reply| reply.code);
        assert_eq!(reply, code, "{action:?}");
        wait::until(&format!("what {action:?} keeps"), Duration::from_secs(5), || {
            stored(&server, "x").as_deref() == kept
        });
        if code == Some(226) {
            assert_eq!(client.command("NOOP").unwrap().code, 200, "{action:?}: one reply and no more");
        }
    }
}

#[test]
fn uploads_stall_as_scripted() {
    for action in [NeverAccept, StallAfter(4), Lose(Lost::ThenHang)] {
        let (_server, mut client) = start([once("STOR", 1, action.clone())]);
        client.patience(SILENCE);
        let error = client.store("x", b"0123456789").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "{action:?}");
    }
}

#[test]
fn passive_replies_lie_as_scripted() {
    let canary = Canary::listen();
    let server = ScriptedFtp::start(Script::with([
        once("PASV", 1, InsteadSay(canary.pasv())),
        once("PASV", 2, Instead("227 Entering Passive Mode (127,0,0,1,0,0)")),
        once("EPSV", 1, Instead("229 Hello")),
        once("EPSV", 2, NoListener),
    ]));
    let mut client = login(&server);
    assert_eq!(client.command("PASV").unwrap().text, canary.pasv());
    assert_eq!(canary.visitors(), 0);
    std::net::TcpStream::connect(("127.0.0.1", canary.port())).unwrap();
    assert_eq!(canary.visitors(), 1);
    assert!(client.command("PASV").unwrap().text.ends_with(",0,0)"));
    assert_eq!(client.command("EPSV").unwrap().text, "229 Hello");
    assert_eq!(client.data_connection().unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    assert_eq!(server.data_connections(), 0);
}

#[test]
fn downloads_go_wrong_as_scripted() {
    let cases: [(Action, &[u8], u16); 4] = [
        (CloseDataAfter(2), b"01", 426),
        (Serve(b"../x\r\n".to_vec()), b"../x\r\n", 226),
        (Say("451 Later"), b"0123", 451),
        (Instead("550 Gone"), b"", 550),
    ];
    for (action, bytes, code) in cases {
        let (server, mut client) = start([once("RETR", 1, action.clone())]);
        server.put("x", b"0123");
        let (fetched, reply) = client.fetch("RETR x").unwrap();
        assert_eq!((fetched.as_slice(), reply.code), (bytes, code), "{action:?}");
    }
}

#[test]
fn a_download_never_ends_if_scripted() {
    let (server, mut client) = start([once("RETR", 1, ServeEndlessly)]);
    server.put("x", b"0123");
    let mut data = client.data_connection().unwrap();
    assert_eq!(code(client.command("RETR x")), 150);
    io::Read::read_exact(&mut data, &mut vec![0; 1 << 20]).unwrap();
}

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

#[test]
fn it_comes_to_a_client_in_active_mode() {
    let (server, mut client) = start([]);
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    assert_eq!(code(client.command(&format!("EPRT |1|127.0.0.1|{port}|"))), 200);
    client.send(b"STOR x\r\n").unwrap();
    assert_eq!(code(client.reply()), 150);
    let (mut data, _) = listener.accept().unwrap();
    io::Write::write_all(&mut data, b"active").unwrap();
    drop(data);
    assert_eq!(code(client.reply()), 226);
    assert_eq!(stored(&server, "x").unwrap(), b"active");
}
