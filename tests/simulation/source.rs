//! What stands for a watched folder's source: it looks, asks the ledger, and hands what is new to intake.

use crate::truth::Truth;
use packetboat::{
    clock::Clock,
    domain::{Identity, Sha256, Sighting},
    intake::{Intake, Judgement, Later, Ledger},
    rules::Watching,
    simulation::note,
};
use sha2::Digest;
use std::{
    collections::BTreeMap,
    fs,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    sync::{Arc, Mutex},
};
use tokio::time::Instant;

/// Rules whose folders have been seen whole, since when.
pub type Seen = Mutex<BTreeMap<String, Instant>>;

pub struct Source {
    intake: Intake,
    ledgers: Vec<(Ledger, Watching)>,
    clock: Clock,
    truth: Arc<Mutex<Truth>>,
    seen: Arc<Seen>,
    /// One look at a time.
    looking: tokio::sync::Mutex<()>,
}

impl Source {
    pub async fn new(
        intake: Intake,
        rules: &[Watching],
        clock: Clock,
        (truth, seen): (Arc<Mutex<Truth>>, Arc<Seen>),
    ) -> Self {
        let mut ledgers = vec![];
        for rule in rules {
            ledgers.push((intake.ledger(rule.clone()).await.unwrap(), rule.clone()));
        }
        Self { intake, ledgers, clock, truth, seen, looking: tokio::sync::Mutex::default() }
    }

    /// Looks at every folder and hands in what is new.
    pub async fn look(&self) {
        let _one = self.looking.lock().await;
        for (number, (ledger, rule)) in self.ledgers.iter().enumerate() {
            match self.look_at(number, ledger, rule).await {
                Ok(()) => _ = self.seen.lock().unwrap().entry(rule.name.clone()).or_insert_with(Instant::now),
                Err(later) => note(format!("{}: {later}", rule.name)),
            }
        }
    }

    async fn look_at(&self, number: usize, ledger: &Ledger, rule: &Watching) -> Result<(), Later> {
        ledger.begin_scan();
        ledger.stand_on("ground");
        let (mut new, mut same) = (vec![], vec![]);
        for sighting in sightings(rule) {
            if ledger.meet(&sighting.path, &sighting.identity) {
                continue;
            }
            match ledger.judge(&sighting).await? {
                Judgement::Known => {}
                Judgement::New => new.push(sighting),
                Judgement::IfHashed(hash) => match hash_of(rule, &sighting) {
                    Some(found) if found == hash => same.push((sighting, hash)),
                    _ => new.push(sighting),
                },
            }
        }
        ledger.follow(same).await?;
        self.intake.take(ledger, &new).await?;
        for sighting in &new {
            let name = String::from_utf8_lossy(&sighting.path).into_owned();
            note(format!("{} took {name}", rule.name));
            self.truth.lock().unwrap().take(number, &name, sighting.identity.mtime_ns);
        }
        let mut after = None;
        loop {
            let (gone, on) = ledger.unmet(after).await?;
            let is_gone = |path: &Vec<u8>| !rule.when.folder.join(std::ffi::OsStr::from_bytes(path)).exists();
            ledger.mark_gone(gone.into_iter().filter(is_gone).collect(), self.clock.now()).await?;
            after = on;
            if after.is_none() {
                break;
            }
        }
        ledger.end_scan(self.clock.now()).await?;
        ledger.remember_ground().await?;
        Ok(())
    }
}

fn sightings(rule: &Watching) -> Vec<Sighting> {
    let entries = fs::read_dir(&rule.when.folder).unwrap().map(|entry| entry.unwrap().file_name());
    let is_ours = |name: &std::ffi::OsString| name.as_bytes().starts_with(b".pb-");
    let mut names: Vec<_> = entries.filter(|name| !is_ours(name)).collect();
    names.sort();
    let sighting = |name: std::ffi::OsString| {
        let found = fs::metadata(rule.when.folder.join(&name)).ok().filter(fs::Metadata::is_file)?;
        let nanoseconds = |seconds: i64, rest: i64| seconds * 1_000_000_000 + rest;
        let identity = Identity {
            size_bytes: found.len(),
            mtime_ns: nanoseconds(found.mtime(), found.mtime_nsec()),
            inode: found.ino(),
            ctime_ns: nanoseconds(found.ctime(), found.ctime_nsec()),
        };
        let folder = rule.when.folder.as_os_str().as_bytes().to_vec();
        Some(Sighting { folder, path: name.as_bytes().to_vec(), identity })
    };
    names.into_iter().filter_map(sighting).collect()
}

fn hash_of(rule: &Watching, sighting: &Sighting) -> Option<Sha256> {
    let bytes = fs::read(rule.when.folder.join(std::ffi::OsStr::from_bytes(&sighting.path))).ok()?;
    Some(Sha256(sha2::Sha256::digest(bytes).into()))
}
