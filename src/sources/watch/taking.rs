//! From a look at files to intake: wanted, settled, old enough, with its done file, new.

use crate::{
    domain::Sighting,
    intake::{Judgement, Later},
    rules::Symlinks,
    sources::watch::{
        compare::{self, Compared, Comparing, Doubt},
        footing::Footing,
        keeper::Keeper,
        settling::{Hint, Stage},
        walk::Sight,
        wanted,
    },
    streams::beneath::{self, Facts, Kind, OpenError, Root},
};
use std::{os::unix::ffi::OsStrExt, time::Duration};
use tokio::{
    task::{JoinError, spawn_blocking},
    time::Instant,
};

/// After "later" intake is left alone this long.
const PATIENCE: Duration = Duration::from_secs(5);

/// A look at several files at once.
type Looked = Result<(Footing, Vec<Result<Facts, OpenError>>), OpenError>;

impl Keeper {
    /// Looks at these files now.
    pub async fn look(&mut self, files: Vec<(Box<[u8]>, Hint)>) {
        let paths: Vec<Box<[u8]>> = files.iter().map(|(path, _)| path.clone()).collect();
        let (footing, looks) = match self.look_at(paths).await {
            Ok(looked) => looked,
            Err(why) => {
                tracing::debug!(rule = self.rule.name, %why, "the folder cannot be looked at");
                files.iter().for_each(|(path, _)| self.settling.forget(path)); // a scan will meet them again
                self.hurry = Some(Instant::now());
                return;
            }
        };
        if self.footing.as_ref().is_some_and(|before| *before != footing) {
            self.hurry = Some(Instant::now());
        }
        let mut sights = Vec::with_capacity(files.len());
        for ((path, hint), look) in files.into_iter().zip(looks) {
            match look {
                Ok(facts) if self.is_news(&path, &facts, &footing) => sights.push((Sight { path, facts }, hint)),
                Err(OpenError::NotAFile(Kind::Folder)) => {
                    self.settling.forget(&path);
                    if self.rule.when.recursive && !self.rule.when.filter.ignores(&path) {
                        self.folders.insert(path);
                    }
                }
                Ok(_) | Err(_) => self.settling.forget(&path),
            }
        }
        self.meet(sights).await;
    }

    fn is_news(&self, path: &[u8], facts: &Facts, footing: &Footing) -> bool {
        if !self.rule.when.filter.wants(path) || self.ledger.meet(path, &facts.identity) {
            return false;
        }
        let is_foreign = self.rule.when.is_foreign_link(facts.links, facts.owner, footing.owner);
        if is_foreign {
            self.refusals.refuse(&self.rule.name, path, facts);
        }
        !is_foreign
    }

    /// These files are there and are not known: takes what has settled.
    pub async fn meet(&mut self, sights: Vec<(Sight, Hint)>) {
        let (now, wall) = (Instant::now(), self.clock.now());
        let (mut settled, mut passed_over) = (Vec::new(), Vec::new());
        for (Sight { path, facts }, hint) in sights {
            let watch = &self.rule.when;
            if !watch.has_wanted_size(facts.identity.size_bytes) {
                self.settling.forget(&path);
                continue;
            }
            let sighting = self.sighting(&path, &facts);
            if self.ledger.is_passed_over(&facts.identity, wall) {
                passed_over.push(sighting);
                continue;
            }
            let Some(unchanged_for) = self.settling.sight(&path, &facts.identity, hint, now) else { continue };
            match wanted::too_young_for(watch, &facts.identity, unchanged_for, wall) {
                Some(left) => self.settling.hold(&path, Stage::Waiting, Some(now + left)),
                None => settled.push(sighting),
            }
        }
        if self.rule.when.done_file.is_some() {
            settled = self.with_done_file(settled, &mut passed_over).await;
        }
        self.take(settled).await;
        self.pass_over(passed_over).await;
    }

    fn sighting(&self, path: &[u8], facts: &Facts) -> Sighting {
        Sighting {
            folder: self.rule.when.folder.as_os_str().as_bytes().to_vec(),
            path: path.to_vec(),
            identity: facts.identity,
        }
    }

    /// Those that have their done file beside them; the done file itself is remembered and is no arrival.
    async fn with_done_file(&mut self, settled: Vec<Sighting>, passed_over: &mut Vec<Sighting>) -> Vec<Sighting> {
        let again = Instant::now() + self.rule.when.rescan;
        let mut done_files: Vec<(Sighting, Box<[u8]>)> = Vec::new();
        for sighting in settled {
            match self.rule.when.done_file_of(&sighting.path) {
                Some(done) if done == sighting.path => passed_over.push(sighting),
                Some(done) => done_files.push((sighting, done.into())),
                None => self.settling.hold(&sighting.path, Stage::Waiting, Some(again)),
            }
        }
        let paths = done_files.iter().map(|(_, done)| done.clone()).collect();
        let looks = match self.look_at(paths).await {
            Ok((_, looks)) => looks,
            Err(_) => done_files.iter().map(|_| Err(OpenError::Gone)).collect(),
        };
        let mut ready = Vec::new();
        for ((sighting, done), look) in done_files.into_iter().zip(looks) {
            match look {
                Ok(facts) => {
                    if self.rule.when.filter.wants(&done) && !self.ledger.meet(&done, &facts.identity) {
                        passed_over.push(self.sighting(&done, &facts));
                    }
                    ready.push(sighting);
                }
                Err(_) => {
                    self.settling.hold(&sighting.path, Stage::Waiting, Some(again));
                    self.awaited.entry(done.into_vec()).or_default().insert(sighting.path.into());
                }
            }
        }
        ready
    }

