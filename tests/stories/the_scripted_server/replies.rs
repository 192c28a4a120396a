//! Replies and greetings that go wrong.

use super::{SILENCE, code, login, start};
use crate::support::{
    raw_ftp::RawFtp,
    scripted_ftp::{
        Action::{self, *},
        Lost, Script, ScriptedFtp, once,
    },
    wait,
};
use std::{io, time::Duration};

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
        let (_server, mut client) = start([once("NOOP", 1, action.clone())]);
        client.patience(SILENCE);
        let error = client.command("NOOP").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "{action:?}");
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
    wait::until("the next is let in", Duration::from_secs(5), || {
        RawFtp::connect(server.port).is_ok_and(|(_, greeting)| greeting.code == 220)
    });
}
