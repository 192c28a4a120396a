//! A file: under its temporary name, proven by its size, renamed.

use super::{Step, outcome, trouble};
use crate::{
    delivery::ftp::{Earlier, Upload},
    domain::{Change, Delivered, Outcome, Proof, RemotePath, Sha256, Trouble, TroubleKind},
    simulation::{Said, Talk},
    streams::identity_of,
};
use sha2::Digest;
use std::{os::unix::fs::FileExt, sync::atomic::Ordering};

/// Bytes in one step.
const CHUNK: u64 = 4096;

pub(super) async fn run(talk: &mut Talk, upload: &Upload) -> Outcome {
    let attempt = Attempt { talk, upload, sent_bytes: 0, is_touched: false, hash: sha2::Sha256::new() };
    attempt.go().await.map_or_else(|ended| *ended, Outcome::Delivered)
}

struct Attempt<'a> {
    talk: &'a mut Talk,
    upload: &'a Upload,
    sent_bytes: u64,
    /// Something of ours may be under the temporary name.
    is_touched: bool,
    /// Of the bytes as they were read to be sent, and of those before them.
    hash: sha2::Sha256,
}

/// How the attempt ended short of its aim.
type Ended = Box<Outcome>;

impl Attempt<'_> {
    async fn go(mut self) -> Result<Delivered, Ended> {
        if let Some(changed) = self.changed() {
            return Err(Box::new(changed));
        }
        if self.upload.stop.is_cancelled() {
            return Err(Box::new(Outcome::Returned));
        }
        let begin = self.begin().await?;
        self.send(begin).await?;
        if let Some(mut changed) = self.changed() {
            if let Outcome::SourceChanged(change) | Outcome::SourceUnclear(change) = &mut changed {
                change.litter = self.tidy().await;
            }
            return Err(Box::new(changed));
        }
        self.place().await
    }

    fn changed(&self) -> Option<Outcome> {
        let expected = &self.upload.expected;
        match identity_of(&self.upload.source) {
            Ok(found) if found.is_same(expected) => None,
            Ok(found) if found.is_plainly_new(expected) => {
                Some(Outcome::SourceChanged("the file is not the version that arrived".into()))
            }
            Ok(_) => Some(Outcome::SourceUnclear("its attributes changed, and perhaps its bytes".into())),
            Err(why) => Some(Outcome::Deferred(Trouble::of_job(TroubleKind::Local, why.to_string()))),
        }
    }

    fn is_resumable(&self) -> bool {
        self.upload.wishes.resume.is_for(self.upload.expected.size_bytes)
    }

    /// Where to go on: at what an earlier try left, if that may be resumed.
    async fn begin(&mut self) -> Result<u64, Ended> {
        let temporary = self.upload.temporary.as_bytes();
        let mut begin = 0;
        if self.upload.earlier == Earlier::Tried {
            let found = self.talk.size(temporary).await;
            let found = found.map_err(|said| Box::new(Outcome::Deferred(trouble(said, Step::Before))))?;
            self.is_touched = found.is_some();
            let may_go_on = |found: &u64| self.is_resumable() && *found <= self.upload.expected.size_bytes;
            begin = found.filter(may_go_on).unwrap_or(0);
        }
        match self.talk.open(temporary, begin).await {
            Ok(()) => self.is_touched = true,
            Err(said) => return Err(self.give_up(said, Step::Before).await),
        }
        Ok(begin)
    }

    async fn send(&mut self, begin: u64) -> Result<(), Ended> {
        let size = self.upload.expected.size_bytes;
        let mut at = 0;
        self.upload.sent.store(begin, Ordering::Relaxed);
        while at < size {
            if self.upload.stop.is_cancelled() {
                self.tidy().await;
                return Err(Box::new(Outcome::Returned));
            }
            let until = if at < begin { begin } else { size.min(at + CHUNK) };
            let mut chunk = vec![0; usize::try_from(until - at).unwrap_or_default()];
            if self.upload.source.read_exact_at(&mut chunk, at).is_err() {
                let mut changed = Change::from("the file became shorter while it was read");
                changed.litter = self.tidy().await;
                return Err(Box::new(Outcome::SourceChanged(changed)));
            }
            self.hash.update(&chunk);
            at = until;
            if at <= begin {
                continue; // it is there already
            }
            let written = self.talk.write(self.upload.temporary.as_bytes(), &chunk).await;
            self.sent_bytes += chunk.len() as u64;
            if let Err(said) = written {
                return Err(self.give_up(said, Step::Send).await);
            }
            self.upload.sent.store(at, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Proves and renames; a lost answer is asked for over a new connection, once.
    async fn place(mut self) -> Result<Delivered, Ended> {
        let (temporary, target) = (self.upload.temporary.as_bytes(), self.upload.target.as_bytes());
        let size = self.upload.expected.size_bytes;
        let mut is_renaming = false;
        for _ in 0..2 {
            let placed = async {
                match self.talk.size(temporary).await? {
                    None if is_renaming && self.talk.size(target).await? == Some(size) => Ok(Placed::Before),
                    Some(found) if found == size => {
                        is_renaming = true;
                        self.talk.rename(temporary, target).await.map(|()| Placed::Now)
                    }
                    found => Ok(Placed::Cut(found.unwrap_or(0))),
                }
            };
            match placed.await {
                Ok(Placed::Now) => return Ok(self.delivered("250 renamed")),
                Ok(Placed::Before) => return Ok(self.delivered("asked again: it has its final name")),
                Ok(Placed::Cut(found)) => {
                    let said = format!("{found} of {size} bytes have arrived");
                    let mut trouble = Trouble::of_job(TroubleKind::Data, said);
                    trouble.litter = if self.is_resumable() { self.litter() } else { self.tidy().await };
                    return Err(Box::new(Outcome::Deferred(trouble)));
                }
                Err(Said::Broken) => match self.talk.again().await {
                    Ok(()) => {}
                    Err(_) => break,
                },
                Err(said) => return Err(self.give_up(said, Step::After).await),
            }
        }
        let mut trouble = trouble(Said::Broken, Step::After);
        trouble.litter = self.litter();
        Err(Box::new(Outcome::Unknown(trouble)))
    }

    fn delivered(self, reply: &str) -> Delivered {
        Delivered {
            remote_path: Some(self.upload.target.clone()),
            size_bytes: self.upload.expected.size_bytes,
            sha256: Sha256(self.hash.finalize().into()),
            proof: Proof::Size,
            reply: reply.to_owned(),
            sent_bytes: self.sent_bytes,
            tls: None,
            litter: None,
        }
    }

    async fn give_up(&mut self, said: Said, step: Step) -> Ended {
        let is_cut = matches!(said, Said::Broken | Said::No(425 | 426));
        let mut trouble = trouble(said, step);
        trouble.sent_bytes = self.sent_bytes;
        trouble.litter = if is_cut && self.is_resumable() { self.litter() } else { self.tidy().await };
        Box::new(outcome(trouble))
    }

    /// Removes what we wrote; the temporary name if it is, or may be, still there.
    async fn tidy(&mut self) -> Option<RemotePath> {
        let litter = self.litter()?;
        let is_gone = self.talk.is_usable() && self.talk.delete(litter.as_bytes()).await.is_ok();
        if is_gone {
            self.is_touched = false;
            return None;
        }
        Some(litter)
    }

    fn litter(&self) -> Option<RemotePath> {
        self.is_touched.then(|| self.upload.temporary.clone())
    }
}

/// Where the file is after a look.
enum Placed {
    Now,
    /// Its answer had been lost.
    Before,
    /// So many bytes are there.
    Cut(u64),
}
