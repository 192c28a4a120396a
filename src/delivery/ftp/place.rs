//! The proven copy gets its time and its name; where the server will not rename over a file, the older one steps aside.

use crate::{
    delivery::ftp::{
        attempt::{At, Attempt, Stop},
        choose::exists,
        failure::{self, Step},
        litter::{aside_of, remove},
        prove::second_of,
    },
    domain::{Delivered, OnExists, Outcome, Proof, RemotePath, Times, TroubleKind},
    faults::kill_point,
    ftp::client::{Checksum, Error, Found, Prepared, Reply, Session, Told},
};

impl Attempt<'_> {
    /// The usual case in two waits: proof, time and RNFR at once, then RNTO. `None`: step by step, then, which also finds out what is
    /// wrong.
    pub(super) async fn prove_and_place(&mut self, session: &mut Session) -> Result<Option<Delivered>, Stop> {
        let wishes = &self.upload.wishes;
        let checksum = self.stored().checksum.filter(|known| session.checksum() == Some(*known));
        let proof = checksum.map_or(Proof::Size, Checksum::proof);
        let is_usual = self.stored().proof.is_none()
            && self.stored().resumed_at == 0
            && self.written != self.target
            && matches!(wishes.on_exists, OnExists::Replace | OnExists::SkipSame)
            // A CRC alone is too weak, and together with the size it is not the usual case.
            && proof != Proof::Xcrc
            && wishes.proof.is_met_by(proof);
        if !is_usual {
            return Ok(None);
        }
        let expected = &self.upload.expected;
        let time = (wishes.times == Times::Keep).then_some(expected.mtime_ns);
        let prepared =
            session.prepare_rename(&self.written, checksum, expected.size_bytes, time).await.at(Step::After)?;
        let Some(Prepared { told: Some(told), is_pending }) = prepared else { return Ok(None) };
        let is_right = match (told, checksum) {
            (Told::Size(size), None) => size == expected.size_bytes,
            (Told::Digest(digest), Some(checksum)) => self.stored().digests.of(second_of(checksum)) == digest,
            _ => false,
        };
        if !is_right {
            return Ok(None);
        }
        self.stored_mut().proof = Some(proof);
        if !is_pending {
            return Ok(None);
        }
        kill_point("delivery.proven");
        self.stored_mut().is_renaming = true;
        let renamed = session.rename_to(&self.target).await;
        self.renamed(session, renamed).await.map(Some)
    }

    /// The last steps: after them the file is delivered.
    pub(super) async fn place(&mut self, session: &mut Session) -> Result<Delivered, Stop> {
        if self.upload.wishes.times == Times::Keep {
            session.set_time(&self.written, self.upload.expected.mtime_ns).await.at(Step::After)?;
        }
        if self.written == self.target {
            return Ok(self.delivered(session, "stored under its final name".to_owned()));
        }
        self.look_before_renaming(session).await?;
        self.stored_mut().is_renaming = true;
        let renamed = session.rename(&self.written, &self.target).await;
        self.renamed(session, renamed).await
    }

    async fn renamed(&mut self, session: &mut Session, renamed: Result<Reply, Error>) -> Result<Delivered, Stop> {
        match renamed {
            Ok(reply) => {
                kill_point("delivery.renamed");
                self.confirmed(session, &reply).await
            }
            Err(refused @ Error::Refused { to: "RNTO", .. }) if session.is_usable() => {
                match self.upload.wishes.on_exists {
                    OnExists::Replace | OnExists::SkipSame => self.step_aside(session, refused).await,
                    OnExists::Fail | OnExists::KeepBoth => self.step_back(session, refused).await,
                }
            }
            Err(error) => Err(Stop::Met(error, Step::After)),
        }
    }

    /// The rename was done, says `reply`: looked at where it never was before.
    async fn confirmed(&mut self, session: &mut Session, reply: &Reply) -> Result<Delivered, Stop> {
        if session.has_left(&self.written).await.at(Step::After)? {
            return Ok(self.delivered(session, reply.to_string()));
        }
        let said = format!("{reply}: said of the rename, and the file still has its temporary name");
        Err(self.stop_with(session, TroubleKind::Damaged, said).await)
    }

    /// Where nothing may be overwritten, the name must still be free: the sending may have taken hours.
    async fn look_before_renaming(&mut self, session: &mut Session) -> Result<(), Stop> {
        let on_exists = self.upload.wishes.on_exists;
        if !matches!(on_exists, OnExists::Fail | OnExists::KeepBoth)
            || session.find(&self.target).await.at(Step::After)? == Found::Nothing
        {
            return Ok(());
        }
        if on_exists == OnExists::Fail {
            return Err(self.end_with(session, exists(&self.target)).await);
        }
        self.choose(session).await.map(drop)
    }

    /// RNTO was refused where nothing may be overwritten. If that is because of a file that came in the last moment, it stays.
    async fn step_back(&mut self, session: &mut Session, refused: Error) -> Result<Delivered, Stop> {
        if session.find(&self.target).await.at(Step::After)? == Found::Nothing {
            return Err(Stop::Met(refused, Step::After));
        }
        self.look_before_renaming(session).await?;
        let reply = session.rename(&self.written, &self.target).await.at(Step::After)?;
        self.confirmed(session, &reply).await
    }

    /// RNTO was refused. If that is because of the file that is there: final → `.old`, temporary → final, `.old` away.
    async fn step_aside(&mut self, session: &mut Session, refused: Error) -> Result<Delivered, Stop> {
        let is_there = matches!(session.find(&self.target).await.at(Step::After)?, Found::Something(_));
        let aside = aside_of(&self.upload.temporary);
        let (true, Ok(aside)) = (is_there, aside) else { return Err(Stop::Met(refused, Step::After)) };
        // A folder would step aside as well, with everything in it.
        if session.is_folder(&self.target).await.at(Step::After)? {
            return Err(Stop::Met(refused, Step::After));
        }
        self.stored_mut().is_aside = true;
        match session.rename(&self.target, &aside).await {
            Ok(_) => {}
            Err(Error::Refused { .. }) if session.is_usable() => {
                self.stored_mut().is_aside = false;
                return Err(Stop::Met(refused, Step::After));
            }
            Err(error) => return Err(Stop::Met(error, Step::After)),
        }
        kill_point("delivery.aside");
        let reply = match session.rename(&self.written, &self.target).await {
            Ok(reply) => reply,
            Err(error) if session.is_usable() => {
                return Err(self.back_again(session, &aside, error).await);
            }
            Err(error) => return Err(Stop::Met(error, Step::After)),
        };
        kill_point("delivery.renamed_over");
        let delivered = self.delivered(session, reply.to_string());
        match remove(session, &aside).await {
            Ok(()) => Ok(delivered),
            Err(error) if error.is_break() => Err(Stop::Met(error, Step::After)),
            Err(error) => {
                tracing::warn!(path = %aside, %error, "the replaced file could not be removed");
                Ok(Delivered { litter: Some(self.upload.temporary.clone()), ..delivered })
            }
        }
    }
    /// The newer file was refused the name, so the older one gets it back. Where that is refused, too, it stays on record and the words
    /// say where it lies.
    async fn back_again(&mut self, session: &mut Session, aside: &RemotePath, refused: Error) -> Stop {
        match session.rename(aside, &self.target).await {
            Ok(_) => self.stored_mut().is_aside = false,
            Err(Error::Refused { reply, .. }) if session.is_usable() => {
                let mut outcome = failure::outcome(&refused, Step::After);
                if let Outcome::Deferred(trouble) | Outcome::Failed(trouble) | Outcome::Unknown(trouble) = &mut outcome
                {
                    trouble.said = format!(
                        "{}; the older file could not get its name back ({reply}) and lies there as {aside}, until the server \
                         lets it be put back",
                        trouble.said
                    );
                }
                return self.end_with(session, outcome.into()).await;
            }
            Err(error) => return Stop::Met(error, Step::After),
        }
        Stop::Met(refused, Step::After)
    }
}
