//! Data connections that go wrong, and where they lead.

use super::{SILENCE, code, start, stored};
use crate::support::{
    scripted_ftp::{
        Action::{self, *},
        Lost, once,
    },
    wait,
};
use std::{io, time::Duration};

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
    let elsewhere = "227 Over there (127,0,0,2,1,1)";
    let (_server, mut client) = start([once("PASV", 1, InsteadSay(elsewhere.to_owned())), once("EPSV", 1, NoListener)]);
    assert_eq!(client.command("PASV").unwrap().text, elsewhere);
    assert!(client.command("PASV").unwrap().text.starts_with("227 Entering Passive Mode (127,0,0,1,"));
    assert_eq!(client.data_connection().unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
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
fn it_comes_to_a_client_in_active_mode() {
    let (server, mut client) = start([]);
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    assert_eq!(code(client.command(&format!("PORT 127,0,0,1,{},{}", port >> 8, port & 0xff))), 200);
    client.send(b"STOR x\r\n").unwrap();
    assert_eq!(code(client.reply()), 150);
    let (mut data, _) = listener.accept().unwrap();
    io::Write::write_all(&mut data, b"active").unwrap();
    drop(data);
    assert_eq!(code(client.reply()), 226);
    assert_eq!(stored(&server, "x").unwrap(), b"active");
}
