//! What a server can do, tried with a tiny file of our own in its folder.

use crate::{
    config::FtpServer,
    delivery::ftp::failure::{self, Step},
    domain::{Proof, RemotePath, Trouble, TroubleKind},
    ftp::client::{Checksum, Error, Facts, Found, Profile, Session},
};
use std::sync::Arc;

/// What a probe found.
#[derive(Debug, Clone)]
pub struct Report {
    pub facts: Facts,
    /// The size that the server told was right.
    pub tells_size: bool,
    /// The best proof that files get there without reading them back.
    pub proof: Option<Proof>,
    pub times: TimeSetting,
    pub renames_over: bool,
    /// What of ours is still there, and why: empty as it should be.
    pub left: Vec<(RemotePath, String)>,
}

/// Why a delivery would not work.
#[derive(Debug)]
pub struct Missed {
    pub trouble: Trouble,
    /// As [`Report::left`].
    pub left: Vec<(RemotePath, String)>,
}

impl From<Trouble> for Missed {
    fn from(trouble: Trouble) -> Self {
        Self { trouble, left: Vec::new() }
    }
}

/// Whether copies keep the time of their source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeSetting {
    Kept,
    /// No command for it was offered, or the one that was had no effect.
    NotKept,
}

const WORDS: &[u8] = b"A probe of Packetboat. It may be removed.\n";

/// A time that no clock shows now: 2001-09-09 01:46:40 UTC.
const SOME_TIME: i64 = 1_000_000_000;

/// Connects, logs in, writes a file of 42 bytes in the server's folder, looks at it, renames it over another one, and removes all of it.
///
/// # Errors
/// The first thing that a delivery would not do without: connecting, writing, renaming.
pub async fn probe(server: &Arc<FtpServer>, profile: &Arc<Profile>) -> Result<Report, Missed> {
    let mut session =
        Session::connect(server, profile).await.map_err(|error| failure::trouble(&error, Step::Connect))?;
    let names = Names::new()?;
    let mut tried = try_out(&mut session, &names).await;
    if let Err(error) = &tried
        && session.tls() == Some("TLSv1.3")
        && failure::is_refused_resumption(error)
    {
        // as a delivery does
        profile.refuse_tls13();
        session.reconnect().await.map_err(|error| failure::trouble(&error, Step::Connect))?;
        tried = try_out(&mut session, &names).await;
    }
    let left = clean_up(&mut session, &names).await;
    session.quit().await;
    match tried {
        Ok(report) => Ok(Report { left, ..report }),
        Err(error) => Err(Missed { trouble: failure::trouble(&error, Step::Before), left }),
    }
}

struct Names {
    first: RemotePath,
    second: RemotePath,
}

impl Names {
    fn new() -> Result<Self, Trouble> {
        let token = format!("{:016x}", fastrand::u64(..));
        let name = |ending: &str| {
            RemotePath::new(format!(".pb-{token}.{ending}"))
                .map_err(|error| Trouble::of_job(TroubleKind::Local, error.to_string()))
        };
        Ok(Self { first: name("part")?, second: name("probe")? })
    }
}

async fn try_out(session: &mut Session, names: &Names) -> Result<Report, Error> {
    store(session, &names.first, WORDS).await?;
    let told = session.find(&names.first).await;
    let checksum = match session.checksum() {
        Some(checksum) => session.compute(checksum, &names.first, WORDS.len() as u64).await?.map(|_| checksum),
        None => None,
    };
    let is_set = session.set_time(&names.first, SOME_TIME * 1_000_000_000).await?;
    let time = session.time(&names.first).await?;
    store(session, &names.second, b"older").await?;
    let renames_over = match session.rename(&names.first, &names.second).await {
        Ok(_) if session.has_left(&names.first).await? => true,
        Ok(reply) => {
            let reply = reply.and("(said of a rename, and the file still has its old name)");
            return Err(Error::Refused { to: "RNTO", reply });
        }
        Err(Error::Refused { to: "RNTO", .. }) if session.is_usable() => false,
        Err(error) => return Err(error),
    };
    let tells_size = matches!(told, Ok(Found::Something(Some(size))) if size == WORDS.len() as u64);
    Ok(Report {
        facts: session.facts(),
        tells_size,
        proof: checksum.map(Checksum::proof).or(tells_size.then_some(Proof::Size)),
        times: if is_set && time.is_none_or(|time| time == SOME_TIME) {
            TimeSetting::Kept
        } else {
            TimeSetting::NotKept
        },
        renames_over,
        left: Vec::new(),
    })
}

async fn store(session: &mut Session, path: &RemotePath, bytes: &[u8]) -> Result<(), Error> {
    let mut outgoing = session.store(path, 0).await?;
    if let Err(error) = outgoing.write(bytes).await {
        return Err(outgoing.reason(error).await);
    }
    outgoing.finish().await
}

/// Over a connection of its own where the trial broke the other.
async fn clean_up(session: &mut Session, names: &Names) -> Vec<(RemotePath, String)> {
    let mut left = Vec::new();
    for name in [&names.first, &names.second] {
        let connected = if session.is_usable() { Ok(()) } else { session.reconnect().await };
        let removed = match connected {
            Ok(()) => super::litter::remove(session, name).await,
            Err(error) => Err(error),
        };
        if let Err(error) = removed {
            left.push((name.clone(), error.to_string()));
        }
    }
    left
}
