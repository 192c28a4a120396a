//! The words before TLS: greeting and AUTH TLS (RFC 4217 section 4), read to the byte, because whatever follows the server's
//! consent in the clear was put there by somebody else (CVE-2021-22947 and its kin).

use crate::ftp::client::{Error, Reply, pulse::Pulse};
use std::io;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// More than a greeting or a consent ever takes.
const MOST_BYTES: usize = 16 * 1024;

/// Reads the greeting and gets the server's consent to TLS. Returns the greeting as it came.
pub(super) async fn ask_for_tls(tcp: &mut TcpStream, pulse: &Pulse) -> Result<Vec<u8>, Error> {
    let greeting = read_reply(tcp, "reading the greeting").await?;
    let Received { bytes: greeting, is_alone } = greeting;
    let reply = Reply::new(&greeting);
    if reply.code != 220 {
        return Err(Error::Refused { to: "the connection", reply });
    }
    if !is_alone {
        return Err(Error::Injected);
    }
    pulse.beat();
    let broken = |why| Error::Broken { doing: "asking for TLS", why };
    tcp.write_all(b"AUTH TLS\r\n").await.map_err(broken)?;
    let consent = read_reply(tcp, "asking for TLS").await?;
    let reply = Reply::new(&consent.bytes);
    match reply.code {
        234 if consent.is_alone => Ok(greeting),
        234 => Err(Error::Injected),
        _ => Err(Error::Refused { to: "AUTH TLS", reply }),
    }
}

struct Received {
    bytes: Vec<u8>,
    /// Nothing came with it.
    is_alone: bool,
}

async fn read_reply(tcp: &mut TcpStream, doing: &'static str) -> Result<Received, Error> {
    let broken = |why| Error::Broken { doing, why };
    let mut bytes = Vec::with_capacity(256);
    loop {
        if let Some(end) = end_of_reply(&bytes) {
            let is_alone = end == bytes.len();
            bytes.truncate(end);
            return Ok(Received { bytes, is_alone });
        }
        if bytes.len() > MOST_BYTES {
            return Err(Error::Nonsense { doing, about: Some(format!("over {MOST_BYTES} bytes")) });
        }
        if tcp.read_buf(&mut bytes).await.map_err(broken)? == 0 {
            return Err(broken(io::ErrorKind::UnexpectedEof.into()));
        }
    }
}

/// Where the first reply ends: after the first line of three digits and a blank.
fn end_of_reply(bytes: &[u8]) -> Option<usize> {
    let mut begin = 0;
    for (place, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
        let line = &bytes[begin..=place];
        let is_coded = line.len() > 3 && line[..3].iter().all(u8::is_ascii_digit);
        if is_coded && line[3] != b'-' || begin == 0 && !is_coded {
            return Some(place + 1);
        }
        begin = place + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::end_of_reply;

    #[test]
    fn a_reply_ends_with_the_line_that_says_so() {
        for (bytes, end) in [
            (&b""[..], None),
            (b"220 hel", None),
            (b"220 hello\r\n", Some(11)),
            (b"220\r\n", Some(5)),
            (b"220-hello\r\n", None),
            (b"220-hello\r\n 220 not yet\r\nx\r\n220 now\r\n", Some(37)),
            (b"234 ok\r\n230 logged in\r\n", Some(8)),
            (b"SSH-2.0-OpenSSH\r\n", Some(17)),
        ] {
            assert_eq!(end_of_reply(bytes), end, "{}", bytes.escape_ascii());
        }
    }
}
