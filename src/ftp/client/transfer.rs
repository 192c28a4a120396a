//! Bytes under way: watched while they flow, and ended so that the server's verdict is heard.

use crate::{
    domain::RemotePath,
    ftp::client::{Error, Found, Reply, Session, data::Command, names, pulse::Silent, session::State, wire::Wire},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use suppaftp::{FtpError, list::ListParser, tokio::TransferStream};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

/// A file on its way there. Dropping it ends the session: only [`Outgoing::finish`] hears the verdict.
#[derive(Debug)]
pub struct Outgoing<'s> {
    session: &'s mut Session,
    stream: TransferStream<Wire>,
    begun: Instant,
    sent_bytes: u64,
}

/// A file on its way here. Dropping it ends the session.
#[derive(Debug)]
pub struct Incoming<'s> {
    session: &'s mut Session,
    stream: TransferStream<Wire>,
}

/// How long we look for the server's reason when a data connection broke.
pub(super) const REASON: Duration = Duration::from_secs(5);

/// How long a server may take to say that it saw us hang up. Pure-FTPd never does.
const PARTING: Duration = Duration::from_secs(1);

/// What may still lie in buffers on its way when we have written the last byte.
const IN_FLIGHT: u64 = 4 << 20;

/// A folder of some hundred thousand files, for servers that list it all when asked for one.
const MOST_LISTED: usize = 32 << 20;
const LONGEST_LINE: usize = 64 * 1024;

impl Session {
    /// Opens a file over there for writing, from `offset` on (REST, where it is not 0).
    ///
    /// # Errors
    /// [`Error::Refused`], `to` the command that was; [`Error::NoData`]; what ends sessions.
    pub async fn store(&mut self, path: &RemotePath, offset: u64) -> Result<Outgoing<'_>, Error> {
        let stream = self.open(Command::Store, path, offset).await?;
        Ok(Outgoing { session: self, stream, begun: Instant::now(), sent_bytes: 0 })
    }

    /// Opens a file over there for reading, from `offset` on.
    ///
    /// # Errors
    /// As [`Session::store`].
    pub async fn retrieve(&mut self, path: &RemotePath, offset: u64) -> Result<Incoming<'_>, Error> {
        let stream = self.open(Command::Retrieve, path, offset).await?;
        Ok(Incoming { session: self, stream })
    }

    /// For servers that know neither SIZE nor MLST.
    pub(super) async fn find_by_listing(&mut self, path: &RemotePath) -> Result<Found, Error> {
        let stream = match self.open(Command::List, path, 0).await {
            Ok(stream) => stream,
            Err(Error::Refused { to: "LIST", reply }) if matches!(reply.code, 450 | 550) => return Ok(Found::Nothing),
            Err(error) => return Err(error),
        };
        let mut incoming = Incoming { session: self, stream };
        let (mut told, mut lines, mut read) = (None, Vec::new(), 0);
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let some = incoming.read(&mut buffer).await?;
            read += some;
            lines.extend_from_slice(&buffer[..some]);
            let whole = if some == 0 { lines.len() } else { last_end(&lines) };
            told = told.or_else(|| listed(&lines[..whole], path));
            lines.drain(..whole);
            if some == 0 {
                break;
            }
            if read > MOST_LISTED || lines.len() > LONGEST_LINE {
                incoming.session.state = State::Over;
                let about = Some("a listing of one file that has no end".to_owned());
                return Err(Error::Nonsense { doing: "LIST", about });
            }
        }
        incoming.finish().await?;
        Ok(told.map_or(Found::Nothing, Found::Something))
    }
}

/// Up to where these are whole lines.
fn last_end(lines: &[u8]) -> usize {
    lines.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1)
}

/// What these lines say of the file at `path`: its size, if they tell it. Some servers list the whole folder, whatever they are asked for; some give a path
/// where others give a name.
fn listed(lines: &[u8], path: &RemotePath) -> Option<Option<u64>> {
    let (name, path) = (names::text(path.name()), names::text(path.as_bytes()));
    let is_it = |told: &str| told == name || told.strip_prefix("./").unwrap_or(told).trim_start_matches('/') == path;
    let mut told = lines.split(|byte| *byte == b'\n').map(names::text).filter_map(|line| {
        let line = line.trim_end_matches('\r');
        match ListParser::parse_posix(line).or_else(|_| ListParser::parse_dos(line)) {
            Ok(file) => is_it(file.name()).then(|| Some(file.size() as u64)),
            // A line of another shape ends with the name, after a blank.
            Err(_) => line.strip_suffix(&name).is_some_and(|before| before.ends_with([' ', '\t', '/'])).then_some(None),
        }
    });
    told.next()
}

