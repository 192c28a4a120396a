//! The embedded server: a name holds a whole file or nothing, whatever ends an upload.

use crate::support::{
    raw_ftp::RawFtp,
    servers::{ServerKind, ServerOptions, TestServer, Tls},
    wait,
};
use std::{
    fs,
    io::Write,
    net::{Shutdown, TcpStream},
    path::PathBuf,
    time::Duration,
};

const SOON: Duration = Duration::from_secs(5);

fn start() -> TestServer {
    ServerKind::Embedded.start(ServerOptions::default()).unwrap()
}

fn staging(server: &TestServer) -> PathBuf {
    server.root.with_file_name(".root.staging")
}

fn staged(server: &TestServer) -> usize {
    fs::read_dir(staging(server)).unwrap().count()
}

/// An upload of which 400,000 bytes are on their way, and its data connection.
fn half(server: &TestServer, name: &str) -> (RawFtp, TcpStream) {
    let mut client = server.session();
    let mut data = client.data_connection().unwrap();
    assert_eq!(client.command(&format!("STOR {name}")).unwrap().code, 150);
    data.write_all(&[1; 400_000]).unwrap();
    wait::until("the upload grows", SOON, || {
        let mut staged = fs::read_dir(staging(server)).unwrap();
        // One buffer at a time is written.
        staged.any(|entry| entry.unwrap().metadata().unwrap().len() >= 256 << 10)
    });
    (client, data)
}

/// Ends a connection the way a lost machine does.
fn reset(data: TcpStream) {
    let data = tokio::net::TcpStream::from_std({
        data.set_nonblocking(true).unwrap();
        data
    });
    data.unwrap().set_zero_linger().unwrap();
}

#[tokio::test]
async fn nothing_is_under_the_name_until_all_is_there() {
    let server = start();
    fs::write(server.root.join("x"), b"old").unwrap();
    let (mut client, data) = half(&server, "x");
    assert_eq!(fs::read(server.root.join("x")).unwrap(), b"old");
    data.shutdown(Shutdown::Write).unwrap();
    assert_eq!(client.reply().unwrap().code, 226);
    assert_eq!(fs::read(server.root.join("x")).unwrap(), [1; 400_000]);
    assert_eq!(staged(&server), 0);
}

#[tokio::test]
async fn a_broken_upload_leaves_what_was_there() {
    let server = start();
    fs::write(server.root.join("x"), b"old").unwrap();
    let (mut client, data) = half(&server, "x");
    reset(data);
    assert_eq!(client.reply().unwrap().code, 426);
    assert_eq!(fs::read(server.root.join("x")).unwrap(), b"old");
    assert_eq!(staged(&server), 0);
}

#[tokio::test]
async fn an_unplugged_upload_leaves_what_was_there() {
    let mut server = start();
    fs::write(server.root.join("x"), b"old").unwrap();
    let (mut client, data) = half(&server, "x");
    server.unplug().await;
    assert!(client.reply().is_err());
    assert_eq!(fs::read(server.root.join("x")).unwrap(), b"old");
    assert_eq!(staged(&server), 0);
    drop(data);
}

#[tokio::test]
async fn a_cut_part_is_kept_and_resumed() {
    let server = start();
    let (mut client, data) = half(&server, "x.part");
    reset(data);
    assert_eq!(client.reply().unwrap().code, 426);
    let size = client.command("SIZE x.part").unwrap().text;
    let kept: usize = size.strip_prefix("213 ").unwrap().parse().unwrap();
    assert!((256 << 10..=400_000).contains(&kept), "{kept}");
    assert_eq!(client.command(&format!("REST {kept}")).unwrap().code, 350);
    assert_eq!(client.store("x.part", &[2; 1000]).unwrap().code, 226);
    assert_eq!(fs::read(server.root.join("x.part")).unwrap(), [vec![1; kept], vec![2; 1000]].concat());
    assert_eq!(client.command("REST 999999999").unwrap().code, 350);
    assert!(client.store("x.part", b"!").unwrap().code >= 400, "beyond the end is no place to resume");
    assert_eq!(fs::read(server.root.join("x.part")).unwrap().len(), kept + 1000);
}

#[tokio::test]
async fn litter_of_an_earlier_life_is_swept() {
    let mut server = start();
    server.unplug().await;
    fs::write(staging(&server).join("0123"), b"half").unwrap();
    server.plug_in();
    assert_eq!(staged(&server), 0);
}

#[tokio::test]
async fn nobody_leaves_the_root() {
    let server = start();
    fs::write(server.root.with_file_name("outside"), b"secret").unwrap();
    std::os::unix::fs::symlink(server.root.parent().unwrap(), server.root.join("up")).unwrap();
    let mut client = server.session();
    for name in ["../outside", "/../../outside", "up/outside", "a/../../outside"] {
        assert_eq!(client.command(&format!("SIZE {name}")).unwrap().code, 550, "{name}");
    }
    assert_eq!(client.command("CWD up").unwrap().code, 550);
    assert_eq!(client.command("CWD ..").unwrap().code, 250);
    assert_eq!(client.store("../fell", b"1").unwrap().code, 226);
    assert!(server.root.join("fell").exists() && !server.root.with_file_name("fell").exists());
}

#[tokio::test]
async fn it_moves_lists_and_removes() {
    let server = start();
    let mut client = server.session();
    assert_eq!(client.command("MKD a").unwrap().code, 257);
    assert_eq!(client.command("MKD a").unwrap().code, 550);
    assert_eq!(client.store("a/é b.part", b"1").unwrap().code, 226);
    assert_eq!(client.command("RNFR a/é b.part").unwrap().code, 350);
    assert_eq!(client.command("RNTO a/é b").unwrap().code, 250);
    let (listing, _) = client.fetch("MLSD a").unwrap();
    let listing = String::from_utf8(listing).unwrap();
    assert!(listing.starts_with("type=file;size=1;modify=") && listing.ends_with(" é b\r\n"), "{listing}");
    assert_eq!(client.fetch("RETR a/é b").unwrap().0, b"1");
    assert_eq!(client.command("RMD a").unwrap().code, 550);
    assert_eq!(client.command("DELE a/é b").unwrap().code, 250);
    assert_eq!(client.command("RMD a").unwrap().code, 250);
    assert_eq!(fs::read_dir(&server.root).unwrap().count(), 0);
}

#[tokio::test]
async fn with_tls_nothing_goes_in_plain_text() {
    let options = ServerOptions { tls: Tls::Explicit, ..ServerOptions::default() };
    let server = ServerKind::Embedded.start(options).unwrap();
    let (mut client, _) = RawFtp::connect(server.port).unwrap();
    assert_eq!(client.command("USER packet").unwrap().code, 530);
    assert_eq!(client.command("PASS b0at").unwrap().code, 530);
    assert!(client.command("FEAT").unwrap().text.contains("AUTH TLS"));
    client.secure(&server.certificate.as_ref().unwrap().ca).unwrap();
    client.login(server.user, server.password).unwrap();
    assert_eq!(client.command("PROT C").unwrap().code, 536);
    assert_eq!(client.command("CCC").unwrap().code, 533);
    assert_eq!(client.store("x", b"1").unwrap().code, 226);
}