    /// Offers settled files to intake, once it is clear that they are new.
    async fn take(&mut self, settled: Vec<Sighting>) {
        let mut new = Vec::with_capacity(settled.len());
        for sighting in settled {
            match self.ledger.judge(&sighting).await {
                Ok(Judgement::Known) => self.settling.forget(&sighting.path),
                Ok(Judgement::New) => new.push(sighting),
                Ok(Judgement::IfHashed(sha256)) => {
                    self.settling.hold(&sighting.path, Stage::Held, None);
                    if self.doubted.insert(sighting.path.clone()) {
                        self.doubts.push((sighting, sha256));
                    }
                }
                Err(why) => self.later(&[sighting], &why.into()),
            }
        }
        if new.is_empty() {
            return;
        }
        match self.intake.take(&self.ledger, &new).await {
            Ok(()) => self.taken(&new),
            Err(why) => self.later(&new, &why),
        }
    }

    async fn pass_over(&mut self, sightings: Vec<Sighting>) {
        if sightings.is_empty() {
            return;
        }
        match self.intake.pass_over(&self.ledger, &sightings).await {
            Ok(()) => self.taken(&sightings),
            Err(why) => self.later(&sightings, &why),
        }
    }

    fn taken(&mut self, sightings: &[Sighting]) {
        sightings.iter().for_each(|sighting| self.settling.forget(&sighting.path));
        self.shut_until = None;
        self.said.later = None;
    }

    /// They stay in mind and are offered again.
    fn later(&mut self, sightings: &[Sighting], why: &Later) {
        let until = Instant::now() + PATIENCE;
        if self.said.later.is_none() {
            tracing::warn!(rule = self.rule.name, %why, files = sightings.len(), "not taken in yet; tried again until it works");
        }
        self.said.later = Some(why.to_string());
        self.shut_until = Some(until);
        sightings.iter().for_each(|sighting| self.settling.hold(&sighting.path, Stage::Held, Some(until)));
        if let Some(scan) = &mut self.scan {
            scan.is_clean = false;
        }
    }

    /// Starts reading files whose bytes decide, if there are any and none are being read.
    pub fn begin_comparing(&mut self) {
        if self.comparing.is_some() || self.doubts.is_empty() {
            return;
        }
        let (rule, cancel) = (self.rule.clone(), self.cancel.clone());
        let doubts = std::mem::take(&mut self.doubts);
        let read = move |doubts| compare::compare(symlinks(rule.when.symlinks), doubts, &cancel);
        self.comparing = Some(Comparing::begin(doubts, read));
    }

    /// Files were read: the same bytes are known, others are new.
    pub async fn compared(&mut self, ended: Result<(Vec<Compared>, Vec<Doubt>), JoinError>) {
        let Some(mut comparing) = self.comparing.take() else { return };
        let (compared, rest) = ended.unwrap_or_else(|why| {
            tracing::error!(rule = self.rule.name, %why, "a comparison broke off; its files are looked at again after `rescan`");
            (comparing.unclear(), Vec::new())
        });
        self.doubts.extend(rest);
        let (mut same, mut different) = (Vec::new(), Vec::new());
        for file in compared {
            match file {
                Compared::Same(doubt) => {
                    self.doubted.remove(&doubt.0.path);
                    same.push(doubt);
                }
                Compared::Different(sighting) => {
                    self.doubted.remove(&sighting.path);
                    different.push(sighting);
                }
                Compared::Unclear(sighting) => {
                    self.doubted.remove(&sighting.path);
                    let again = Instant::now() + self.rule.when.rescan;
                    self.settling.hold(&sighting.path, Stage::Waiting, Some(again));
                }
            }
        }
        let paths: Vec<Sighting> = same.iter().map(|(sighting, _)| sighting.clone()).collect();
        match self.ledger.follow(same).await {
            Ok(()) => self.taken(&paths),
            Err(why) => self.later(&paths, &why.into()),
        }
        if !different.is_empty() {
            match self.intake.take(&self.ledger, &different).await {
                Ok(()) => self.taken(&different),
                Err(why) => self.later(&different, &why),
            }
        }
    }

    /// Those of `paths` that are really not there; `Err` if the folder itself is not the one that was scanned.
    pub async fn confirm_gone(&self, paths: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, String> {
        if paths.is_empty() {
            return Ok(paths);
        }
        let looked = self.look_at(paths.iter().map(|path| path.as_slice().into()).collect()).await;
        let (footing, looks) = looked.map_err(|why| why.to_string())?;
        if self.footing.as_ref() != Some(&footing) {
            return Err("the folder was replaced while it was read".to_owned());
        }
        let gone = paths
            .into_iter()
            .zip(looks)
            .filter(|(_, look)| matches!(look, Err(OpenError::Gone | OpenError::NotAFile(_))));
        Ok(gone.map(|(path, _)| path).collect())
    }

    async fn look_at(&self, paths: Vec<Box<[u8]>>) -> Looked {
        let rule = self.rule.clone();
        let look = move || {
            let root = Root::open(&rule.when.folder)?;
            let footing = Footing::of(root.as_fd()).map_err(|why| OpenError::RootMissing(why.into()))?;
            let symlinks = symlinks(rule.when.symlinks);
            Ok((footing, paths.iter().map(|path| root.look(path, symlinks)).collect()))
        };
        let stopped = |_| OpenError::Unreadable(std::io::ErrorKind::Interrupted.into());
        spawn_blocking(look).await.map_err(stopped)?
    }
}

pub(super) fn symlinks(wish: Symlinks) -> beneath::Symlinks {
    match wish {
        Symlinks::Skip => beneath::Symlinks::Refuse,
        Symlinks::Follow => beneath::Symlinks::Follow,
    }
}