impl Outgoing<'_> {
    /// Writes all of `bytes`. The clock runs against silence, not against slowness.
    ///
    /// # Errors
    /// The connection broke, or took nothing for too long: ask [`Outgoing::reason`] why.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        let limit = self.session.server.timeouts.data;
        while !bytes.is_empty() {
            match timeout(limit, self.stream.write(bytes)).await {
                Ok(Ok(some)) => {
                    bytes = bytes.get(some..).unwrap_or_default();
                    self.sent_bytes += some as u64;
                }
                Ok(Err(why)) => return Err(Error::Broken { doing: "sending", why }),
                Err(_) => return Err(Error::Silent { doing: "sending", after: limit }),
            }
        }
        Ok(())
    }

    /// Says that this was the last byte, and waits for the verdict. `Ok` is a 226 or 250 and no more: see what is there.
    ///
    /// # Errors
    /// [`Error::Refused`] is the server's verdict; after anything else nobody knows.
    pub async fn finish(self) -> Result<(), Error> {
        let Self { session, stream, begun, sent_bytes } = self;
        // What we have written is not what has arrived: the last buffers get as long as they took so far.
        let in_flight = IN_FLIGHT.min(sent_bytes) as f64 / sent_bytes.max(1) as f64;
        let limit =
            session.server.timeouts.reply + begun.elapsed().mul_f64(in_flight).min(session.server.timeouts.data);
        conclude(session, limit, stream, "the end of STOR").await
    }

    /// Before the last byte, of our own will: hangs up and hears the server out, briefly.
    pub async fn abandon(self) {
        let Self { session, stream, .. } = self;
        // Whatever the verdict is, it is on a part.
        let _ = conclude(session, REASON, stream, "the end of STOR").await;
    }

    /// After a failed write: what the server has to say about it, else what we saw.
    pub async fn reason(self, seen: Error) -> Error {
        let Self { session, stream, .. } = self;
        if matches!(seen, Error::Silent { .. }) {
            // It has had all the time we give; the session is given up as it is.
            session.state = State::Over;
            return seen;
        }
        match conclude(session, REASON, stream, "the end of STOR").await {
            Err(refused @ Error::Refused { .. }) => refused,
            Ok(()) | Err(_) => seen,
        }
    }
}

impl Incoming<'_> {
    /// Reads some bytes; 0 at the end.
    ///
    /// # Errors
    /// The connection broke or was silent for too long.
    pub async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let limit = self.session.server.timeouts.data;
        match timeout(limit, self.stream.read(buffer)).await {
            Ok(read) => read.map_err(|why| Error::Broken { doing: "receiving", why }),
            Err(_) => Err(Error::Silent { doing: "receiving", after: limit }),
        }
    }

    /// After the last byte: hears the verdict.
    ///
    /// # Errors
    /// As [`Outgoing::finish`].
    pub async fn finish(self) -> Result<(), Error> {
        let limit = self.session.server.timeouts.reply;
        conclude(self.session, limit, self.stream, "the end of the transfer").await
    }

    /// Before the last byte: hangs up the data connection. The server may say what it likes to that, or hang up for good: then the
    /// session is over.
    pub async fn abandon(self) {
        let Self { session, stream } = self;
        let is_broken = conclude(session, PARTING, stream, "the end of the transfer").await.is_err();
        session.may_restart |= is_broken;
    }
}

async fn conclude(
    session: &mut Session,
    limit: Duration,
    stream: TransferStream<Wire>,
    doing: &'static str,
) -> Result<(), Error> {
    let shared = Arc::clone(&session.shared);
    let verdict = shared.pulse.within(limit, async {
        let mut said = stream.finish().await;
        // Some servers say 150 twice; what counts comes after it.
        while matches!(&said, Err(FtpError::UnexpectedResponse(response)) if response.body.starts_with(b"1")) {
            said = session.ftp.read_response_in(&[]).await.map(drop);
        }
        said
    });
    match verdict.await {
        Ok(Ok(())) => {
            session.state = State::Ready;
            session.may_restart = false;
            Ok(())
        }
        Ok(Err(FtpError::UnexpectedResponse(response))) => {
            session.state = State::Ready;
            let reply = Reply::new(&response.body);
            if reply.is_done() { Ok(()) } else { Err(session.refused(doing, reply)) }
        }
        Ok(Err(error)) => Err(session.give_up(doing, error)),
        Err(Silent(after)) => {
            session.state = State::Over;
            Err(Error::Silent { doing, after })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_tells_of_the_file_of_that_name_and_of_no_other() {
        let path = RemotePath::new(&b"a b/plan.dwg"[..]).unwrap();
        for (listing, found) in [
            ("-rw-r--r-- 1 u g 5 Jan 01 2026 plan.dwg\r\n", Some(Some(5))),
            ("-rw-r--r-- 1 u g 5 Jan 01 2026 a b/plan.dwg\r\n", Some(Some(5))),
            ("-rw-r--r-- 1 u g 5 Jan 01 2026 ./a b/plan.dwg\n", Some(Some(5))),
            ("total 1\r\n-rw-r--r-- 1 u g 5 Jan 01 2026 x-plan.dwg\r\n", None),
            ("-rw-r--r-- 1 u g 5 Jan 01 2026 plan.dwg.old\r\n", None),
            ("-rw-r--r-- 1 u g 5 Jan 01 2026 x plan.dwg\r\n", None),
            ("10-29-26  03:26PM       5 plan.dwg\r\n", Some(Some(5))),
            ("something 5 plan.dwg\r\n", Some(None)),
            ("plan.dwg is not there\r\n", None),
            ("", None),
        ] {
            assert_eq!(listed(listing.as_bytes(), &path), found, "{listing}");
        }
    }
}
