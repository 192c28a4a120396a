//! The bytes: opened, streamed and hashed on the way, continued where an earlier attempt was cut.

use crate::{
    delivery::ftp::{
        Earlier, Upload,
        attempt::{At, Attempt, Keep, Stop, Stored, local},
        failure::Step,
        folders::{Folder, make_folders, remember_folders},
        prove::second_of,
    },
    domain::Outcome,
    faults::kill_point,
    ftp::client::{Error, Found, Outgoing, Session},
    streams::Reader,
};
use std::sync::atomic::Ordering::Relaxed;

/// How the sending of some bytes ended.
enum Passed {
    On,
    Stopped,
    Broke(Error),
}

impl Attempt<'_> {
    /// Sends the file, or the rest of it.
    pub(super) async fn send(&mut self, session: &mut Session) -> Result<(), Stop> {
        let from = self.resume_from(session).await?;
        if from == self.upload.expected.size_bytes && from > 0 {
            return self.take_as_sent(session, from).await;
        }
        let folder = make_folders(session, &self.written).await?;
        let (error, step) = match self.send_from(session, from).await {
            Err(Stop::Met(error @ Error::Refused { .. }, step)) if session.is_usable() => (error, step),
            sent => return sent,
        };
        if from > 0 && error.reply().is_some_and(|reply| reply.code >= 500) {
            // Refused to go on in the middle: from the start, then.
            self.may_resume = false;
            return self.send_from(session, 0).await;
        }
        match folder {
            Folder::Assumed if is_folder_gone(&error) => {
                session.profile().forget_folders();
                if let Folder::Asked { is_made: true, .. } = make_folders(session, &self.written).await? {
                    return self.send_from(session, 0).await;
                }
                Err(Stop::Met(error, step))
            }
            Folder::Asked { refused: Some((level, said)), .. } if is_folder_gone(&error) => {
                Err(Stop::Met(with_folder(error, &level.to_string(), &said.to_string()), step))
            }
            Folder::Assumed | Folder::Asked { .. } => Err(Stop::Met(error, step)),
        }
    }

    /// How much an earlier attempt left that we go on from.
    async fn resume_from(&self, session: &mut Session) -> Result<u64, Stop> {
        if self.upload.earlier == Earlier::None || !self.is_resumable(session) {
            return Ok(0);
        }
        Ok(match session.find(&self.written).await.at(Step::Before)? {
            Found::Something(Some(part)) if part <= self.upload.expected.size_bytes => part,
            Found::Something(_) | Found::Nothing => 0,
        })
    }

    /// The whole is there: only its proof and its name are missing.
    async fn take_as_sent(&mut self, session: &Session, size: u64) -> Result<(), Stop> {
        let checksum = session.checksum();
        let mut reader = Reader::new(&self.upload.source, size, checksum.and_then(second_of));
        while !reader.next().await.map_err(|error| local(&error))?.is_empty() {}
        self.check_source().await?;
        self.is_touched = true;
        self.upload.sent.store(size, Relaxed);
        self.have_sent(reader, session, size);
        Ok(())
    }

    async fn send_from(&mut self, session: &mut Session, from: u64) -> Result<(), Stop> {
        let upload = self.upload;
        let second = session.checksum().and_then(second_of);
        let mut reader = Reader::new(&upload.source, upload.expected.size_bytes, second).from(from);
        // Before the data connection stands, so that it never waits for the disk to wake up.
        let mut chunk = reader.next().await.map_err(|error| local(&error))?;
        self.is_touched = true;
        upload.sent.store(from, Relaxed);
        let mut outgoing = session.store(&self.written, from).await.at(Step::Before)?;
        while !chunk.is_empty() {
            kill_point("delivery.sending");
            match pass(upload, &mut outgoing, chunk, &mut self.sent_bytes).await {
                Passed::On => {}
                Passed::Stopped => {
                    outgoing.abandon().await;
                    self.tidy(session, Keep::IfResumable).await;
                    return Err(Outcome::Returned.into());
                }
                Passed::Broke(error) => {
                    let error = outgoing.reason(error).await;
                    return Err(Stop::Met(error, Step::Send));
                }
            }
            chunk = match reader.next().await {
                Ok(chunk) => chunk,
                Err(error) => {
                    outgoing.abandon().await;
                    return Err(self.end_with(session, local(&error)).await);
                }
            };
        }
        if let Err(changed) = self.check_source().await {
            outgoing.abandon().await;
            return Err(self.end_with(session, changed).await);
        }
        let verdict = outgoing.finish().await;
        if verdict.is_ok() {
            remember_folders(session, &self.written);
        }
        self.hear(session, verdict, reader, from).await
    }

    /// The server's verdict on the whole transfer.
    async fn hear(
        &mut self,
        session: &mut Session,
        verdict: Result<(), Error>,
        reader: Reader,
        from: u64,
    ) -> Result<(), Stop> {
        match verdict {
            Ok(()) => {}
            // A server that disliked how the data connection closed may have the file all the same: its size tells.
            Err(Error::Refused { reply, .. }) if reply.code == 426 && session.is_usable() => {
                let there = session.find(&self.written).await.at(Step::Send)?;
                if there != Found::Something(Some(self.upload.expected.size_bytes)) {
                    return Err(Stop::Met(Error::Refused { to: "the end of STOR", reply }, Step::Send));
                }
            }
            Err(error @ Error::Refused { .. }) if !error.is_break() => return Err(Stop::Met(error, Step::Send)),
            Err(error) => {
                // Every byte is out and the last word is lost: to be asked for.
                self.have_sent(reader, session, from);
                return Err(Stop::Met(error, Step::After));
            }
        }
        self.have_sent(reader, session, from);
        Ok(())
    }

    fn have_sent(&mut self, reader: Reader, session: &Session, resumed_at: u64) {
        self.stored = reader.digests().map(|digests| Stored {
            digests,
            checksum: session.checksum(),
            resumed_at,
            proof: None,
            is_renaming: false,
            is_aside: false,
        });
    }

    /// Nothing of it stays.
    pub(super) async fn end_with(&mut self, session: &mut Session, stop: Stop) -> Stop {
        let litter = self.tidy(session, Keep::Nothing).await;
        match stop {
            Stop::Ended(mut outcome) => {
                match &mut *outcome {
                    Outcome::Deferred(trouble) | Outcome::Failed(trouble) => {
                        trouble.sent_bytes = self.sent_bytes;
                        trouble.litter = litter;
                    }
                    Outcome::SourceChanged(change) | Outcome::SourceUnclear(change) => change.litter = litter,
                    Outcome::Delivered(_) | Outcome::TakenAway(_) | Outcome::Unknown(_) | Outcome::Returned => {}
                }
                Stop::Ended(outcome)
            }
            met @ Stop::Met(..) => met,
        }
    }
}

