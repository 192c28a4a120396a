//! TLS of control connections (RFC 4217), in front of libunftp.
//!
//! libunftp 0.24 answers AUTH TLS before it stops reading commands: a client that is quick with its handshake gets
//! "500 Command not implemented" in the middle of it, about every third time on this machine's loopback. It also
//! lets EPSV pass without PROT P, and speaks no implicit TLS. So the handshake happens here, and libunftp gets
//! the decrypted commands over a loopback connection of their own.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

/// Longer commands are no commands.
const LONGEST_LINE: u64 = 8 << 10;
const GREETING: &[u8] = b"220 Packetboat's embedded FTP server\r\n";

/// When TLS begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Handshake {
    /// After AUTH TLS.
    OnRequest,
    /// With the first byte.
    AtOnce,
}

/// Speaks with one client until it leaves; `inner` is libunftp's end.
pub(super) async fn serve(
    mut client: TcpStream,
    inner: TcpStream,
    acceptor: TlsAcceptor,
    handshake: Handshake,
) -> io::Result<()> {
    client.set_nodelay(true)?;
    inner.set_nodelay(true)?;
    let mut inner = BufReader::new(inner);
    if handshake == Handshake::OnRequest {
        if !asks_for_tls(&mut client).await? {
            return Ok(());
        }
        // The client has been greeted by us.
        line(&mut inner).await?;
    }
    let client = acceptor.accept(client).await?;
    relay(client, inner).await
}

/// A connected pair on loopback: ours, and libunftp's.
pub(super) async fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address: SocketAddr = listener.local_addr()?;
    let ours = TcpStream::connect(address).await?;
    loop {
        let (theirs, peer) = listener.accept().await?;
        // Anyone on this machine may have connected meanwhile.
        if peer == ours.local_addr()? {
            return Ok((ours, theirs));
        }
    }
}

/// Greets in plain text and waits for AUTH TLS; `false` when the client leaves instead.
async fn asks_for_tls(client: &mut TcpStream) -> io::Result<bool> {
    client.write_all(GREETING).await?;
    // Byte by byte: what follows AUTH TLS belongs to the handshake, and must not be taken for a command.
    let mut unbuffered = BufReader::with_capacity(1, client);
    loop {
        let Some(command) = line(&mut unbuffered).await? else { return Ok(false) };
        let (answer, next): (&[u8], _) = match words(&command).as_slice() {
            ["AUTH", "TLS" | "TLS-C"] => (b"234 Go ahead with TLS.\r\n", Some(true)),
            ["QUIT", ..] => (b"221 Goodbye.\r\n", Some(false)),
            ["FEAT"] => (b"211-Extensions supported:\r\n AUTH TLS\r\n PBSZ\r\n PROT\r\n211 End\r\n", None),
            ["NOOP"] => (b"200 Still here.\r\n", None),
            ["AUTH", ..] => (b"504 Only AUTH TLS.\r\n", None),
            _ => (b"530 Only with TLS: send AUTH TLS first.\r\n", None),
        };
        unbuffered.get_mut().write_all(answer).await?;
        if let Some(next) = next {
            return Ok(next);
        }
    }
}

/// Passes commands in and replies out, and refuses what would leave the encryption.
async fn relay(client: impl AsyncRead + AsyncWrite, inner: BufReader<TcpStream>) -> io::Result<()> {
    let (from_client, mut to_client) = tokio::io::split(client);
    let mut from_client = BufReader::new(from_client);
    let buffered = inner.buffer().to_owned();
    let (mut from_inner, mut to_inner) = inner.into_inner().into_split();
    to_client.write_all(&buffered).await?;
    to_client.flush().await?;

    let mut reply = vec![0; 4 << 10];
    let mut command = Vec::new();
    let mut data_is_private = false;
    loop {
        let mut limited = (&mut from_client).take(LONGEST_LINE.saturating_sub(command.len() as u64));
        // Both branches may be dropped half-way: `read_until` keeps what it has in `command`.
        tokio::select! {
            read = from_inner.read(&mut reply) => match read? {
                0 => return to_client.shutdown().await,
                read => to_client.write_all(&reply[..read]).await?,
            },
            read = limited.read_until(b'\n', &mut command) => {
                read?;
                if !command.ends_with(b"\n") {
                    return Ok(());
                }
                match refusal(&words(&command), &mut data_is_private) {
                    Some(refusal) => to_client.write_all(refusal).await?,
                    None => to_inner.write_all(&command).await?,
                }
                command.clear();
            }
        }
        to_client.flush().await?;
    }
}

/// Why a command goes no further, if it does not.
fn refusal(command: &[&str], data_is_private: &mut bool) -> Option<&'static [u8]> {
    match command {
        ["PROT", "P"] => *data_is_private = true,
        ["PROT", ..] => return Some(b"536 Data connections are encrypted here: PROT P.\r\n"),
        ["EPSV" | "PASV", ..] if !*data_is_private => return Some(b"522 Send PROT P first.\r\n"),
        ["AUTH", ..] => return Some(b"503 TLS is on already.\r\n"),
        ["CCC", ..] => return Some(b"533 TLS stays on.\r\n"),
        _ => {}
    }
    None
}

/// The words of a command that decide here, in capitals; the text of other commands may be any bytes.
fn words(line: &[u8]) -> Vec<&'static str> {
    const KNOWN: [&str; 11] = ["AUTH", "TLS", "TLS-C", "QUIT", "FEAT", "NOOP", "PROT", "P", "EPSV", "PASV", "CCC"];
    let known = |word: &[u8]| KNOWN.into_iter().find(|known| word.eq_ignore_ascii_case(known.as_bytes()));
    let words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    words.map(|word| known(word).unwrap_or("?")).collect()
}

/// One line; `None` when there is none any more.
async fn line(from: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    from.take(LONGEST_LINE).read_until(b'\n', &mut line).await?;
    Ok(line.ends_with(b"\n").then_some(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_the_encryption() {
        let cases: [(&str, bool, Option<&str>); 9] = [
            ("PROT P", false, None),
            ("prot p", true, None),
            ("PROT C", true, Some("536")),
            ("EPSV", false, Some("522")),
            ("PASV", false, Some("522")),
            ("EPSV", true, None),
            ("CCC", true, Some("533")),
            ("AUTH TLS", true, Some("503")),
            ("STOR AUTH TLS", false, None),
        ];
        for (command, mut is_private, code) in cases {
            let refused = refusal(&words(command.as_bytes()), &mut is_private);
            assert_eq!(refused.map(|reply| std::str::from_utf8(&reply[..3]).unwrap()), code, "{command}");
        }
    }
}
