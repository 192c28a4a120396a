//! Before anything is sent: what is at the target, and what that means for us (`on_exists`).

use crate::{
    delivery::ftp::{
        Earlier,
        attempt::{At, Attempt, Stop, Stored, local},
        failure::Step,
        litter::{aside_of, put_back},
        prove::{read_back, second_of},
    },
    domain::{Delivered, OnExists, Outcome, Proof, RemotePath, Trouble, TroubleKind},
    ftp::client::{Error, Found, Session},
    streams::Reader,
};

/// After so many neighbours of one name something else is wrong.
const MOST_NEIGHBOURS: u32 = 999;

/// How much agreement makes two files the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sameness {
    /// The size, and the checksum where the server can tell: what `skip_same` promises.
    AsTold,
    /// The checksum, or every byte read back: enough to call it delivered without having seen it arrive.
    Proven,
}

impl Attempt<'_> {
    /// Settles on the target. `Some`: it is there already, nothing is to be sent.
    pub(super) async fn choose(&mut self, session: &mut Session) -> Result<Option<Delivered>, Stop> {
        if self.upload.earlier == Earlier::Tried && self.written == self.upload.temporary {
            self.undo_aside(session).await.at(Step::Before)?;
        }
        match self.upload.wishes.on_exists {
            OnExists::Replace => Ok(None),
            OnExists::SkipSame => self.skip_same(session).await,
            OnExists::Fail => self.fail_if_there(session).await,
            OnExists::KeepBoth => self.keep_both(session).await,
        }
    }

    /// An earlier attempt may have died between its two renames.
    pub(super) async fn undo_aside(&self, session: &mut Session) -> Result<(), Error> {
        match aside_of(&self.upload.temporary) {
            Ok(aside) => put_back(session, &self.target, &aside).await,
            // No name could have been made either.
            Err(_) => Ok(()),
        }
    }

    async fn skip_same(&mut self, session: &mut Session) -> Result<Option<Delivered>, Stop> {
        match session.find(&self.target).await.at(Step::Before)? {
            Found::Nothing => Ok(None),
            Found::Something(size) => self.if_same(session, size, Sameness::AsTold, "the same is there already").await,
        }
    }

    async fn fail_if_there(&mut self, session: &mut Session) -> Result<Option<Delivered>, Stop> {
        let Found::Something(size) = session.find(&self.target).await.at(Step::Before)? else { return Ok(None) };
        if let Some(delivered) = self.if_ours(session, size).await? {
            return Ok(Some(delivered));
        }
        Err(exists(&self.target))
    }

    async fn keep_both(&mut self, session: &mut Session) -> Result<Option<Delivered>, Stop> {
        for number in 1..=MOST_NEIGHBOURS {
            self.target = neighbour(&self.upload.target, number)?;
            let Found::Something(size) = session.find(&self.target).await.at(Step::Before)? else {
                if self.written != self.upload.temporary {
                    self.written = self.target.clone();
                }
                return Ok(None);
            };
            if let Some(delivered) = self.if_ours(session, size).await? {
                return Ok(Some(delivered));
            }
        }
        Err(exists(&self.target))
    }

    /// What an earlier attempt delivered without hearing of it is ours.
    async fn if_ours(&mut self, session: &mut Session, size: Option<u64>) -> Result<Option<Delivered>, Stop> {
        if self.upload.earlier == Earlier::None {
            return Ok(None);
        }
        self.if_same(session, size, Sameness::Proven, "an earlier attempt had delivered it").await
    }

    async fn if_same(
        &mut self,
        session: &mut Session,
        size: Option<u64>,
        sameness: Sameness,
        words: &str,
    ) -> Result<Option<Delivered>, Stop> {
        let expected = &self.upload.expected;
        if size.is_some_and(|size| size != expected.size_bytes) {
            return Ok(None);
        }
        let checksum = session.checksum();
        let mut reader = Reader::new(&self.upload.source, expected.size_bytes, checksum.and_then(second_of));
        while !reader.next().await.map_err(|error| local(&error))?.is_empty() {}
        self.check_source().await?;
        let Some(digests) = reader.digests() else { return Ok(None) };
        let theirs = match checksum {
            Some(checksum) => session.compute(checksum, &self.target, expected.size_bytes).await.at(Step::Before)?,
            None => None,
        };
        let proof = match (checksum, theirs, sameness) {
            (Some(checksum), Some(theirs), _) if digests.of(second_of(checksum)) == theirs => checksum.proof(),
            (_, Some(_), _) => return Ok(None),
            (_, None, Sameness::AsTold) if size.is_some() => Proof::Size,
            (_, None, _) => match read_back(session, &self.target).await {
                Ok(theirs) if theirs == digests.sha256 => Proof::ReadBack,
                Ok(_) => return Ok(None),
                Err(Error::Refused { .. }) if session.is_usable() => return Ok(None),
                Err(error) => return Err(Stop::Met(error, Step::Before)),
            },
        };
        self.stored =
            Some(Stored { digests, checksum, resumed_at: 0, proof: Some(proof), is_renaming: false, is_aside: false });
        Ok(Some(self.delivered(session, words.to_owned())))
    }
}

pub(super) fn exists(target: &RemotePath) -> Stop {
    let said = format!("{target} is there already, and `on_exists: fail` says not to touch it");
    Outcome::Failed(Trouble::of_job(TroubleKind::Exists, said)).into()
}

/// `name-2.ext` for 2, and so on; the name itself for 1.
fn neighbour(target: &RemotePath, number: u32) -> Result<RemotePath, Stop> {
    if number == 1 {
        return Ok(target.clone());
    }
    let name = target.name();
    let dot = name.iter().rposition(|byte| *byte == b'.').filter(|place| *place > 0).unwrap_or(name.len());
    let (stem, ending) = name.split_at(dot);
    target.beside(&[stem, format!("-{number}").as_bytes(), ending].concat()).map_err(|error| {
        let said = format!("{target} is there already, and there is no other name for it: {error}");
        Outcome::Failed(Trouble::of_job(TroubleKind::Exists, said)).into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_keep_their_ending() {
        for (target, number, expected) in [
            ("a/plan.dwg", 1, "a/plan.dwg"),
            ("a/plan.dwg", 2, "a/plan-2.dwg"),
            ("plan.tar.gz", 3, "plan.tar-3.gz"),
            ("README", 2, "README-2"),
            (".profile", 2, ".profile-2"),
        ] {
            let target = RemotePath::new(target).unwrap();
            assert_eq!(neighbour(&target, number).unwrap().as_bytes(), expected.as_bytes());
        }
        assert!(neighbour(&RemotePath::new([b'x'; 255]).unwrap(), 2).is_err());
    }
}
