//! The stream below lettre: plain or TLS, with a deadline on every wait, and with the server's own words kept.
//!
//! lettre waits for ever, reads a line without end into memory, parses a reply anew for each of its lines, and takes a reply for
//! broken that ends its lines in LF, has no words (RFC 5321 section 4.2 allows `250` alone) or words that are not UTF-8. So it is
//! handed one line at a time, with the digits alone, and the reply as it came is kept for us. And it writes a message and its end
//! singly, which on most mails doubles what the two ends have to do: a small message is held back for its end.

use crate::smtp::client::reply::{Follows, MOST_BYTES, digits, is_last};
use lettre::transport::smtp::client::AsyncTokioStream;
use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};
use tokio_rustls::client::TlsStream;

/// The longest line of a reply: twice of what RFC 5321 section 4.5.3.1.5 allows, as lettre and Postfix have it.
const MOST_LINE: usize = 1000;

#[derive(Debug)]
pub(super) enum Stream {
    Plain(TcpStream),
    Secure(Box<TlsStream<TcpStream>>),
}

#[derive(Debug)]
pub(super) struct Wire {
    stream: Stream,
    /// As it came, and not yet handed to lettre.
    unread: Vec<u8>,
    /// What is left of the tidy line that lettre is being handed.
    line: Vec<u8>,
    /// Since our last byte, or since the last whole reply: a server that dribbles is as late as one that is mute.
    waiting: Option<Pin<Box<Sleep>>>,
    heard: Arc<Heard>,
}

/// What the server said, as it came, and how long it may take.
#[derive(Debug)]
pub(super) struct Heard(Mutex<Said>);

#[derive(Debug)]
struct Said {
    /// Whole replies that nobody has asked for yet.
    replies: VecDeque<Vec<u8>>,
    /// The lines of a reply that is not yet whole.
    beginning: Vec<u8>,
    /// The next byte of ours may go out only if the server has said nothing since, but for a reply that begins like one of these.
    quiet_but: Option<&'static [&'static [u8]]>,
    limit: Duration,
    /// Goes out before, and with, what is written next.
    held: Vec<u8>,
}

impl Stream {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Self::Secure(tls) => Pin::new(tls).poll_read(cx, buf),
        }
    }
}

impl Wire {
    /// `unread` comes before what the stream has.
    pub(super) fn new(stream: Stream, unread: Vec<u8>, heard: &Arc<Heard>) -> Self {
        Self { stream, unread, line: Vec::new(), waiting: None, heard: Arc::clone(heard) }
    }

    /// Fails what is not ready in time.
    fn in_time<T>(&mut self, polled: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            return polled;
        }
        let limit = self.heard.said().limit;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(limit)));
        waiting.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }

    /// The next line of what is unread, tidied for lettre.
    fn take_line(&mut self) -> bool {
        let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') else { return false };
        let raw: Vec<u8> = self.unread.drain(..=end).collect();
        self.line = tidy(&raw);
        let mut said = self.heard.said();
        said.beginning.extend_from_slice(&raw);
        if is_last(&raw) {
            let reply = std::mem::take(&mut said.beginning);
            said.replies.push_back(reply);
            self.waiting = None;
        }
        true
    }

    /// What the server said unasked would pass for the answer to what we are about to say.
    fn poll_quiet(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let Some(but) = self.heard.said().quiet_but else { return Ok(()) };
        let mut more = [0; 512];
        let mut more = ReadBuf::new(&mut more);
        match self.stream.poll_read(cx, &mut more) {
            Poll::Ready(Ok(())) if more.filled().is_empty() => return Err(io::ErrorKind::UnexpectedEof.into()),
            Poll::Ready(read) => read?,
            Poll::Pending => {}
        }
        self.unread.extend_from_slice(more.filled());
        if !self.unread.is_empty() && !but.iter().any(|reply| self.unread.starts_with(reply)) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it had said more than it was asked"));
        }
        self.heard.said().quiet_but = None;
        Ok(())
    }

    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let too_much = if self.unread.len() > MOST_LINE {
            Some(format!("a line of over {MOST_LINE} bytes"))
        } else if self.heard.said().beginning.len() > MOST_BYTES {
            Some(format!("a reply of over {MOST_BYTES} bytes"))
        } else {
            None
        };
        if let Some(about) = too_much {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, about)));
        }
        let mut more = [0; 4096];
        let mut more = ReadBuf::new(&mut more);
        let polled = self.stream.poll_read(cx, &mut more);
        ready!(self.in_time(polled, cx))?;
        if more.filled().is_empty() {
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        self.unread.extend_from_slice(more.filled());
        Poll::Ready(Ok(()))
    }
}

