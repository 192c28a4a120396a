//! The words before lettre: the greeting, and STARTTLS (RFC 3207), read to the byte, because whatever follows the server's consent
//! in the clear was put there by somebody else (CVE-2021-38371 and its kin) and lettre would take it for answers given under TLS.

use crate::smtp::client::{
    Capabilities, Error, Reply,
    reply::{MOST_BYTES, end_of_reply},
};
use std::{io, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Reads the greeting. Returns it as it came.
pub(super) async fn greeting(stream: &mut (impl AsyncRead + Unpin), limit: Duration) -> Result<Vec<u8>, Error> {
    const DOING: &str = "reading the greeting";
    let Received { bytes, is_alone } = read_reply(stream, DOING, limit).await?;
    let reply = Reply::new(&bytes);
    match reply.code {
        220 if is_alone => Ok(bytes),
        220 => Err(Error::Nonsense { doing: DOING, about: "it said more than a greeting".to_owned() }),
        400..=599 => Err(Error::Refused { to: "the connection", reply }),
        _ => Err(Error::Nonsense { doing: DOING, about: reply.to_string() }),
    }
}

/// EHLO in the clear, then the server's consent to TLS. What the server says it can is forgotten: anybody may have said it.
pub(super) async fn ask_for_tls(tcp: &mut TcpStream, helo: &str, limit: Duration) -> Result<(), Error> {
    let reply = ask(tcp, "EHLO", &format!("EHLO {helo}\r\n"), limit).await?;
    if reply.code != 250 {
        return Err(Error::Refused { to: "EHLO", reply });
    }
    if !Capabilities::of(&reply).start_tls {
        return Err(Error::NoStartTls);
    }
    let reply = ask(tcp, "STARTTLS", "STARTTLS\r\n", limit).await?;
    if reply.code != 220 {
        return Err(Error::Refused { to: "STARTTLS", reply });
    }
    Ok(())
}

/// The answer and nothing else.
async fn ask(tcp: &mut TcpStream, doing: &'static str, line: &str, limit: Duration) -> Result<Reply, Error> {
    tcp.write_all(line.as_bytes()).await.map_err(|why| Error::Broken { doing, why })?;
    let Received { bytes, is_alone } = read_reply(tcp, doing, limit).await?;
    if is_alone { Ok(Reply::new(&bytes)) } else { Err(Error::Injected) }
}

struct Received {
    bytes: Vec<u8>,
    /// Nothing came with it.
    is_alone: bool,
}

async fn read_reply(
    stream: &mut (impl AsyncRead + Unpin),
    doing: &'static str,
    limit: Duration,
) -> Result<Received, Error> {
    let read = async {
        let mut bytes = Vec::with_capacity(256);
        loop {
            if let Some(end) = end_of_reply(&bytes) {
                let is_alone = end == bytes.len();
                bytes.truncate(end);
                return Ok(Received { bytes, is_alone });
            }
            if bytes.len() > MOST_BYTES {
                return Err(Error::Nonsense { doing, about: format!("a reply of over {MOST_BYTES} bytes") });
            }
            if stream.read_buf(&mut bytes).await.map_err(|why| Error::Broken { doing, why })? == 0 {
                return Err(Error::Broken { doing, why: io::ErrorKind::UnexpectedEof.into() });
            }
        }
    };
    timeout(limit, read).await.unwrap_or(Err(Error::Silent { doing, after: limit }))
}
