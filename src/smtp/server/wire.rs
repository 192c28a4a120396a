//! The bytes between a client and us: lines in, replies out, and messages by DATA or BDAT.

use super::{Dots, Reply, Stray};
use memchr::memchr2;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Bytes of a command line without its CRLF: RFC 5321 section 4.5.3.1.4 has 512, extensions want more, and RFC 4954 section 4.5 12,288.
const LONGEST_LINE: usize = 12_288;
const READ: usize = 16 << 10;

/// A connection with a client.
#[derive(Debug)]
pub struct Wire<S> {
    stream: S,
    /// Read and not taken, from `taken` on.
    read: Vec<u8>,
    taken: usize,
    said: Vec<u8>,
}

/// Why there is no more line.
#[derive(Debug, thiserror::Error)]
pub enum NoLine {
    #[error("the client hung up")]
    Gone,
    #[error("a line ends in CR or LF alone")]
    Stray,
    #[error("a line is longer than {LONGEST_LINE} bytes")]
    Long,
    #[error(transparent)]
    Broken(#[from] io::Error),
}

/// How a message came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Came {
    Whole(Vec<u8>),
    /// It was read to its end, and is none.
    Stray(Stray),
    /// It was read to its end, and there was no room to keep it.
    TooLarge,
    /// The same, and there may be room later.
    NoRoom,
}

/// Room for a message as it grows: `false` where there is none.
pub trait Room {
    /// Bytes that a message may have by now.
    fn grow_to(&mut self, bytes: usize) -> Result<(), Came>;
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub fn new(stream: S) -> Self {
        Self { stream, read: Vec::new(), taken: 0, said: Vec::new() }
    }

    /// The connection itself, where nothing was read ahead.
    ///
    /// # Errors
    /// Bytes that came too early (RFC 3207 section 6, CVE-2011-0411): whoever sent them sent them in clear.
    pub fn into_inner(self) -> Result<S, Early> {
        if self.taken < self.read.len() { Err(Early) } else { Ok(self.stream) }
    }

    /// Whether the client has said more already than was asked for.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.taken < self.read.len()
    }

    /// Says it with the next flush, which comes before the next wait.
    pub fn say(&mut self, reply: &Reply) {
        self.say_raw(&reply.to_string());
    }

    /// The same of lines as they are.
    pub fn say_raw(&mut self, lines: &str) {
        self.said.extend_from_slice(lines.as_bytes());
    }

    /// What was said goes out.
    ///
    /// # Errors
    /// When the connection is broken.
    pub async fn flush(&mut self) -> io::Result<()> {
        if !self.said.is_empty() {
            self.stream.write_all(&self.said).await?;
            self.said.clear();
        }
        self.stream.flush().await
    }

    /// The next line, without its CRLF. May be cancelled.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn line(&mut self) -> Result<Vec<u8>, NoLine> {
        let mut searched = self.taken;
        loop {
            if let Some(at) = memchr2(b'\r', b'\n', &self.read[searched..]) {
                let end = searched + at;
                match (self.read[end], self.read.get(end + 1)) {
                    (b'\r', Some(b'\n')) => {
                        let line = self.read[self.taken..end].to_vec();
                        self.take(end + 2);
                        return Ok(line);
                    }
                    (b'\r', None) => searched = end,
                    _ => return Err(NoLine::Stray),
                }
            } else {
                searched = self.read.len();
            }
            if self.read.len() - self.taken > LONGEST_LINE {
                return Err(NoLine::Long);
            }
            let taken = self.taken;
            self.fill().await?;
            searched -= taken;
        }
    }

    /// The message that follows a DATA that was answered, to its end.
    ///
    /// # Errors
    /// When the connection breaks before that.
    pub async fn data(&mut self, room: &mut impl Room) -> Result<Came, NoLine> {
        let (mut dots, mut message, mut lost) = (Dots::default(), Vec::new(), None);
        loop {
            let end = dots.read(&self.read[self.taken..], &mut message);
            if lost.is_none() {
                lost = room.grow_to(message.len()).err();
            }
            if lost.is_some() {
                message = Vec::new();
            }
            match end {
                Some(end) => {
                    self.take(self.taken + end);
                    return Ok(lost.or(dots.stray().map(Came::Stray)).unwrap_or(Came::Whole(message)));
                }
                None => self.take(self.read.len()),
            }
            self.fill().await?;
        }
    }

    /// The next `size_bytes` of a message, added to `message`; beyond its room they are read and not kept.
    ///
    /// # Errors
    /// When the connection breaks before that.
    pub async fn chunk(
        &mut self,
        size_bytes: u64,
        (message, room): (&mut Vec<u8>, &mut impl Room),
    ) -> Result<Option<Came>, NoLine> {
        let (mut rest, mut lost) = (size_bytes, None);
        while rest > 0 {
            if self.taken == self.read.len() {
                self.fill().await?;
            }
            let there = &self.read[self.taken..];
            let some = there.len().min(usize::try_from(rest).unwrap_or(usize::MAX));
            if lost.is_none() {
                lost = room.grow_to(message.len() + some).err();
            }
            if lost.is_none() {
                message.extend_from_slice(&there[..some]);
            } else {
                *message = Vec::new();
            }
            self.take(self.taken + some);
            rest -= some as u64;
        }
        Ok(lost)
    }

    fn take(&mut self, to: usize) {
        self.taken = to;
        if self.taken == self.read.len() {
            self.read.clear();
            self.taken = 0;
        }
    }

    /// Reads what there is, at least a byte; what was said goes out first.
    async fn fill(&mut self) -> Result<(), NoLine> {
        self.flush().await?;
        self.read.drain(..std::mem::take(&mut self.taken));
        self.read.reserve(READ);
        match self.stream.read_buf(&mut self.read).await? {
            0 => Err(NoLine::Gone),
            _ => Ok(()),
        }
    }
}