impl Heard {
    /// `limit` on every wait for the server.
    pub(super) fn new(limit: Duration) -> Self {
        let (replies, beginning, held) = Default::default();
        Self(Mutex::new(Said { replies, beginning, quiet_but: None, limit, held }))
    }

    /// The oldest reply that nobody has asked for, or what there is of one.
    pub(super) fn take(&self) -> Vec<u8> {
        let mut said = self.said();
        said.replies.pop_front().unwrap_or_else(|| std::mem::take(&mut said.beginning))
    }

    /// What is written next fails if the server has said anything that nobody has asked for, but for a reply that begins like one of
    /// `but`.
    pub(super) fn expect_quiet(&self, but: &'static [&'static [u8]]) {
        self.said().quiet_but = Some(but);
    }

    /// And since then nothing of ours has gone out.
    pub(super) fn expects_quiet(&self) -> bool {
        self.said().quiet_but.is_some()
    }

    pub(super) fn limit(&self) -> Duration {
        self.said().limit
    }

    /// From the next wait on.
    pub(super) fn set_limit(&self, limit: Duration) {
        self.said().limit = limit;
    }

    /// Goes out with what is written next.
    pub(super) fn hold(&self, bytes: Vec<u8>) {
        self.said().held = bytes;
    }

    /// How much of what was held back has not gone out.
    pub(super) fn held_bytes(&self) -> usize {
        self.said().held.len()
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The line as lettre takes it, who needs none of its words, but wants some.
fn tidy(raw: &[u8]) -> Vec<u8> {
    match digits(raw) {
        Some((digits, Follows::Line)) => [digits, b"-.\r\n"].concat(),
        Some((digits, Follows::Nothing)) => [digits, b" .\r\n"].concat(),
        None => b"?\r\n".to_vec(),
    }
}

impl AsyncRead for Wire {
    /// Never more than one line, so that what lettre keeps ahead of what it was asked for is nothing.
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let wire = &mut *self;
        while wire.line.is_empty() && !wire.take_line() {
            ready!(wire.poll_more(cx))?;
        }
        let some = wire.line.len().min(buf.remaining());
        buf.put_slice(&wire.line[..some]);
        wire.line.drain(..some);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let wire = &mut *self;
        wire.poll_quiet(cx)?;
        let polled = loop {
            let mut said = wire.heard.said();
            let held = said.held.len();
            let both = [IoSlice::new(&said.held), IoSlice::new(bytes)];
            let polled = match &mut wire.stream {
                Stream::Plain(tcp) => Pin::new(tcp).poll_write_vectored(cx, &both),
                Stream::Secure(tls) => Pin::new(tls).poll_write_vectored(cx, &both),
            };
            match polled {
                Poll::Ready(Ok(some @ 1..)) if some <= held => _ = said.held.drain(..some),
                Poll::Ready(Ok(some)) => {
                    said.held.clear();
                    break Poll::Ready(Ok(some.saturating_sub(held)));
                }
                not => break not,
            }
        };
        if polled.is_ready() {
            wire.waiting = None;
        }
        wire.in_time(polled, cx)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wire = &mut *self;
        let polled = match &mut wire.stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Stream::Secure(tls) => Pin::new(tls).poll_flush(cx),
        };
        if polled.is_ready() {
            wire.waiting = None;
        }
        wire.in_time(polled, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Stream::Secure(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        match &self.stream {
            Stream::Plain(tcp) => tcp.peer_addr(),
            Stream::Secure(tls) => tls.get_ref().0.peer_addr(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lettre::transport::smtp::response::Response;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    /// Our end of a connection, and the server's.
    async fn connected() -> (Wire, Arc<Heard>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ours = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let heard = Arc::new(Heard::new(Duration::from_secs(10)));
        let (theirs, _) = listener.accept().await.unwrap();
        (Wire::new(Stream::Plain(ours), vec![], &heard), heard, theirs)
    }

    async fn say(wire: &mut Wire, text: &[u8]) -> io::Result<()> {
        wire.write_all(text).await?;
        wire.flush().await
    }

    #[tokio::test]
    async fn what_is_held_back_goes_out_with_what_comes_after_it() {
        let (mut wire, heard, mut theirs) = connected().await;
        heard.hold(b"a message".to_vec());
        say(&mut wire, b"\r\n.\r\n").await.unwrap();
        assert_eq!(heard.held_bytes(), 0);
        say(&mut wire, b"QUIT").await.unwrap();
        drop(wire);
        let mut read = String::new();
        theirs.read_to_string(&mut read).await.unwrap();
        assert_eq!(read, "a message\r\n.\r\nQUIT");
    }

    #[tokio::test]
    async fn what_could_not_go_out_stays_held() {
        let (mut wire, heard, theirs) = connected().await;
        heard.hold(b"a message".to_vec());
        theirs.set_zero_linger().unwrap();
        drop(theirs); // with a reset
        let Stream::Plain(ours) = &wire.stream else { panic!("it is plain") };
        ours.readable().await.unwrap();
        say(&mut wire, b"\r\n.\r\n").await.unwrap_err();
        assert_eq!(heard.held_bytes(), 9);
    }

    #[tokio::test]
    async fn what_is_said_unasked_is_heard_before_we_speak() {
        for (unasked, goes_out) in [(&b""[..], true), (b"421 idle\r\n", true), (b"250 late\r\n", false)] {
            let (mut wire, heard, mut theirs) = connected().await;
            theirs.write_all(unasked).await.unwrap();
            if let (Stream::Plain(ours), false) = (&wire.stream, unasked.is_empty()) {
                ours.readable().await.unwrap();
            }
            heard.expect_quiet(&[b"421"]);
            assert_eq!(say(&mut wire, b"NOOP\r\n").await.is_ok(), goes_out, "{}", unasked.escape_ascii());
            assert_eq!(heard.expects_quiet(), !goes_out);
        }
    }

    /// The digits that lettre reads in this reply.
    fn understood(bytes: &[u8]) -> Option<u16> {
        let text = std::str::from_utf8(bytes).ok()?;
        Some(text.parse::<Response>().ok()?.code().into())
    }

    #[test]
    fn lettre_understands_what_servers_say() {
        for (raw, code) in [
            (&b"250 Ok\r\n"[..], 250),
            (b"354 \r\n", 354),
            // What lettre learns to take some day needs no tidying any more.
            (b"250\r\n", 250),
            (b"250 Ok\n", 250),
            (b"550 caf\xe9\r\n", 550),
        ] {
            assert_eq!(understood(&tidy(raw)), Some(code), "{}", raw.escape_ascii());
        }
        assert_eq!(understood(&[tidy(b"250-a\n"), tidy(b"250\r\n")].concat()), Some(250));
        for nonsense in [&b"2500 Ok\r\n"[..], b"25\r\n", b"hello\r\n", b"\r\n"] {
            assert_eq!(understood(&tidy(nonsense)), None, "{}", nonsense.escape_ascii());
        }
    }
}
