//! The scripted server itself: right when it shall be right, and wrong exactly as scripted.

mod data;
mod replies;
mod tls;

use crate::support::{
    raw_ftp::{RawFtp, Reply},
    scripted_ftp::{Fault, Script, ScriptedFtp},
    servers::RenameOver,
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
    assert_eq!(code(client.command("DELE a/x")), 250);
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