/// Sends `chunk` as fast as the limits and the wire allow.
async fn pass(upload: &Upload, outgoing: &mut Outgoing<'_>, chunk: &[u8], sent_bytes: &mut u64) -> Passed {
    for piece in chunk.chunks(upload.throttles.piece()) {
        let sending = async {
            upload.throttles.wait(piece.len()).await;
            outgoing.write(piece).await
        };
        tokio::select! {
            biased;
            () = upload.stop.cancelled() => return Passed::Stopped,
            sent = sending => if let Err(error) = sent { return Passed::Broke(error) },
        }
        *sent_bytes += piece.len() as u64;
        upload.sent.fetch_add(piece.len() as u64, Relaxed);
    }
    Passed::On
}

/// STOR into a folder that is not there is 550 or 553, and on some servers 450, 451 or 501; some say so only after the data.
fn is_folder_gone(error: &Error) -> bool {
    match error {
        Error::Refused { to: "STOR", reply } => matches!(reply.code, 450 | 451 | 501 | 550 | 553),
        Error::Refused { to: "the end of STOR", reply } => matches!(reply.code, 550 | 553),
        _ => false,
    }
}

fn with_folder(error: Error, folder: &str, said: &str) -> Error {
    match error {
        Error::Refused { to, reply } => Error::Refused { to, reply: reply.and(&format!("(MKD {folder}: {said})")) },
        other => other,
    }
}
