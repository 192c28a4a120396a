//! ESMTP as far as a client of ours speaks it (RFC 5321), and strictly: only CRLF.CRLF ends a message.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::timeout,
};
use tokio_util::task::AbortOnDropHandle;

/// Bytes of a command line with its end.
const LONGEST_LINE: u64 = 4096;
/// Bytes of a message.
const LARGEST: usize = 32 * 1024 * 1024;
/// For the next command.
const PATIENCE: Duration = Duration::from_secs(300);

/// One message as it was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// What stood in `MAIL FROM:<…>`.
    pub from: String,
    pub recipients: Vec<String>,
    /// Without the dots that transparency added.
    pub message: Vec<u8>,
}

/// A listening sink; dropped, it is gone.
#[derive(Debug)]
pub struct Sink {
    pub address: SocketAddr,
    _serving: AbortOnDropHandle<()>,
}

impl Sink {
    /// Listens on a free port of this machine. Every message goes to `received`.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn start(received: mpsc::UnboundedSender<Received>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let serving = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let received = received.clone();
                tokio::spawn(async move {
                    let _ = Visit::new(connection).serve(&received).await; // a client that hangs up has done so
                });
            }
        });
        Ok(Self { address, _serving: AbortOnDropHandle::new(serving) })
    }
}

struct Visit {
    connection: BufReader<TcpStream>,
    from: Option<String>,
    recipients: Vec<String>,
}

impl Visit {
    fn new(connection: TcpStream) -> Self {
        Self { connection: BufReader::new(connection), from: None, recipients: Vec::new() }
    }

    async fn serve(mut self, received: &mpsc::UnboundedSender<Received>) -> io::Result<()> {
        self.say("220 sink.localhost ESMTP").await?;
        loop {
            let line = timeout(PATIENCE, self.line()).await.map_err(|_| io::ErrorKind::TimedOut)??;
            let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
            let reply = match verb.to_ascii_uppercase().as_str() {
                "EHLO" => "250-sink.localhost\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 33554432",
                "HELO" | "NOOP" => "250 Ok",
                "MAIL" if self.from.is_some() => "503 5.5.1 One sender a message",
                "MAIL" => {
                    self.from = Some(address(rest));
                    "250 2.1.0 Ok"
                }
                "RCPT" if self.from.is_none() => "503 5.5.1 MAIL comes first",
                "RCPT" => {
                    self.recipients.push(address(rest));
                    "250 2.1.5 Ok"
                }
                "DATA" if self.recipients.is_empty() => "503 5.5.1 RCPT comes first",
                "DATA" => {
                    self.say("354 End with CRLF.CRLF").await?;
                    let message = self.message().await?;
                    let (from, recipients) =
                        (self.from.take().unwrap_or_default(), std::mem::take(&mut self.recipients));
                    let _ = received.send(Received { from, recipients, message }); // whoever looked has gone
                    "250 2.0.0 Accepted"
                }
                "RSET" => {
                    (self.from, self.recipients) = (None, Vec::new());
                    "250 Ok"
                }
                "QUIT" => return self.say("221 2.0.0 Bye").await,
                _ => "500 5.5.2 Unknown",
            };
            self.say(reply).await?;
        }
    }

    async fn say(&mut self, reply: &str) -> io::Result<()> {
        self.connection.get_mut().write_all(format!("{reply}\r\n").as_bytes()).await
    }

    /// A command without its CRLF.
    async fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        (&mut self.connection).take(LONGEST_LINE).read_until(b'\n', &mut line).await?;
        let line = line.strip_suffix(b"\r\n").ok_or(io::ErrorKind::InvalidData)?;
        Ok(String::from_utf8_lossy(line).into_owned())
    }

    /// The message to its end. A line that ends in LF alone is no line.
    async fn message(&mut self) -> io::Result<Vec<u8>> {
        let mut message: Vec<u8> = Vec::new();
        loop {
            let start = message.len();
            let room = (LARGEST - start) as u64;
            (&mut self.connection).take(room).read_until(b'\n', &mut message).await?;
            if !message.ends_with(b"\n") {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let begins_a_line = start == 0 || message[..start].ends_with(b"\r\n");
            if begins_a_line && message[start..] == *b".\r\n" {
                message.truncate(start);
                return Ok(message);
            }
            if begins_a_line && message[start] == b'.' {
                message.remove(start);
            }
        }
    }
}

/// What stands in the first angle brackets.
fn address(text: &str) -> String {
    let inside = text.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or(text, |(address, _)| address).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn taken(said: &[u8]) -> Option<Received> {
        let (sender, mut received) = mpsc::unbounded_channel();
        let sink = Sink::start(sender).await.unwrap();
        let mut client = TcpStream::connect(sink.address).await.unwrap();
        client.write_all(said).await.unwrap();
        let mut answers = Vec::new();
        client.read_to_end(&mut answers).await.unwrap();
        received.try_recv().ok()
    }

    #[tokio::test]
    async fn a_message_ends_at_crlf_dot_crlf_and_nowhere_else() {
        let begin = "EHLO x\r\nMAIL FROM:<a@b> SIZE=3\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nDATA\r\n";
        for (body, message) in [
            ("hello\r\n.\r\n", "hello\r\n"),
            ("..hello\r\n..\r\n.\r\n", ".hello\r\n.\r\n"),
            ("a\n.\r\nb\r\n.\r\n", "a\n.\r\nb\r\n"),
            ("a\n.\nb\r\n.\r\n", "a\n.\nb\r\n"),
            (".\r\n", ""),
        ] {
            let received = taken(format!("{begin}{body}QUIT\r\n").as_bytes()).await.unwrap();
            assert_eq!(received.message, message.as_bytes(), "{body:?}");
            assert_eq!(
                (received.from.as_str(), received.recipients),
                ("a@b", vec!["c@d".to_owned(), "e@f".to_owned()])
            );
        }
        assert_eq!(taken(b"DATA\r\nRCPT TO:<c@d>\r\nQUIT\r\n").await, None);
    }
}
