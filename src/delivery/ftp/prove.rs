//! Is what is stored what was sent? The best proof that the server offers, and at least the one that is asked for.

use crate::{
    delivery::ftp::{
        attempt::{At, Attempt, Keep, Stop, local},
        failure::Step,
    },
    domain::{Outcome, Proof, ProofWish, RemotePath, Sha256, Trouble, TroubleKind},
    ftp::client::{Checksum, Error, Found, Session},
    streams::{CHUNK, Hasher, Second},
};
use std::os::unix::fs::FileExt;

/// What a look at the copy showed.
enum Seen {
    Agrees(Proof),
    Differs(String),
    /// No way to tell.
    Nothing,
}

/// Bytes on either side of the place where a resumed upload was continued that are read back, where no checksum covers them.
const JOIN: u64 = 64 * 1024;

/// The digest beside SHA-256 that `checksum` is compared with.
pub(super) fn second_of(checksum: Checksum) -> Option<Second> {
    match checksum {
        Checksum::Hash | Checksum::Xsha256 => None,
        Checksum::Xsha1 => Some(Second::Sha1),
        Checksum::Xmd5 => Some(Second::Md5),
        Checksum::Xcrc => Some(Second::Crc32),
    }
}

impl Attempt<'_> {
    /// Proves the copy before it gets its name. One that was continued and does not agree is sent again, whole.
    pub(super) async fn prove(&mut self, session: &mut Session) -> Result<(), Stop> {
        if self.stored().proof.is_some() {
            return Ok(());
        }
        let resumed_at = self.stored().resumed_at;
        match self.look_at_copy(session).await? {
            Seen::Agrees(proof) => self.stored_mut().proof = Some(proof),
            Seen::Differs(what) if resumed_at > 0 => {
                tracing::info!(path = %self.target, what, "the continued copy is not right: sending it whole");
                self.stored = None;
                self.may_resume = false;
                self.tidy(session, Keep::Nothing).await;
                self.send(session).await?;
                match self.look_at_copy(session).await? {
                    Seen::Agrees(proof) => self.stored_mut().proof = Some(proof),
                    Seen::Differs(what) => return Err(self.damaged(session, what).await),
                    Seen::Nothing => return Err(self.unproven(session).await),
                }
            }
            Seen::Differs(what) => return Err(self.damaged(session, what).await),
            Seen::Nothing => return Err(self.unproven(session).await),
        }
        Ok(())
    }

    async fn look_at_copy(&mut self, session: &mut Session) -> Result<Seen, Stop> {
        let wish = self.upload.wishes.proof;
        let mut seen = Seen::Nothing;
        if wish != ProofWish::ReadBack {
            seen = self.by_checksum(session).await?;
            if matches!(seen, Seen::Nothing | Seen::Agrees(Proof::Xcrc)) {
                seen = worse(seen, self.by_size(session).await?);
            }
        }
        match seen {
            Seen::Agrees(proof) if wish.is_met_by(proof) => Ok(Seen::Agrees(proof)),
            Seen::Differs(what) => Ok(Seen::Differs(what)),
            Seen::Agrees(_) | Seen::Nothing => self.by_reading_back(session).await,
        }
    }

    async fn by_checksum(&self, session: &mut Session) -> Result<Seen, Stop> {
        let stored = self.stored();
        // It may have proven too slow meanwhile.
        let Some(checksum) = stored.checksum.filter(|known| session.checksum() == Some(*known)) else {
            return Ok(Seen::Nothing);
        };
        let size = self.upload.expected.size_bytes;
        let theirs = session.compute(checksum, &self.written, size).await.at(Step::After)?;
        let Some(theirs) = theirs else { return Ok(Seen::Nothing) };
        if stored.digests.of(second_of(checksum)) == theirs {
            return Ok(Seen::Agrees(checksum.proof()));
        }
        // Servers cache checksums, and some compute them of other bytes than they send: the bytes themselves decide.
        let seen = self.by_reading_back(session).await?;
        if matches!(seen, Seen::Agrees(_)) {
            session.distrust(checksum);
        }
        Ok(match seen {
            Seen::Nothing => Seen::Differs("the server's checksum is another than ours".to_owned()),
            seen => seen,
        })
    }

    async fn by_size(&self, session: &mut Session) -> Result<Seen, Stop> {
        let size = self.upload.expected.size_bytes;
        let resumed_at = self.stored().resumed_at;
        match session.find(&self.written).await {
            Ok(Found::Something(Some(found))) if found != size => {
                Ok(Seen::Differs(format!("{size} bytes were sent and {found} are there")))
            }
            Ok(Found::Something(Some(_))) if resumed_at > 0 => self.by_join(session, resumed_at).await,
            Ok(Found::Something(Some(_))) => Ok(Seen::Agrees(Proof::Size)),
            Ok(Found::Something(None)) => Ok(Seen::Nothing),
            Ok(Found::Nothing) => Ok(Seen::Differs("nothing is there after all was sent".to_owned())),
            // It cannot say: reading back will tell.
            Err(Error::Refused { reply, .. }) if reply.code >= 500 && session.is_usable() => Ok(Seen::Nothing),
            Err(error) => Err(Stop::Met(error, Step::After)),
        }
    }

    /// Some servers fill what they should have kept with zeros, and some disks after a power cut: both shows at the join.
    async fn by_join(&self, session: &mut Session, join: u64) -> Result<Seen, Stop> {
        let from = join.saturating_sub(JOIN);
        let until = join.saturating_add(JOIN).min(self.upload.expected.size_bytes);
        let mut ours = vec![0; usize::try_from(until - from).unwrap_or(0)];
        self.upload.source.read_exact_at(&mut ours, from).map_err(|error| local(&error))?;
        let mut theirs = vec![0; ours.len()];
        let mut incoming = match session.retrieve(&self.written, from).await {
            Ok(incoming) => incoming,
            Err(Error::Refused { .. }) => return Ok(Seen::Differs("the older part cannot be looked at".to_owned())),
            Err(error) => return Err(Stop::Met(error, Step::After)),
        };
        let mut read = 0;
        while read < theirs.len() {
            match incoming.read(&mut theirs[read..]).await.at(Step::After)? {
                0 => break,
                some => read += some,
            }
        }
        incoming.abandon().await;
        if !session.is_usable() {
            session.reconnect().await.at(Step::After)?;
        }
        Ok(match ours == theirs {
            true => Seen::Agrees(Proof::Size),
            false => Seen::Differs(format!("around byte {join} it is not what was sent")),
        })
    }

    async fn by_reading_back(&self, session: &mut Session) -> Result<Seen, Stop> {
        let theirs = match read_back(session, &self.written).await {
            Ok(theirs) => theirs,
            Err(Error::Refused { reply, .. }) if reply.code >= 500 && session.is_usable() => return Ok(Seen::Nothing),
            Err(error) => return Err(Stop::Met(error, Step::After)),
        };
        Ok(if self.stored().digests.sha256 == theirs {
            Seen::Agrees(Proof::ReadBack)
        } else {
            Seen::Differs("what was read back is not what was sent".to_owned())
        })
    }

    async fn damaged(&mut self, session: &mut Session, what: String) -> Stop {
        self.stop_with(session, TroubleKind::Damaged, format!("the copy is damaged: {what}")).await
    }

    async fn unproven(&mut self, session: &mut Session) -> Stop {
        let why = match self.upload.wishes.proof {
            ProofWish::Size => "tells neither its size nor lets us read it",
            ProofWish::Hash => "tells neither a hash of it nor lets us read it",
            ProofWish::ReadBack => "does not let us read it",
        };
        let said = format!("the copy cannot be proven: the server {why}");
        self.stop_with(session, TroubleKind::Damaged, said).await
    }

    pub(super) async fn stop_with(&mut self, session: &mut Session, kind: TroubleKind, said: String) -> Stop {
        let mut trouble = Trouble::of_job(kind, said);
        trouble.sent_bytes = self.sent_bytes;
        trouble.litter = self.tidy(session, Keep::Nothing).await;
        Outcome::Deferred(trouble).into()
    }
}

/// A difference outweighs an agreement, and the better of two agreements counts.
fn worse(first: Seen, second: Seen) -> Seen {
    match (first, second) {
        (Seen::Agrees(better), Seen::Agrees(_) | Seen::Nothing) => Seen::Agrees(better),
        (_, second) => second,
    }
}

/// The SHA-256 of what is at `path`, fetched.
pub(super) async fn read_back(session: &mut Session, path: &RemotePath) -> Result<Sha256, Error> {
    let mut incoming = session.retrieve(path, 0).await?;
    let mut hasher = Hasher::new(None);
    let mut buffer = vec![0; CHUNK];
    loop {
        match incoming.read(&mut buffer).await? {
            0 => break,
            read => hasher.update(&buffer[..read]),
        }
    }
    incoming.finish().await?;
    Ok(hasher.finish().sha256)
}