/// Bytes came before they were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Early;

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::duplex;

    struct Up(usize);

    impl Room for Up {
        fn grow_to(&mut self, bytes: usize) -> Result<(), Came> {
            if bytes > self.0 { Err(Came::TooLarge) } else { Ok(()) }
        }
    }

    /// A wire whose client says this, in pieces of so many bytes, and hangs up.
    fn wire(says: &[u8], pieces: usize) -> Wire<tokio::io::DuplexStream> {
        let (ours, mut theirs) = duplex(pieces);
        let says = says.to_vec();
        tokio::spawn(async move {
            let _ = theirs.write_all(&says).await; // who reads may have left
            let _ = theirs.shutdown().await;
        });
        Wire::new(ours)
    }

    #[tokio::test]
    async fn lines_and_messages_come_as_they_were_sent_in_whatever_pieces() {
        for pieces in [1, 2, 7, 4096] {
            let mut wire = wire(b"EHLO x\r\nDATA\r\n..a\r\n.\r\nBDAT 5\r\n\r\nab\nNOOP\r\n", pieces);
            assert_eq!(wire.line().await.unwrap(), b"EHLO x");
            assert_eq!(wire.line().await.unwrap(), b"DATA");
            assert_eq!(wire.data(&mut Up(9)).await.unwrap(), Came::Whole(b".a\r\n".to_vec()));
            assert_eq!(wire.line().await.unwrap(), b"BDAT 5");
            let mut message = Vec::new();
            assert_eq!(wire.chunk(5, (&mut message, &mut Up(9))).await.unwrap(), None);
            assert_eq!(message, b"\r\nab\n");
            assert_eq!(wire.line().await.unwrap(), b"NOOP");
            assert!(matches!(wire.line().await, Err(NoLine::Gone)));
        }
    }

    #[tokio::test]
    async fn a_line_that_is_none_ends_the_talk() {
        for says in ["NOOP\nNOOP\r\n", "NOOP\rNOOP\r\n", "\n"] {
            assert!(matches!(wire(says.as_bytes(), 4096).line().await, Err(NoLine::Stray)), "{says:?}");
        }
        let long = "x".repeat(LONGEST_LINE + READ);
        assert!(matches!(wire(long.as_bytes(), 4096).line().await, Err(NoLine::Long)));
    }

    #[tokio::test]
    async fn what_is_too_large_is_read_to_its_end_and_not_kept() {
        let mut data = wire(b"12345678\r\n9\r\n.\r\nNOOP\r\n", 3);
        assert_eq!(data.data(&mut Up(8)).await.unwrap(), Came::TooLarge);
        assert_eq!(data.line().await.unwrap(), b"NOOP");
        let (mut chunk, mut message) = (wire(b"123456789NOOP\r\n", 3), Vec::new());
        assert_eq!(chunk.chunk(9, (&mut message, &mut Up(8))).await.unwrap(), Some(Came::TooLarge));
        assert!(message.is_empty());
        assert_eq!(chunk.line().await.unwrap(), b"NOOP");
    }
}
