//! The only door in: settled sightings and ticks become arrivals, durable when the answer comes.

use crate::{
    clock::Clock,
    domain::{ArrivalDraft, Sha256, Sighting, Stage},
    faults,
    intake::{Ledger, ledger::folder_of, room::Room},
    rules::{self, Context, Fetched, Supply, Watching},
    simulation::aside,
    store::{Arrive, Store, StoreError},
    streams::{beneath::Symlinks, whole},
};
use std::{path::Path, sync::Arc};
use tokio::task::JoinError;

/// The door. Cheap to clone; all sources share one.
#[derive(Debug, Clone)]
pub struct Intake(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub store: Store,
    pub clock: Clock,
    pub node: String,
    room: Room,
}

/// Not now: the source keeps what it has and comes again.
#[derive(Debug, thiserror::Error)]
pub enum Later {
    #[error("the disk of `storage` has {free_bytes} bytes left, less than `limits: disk_free`")]
    NoRoom { free_bytes: u64 },
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A defect of ours that one file showed.
    #[error("reading a file broke off: {0}")]
    Broken(String),
}

impl Later {
    pub(super) fn broken(why: JoinError) -> Self {
        Self::Broken(why.to_string())
    }
}

/// Arrivals in one request to the store: it goes on with others' requests in between.
const BATCH: usize = 256;
/// What is larger is not read for its hash alone.
const MOST_HASHED: u64 = 1 << 30;
/// And their jobs, or a few more: a mail may have many recipients.
const JOBS: usize = 512;

impl Intake {
    /// `disk_free`: bytes below which nothing is taken in. `storage` is where the store lies.
    #[must_use]
    pub fn new(store: Store, clock: Clock, node: String, storage: &Path, disk_free: u64) -> Self {
        let room = Room::new(storage.to_owned(), disk_free);
        Self(Arc::new(Inner { store, clock, node, room }))
    }

    /// The ledger of a rule: its frozen text gets a row, and what its folder has shown before is read.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn ledger(&self, rule: Watching) -> Result<Ledger, StoreError> {
        let Inner { store, clock, .. } = &*self.0;
        let version = store.rule_version(&rule.name, rule.sha256, &rule.text, clock.now()).await?;
        let place = store.place(&rule.name, folder_of(&rule), clock.now()).await?;
        Ledger::load(store.clone(), rule, version, place).await
    }

    /// Takes settled files in. When it returns well, all of them survive a power cut, and the ledger knows them.
    ///
    /// # Errors
    /// [`Later`]; then some of them may have been committed, and the ledger knows which. To be repeated by the source.
    pub async fn take(&self, ledger: &Ledger, sightings: &[Sighting]) -> Result<(), Later> {
        let now = self.0.clock.now();
        if ledger.rule.needs_files(Stage::Then) {
            for sighting in sightings {
                self.0.check_room()?;
                self.0.take_whole(ledger, sighting, now).await?;
            }
            return Ok(());
        }
        for batch in sightings.chunks(BATCH) {
            self.0.check_room()?;
            let supply = Supply { content: &Fetched::Nothing, attachment: whole::attachment };
            let context = Context::kept(&self.0.node, (ledger.rule_version, ledger.place.id), now, supply);
            let hashes = self.0.hashes(&ledger.rule, batch).await?;
            let (mut begin, mut drafts, mut jobs) = (0, Vec::new(), 0);
            for ((at, sighting), sha256) in batch.iter().enumerate().zip(hashes) {
                let draft = ArrivalDraft { sha256, ..rules::plan(&ledger.rule, sighting, &context).arrival };
                jobs += draft.jobs.len();
                drafts.push(draft);
                if jobs >= JOBS {
                    self.0.commit(ledger, &batch[begin..=at], std::mem::take(&mut drafts)).await?;
                    (begin, jobs) = (at + 1, 0);
                }
            }
            if !drafts.is_empty() {
                self.0.commit(ledger, &batch[begin..], drafts).await?;
            }
        }
        Ok(())
    }

    /// Remembers files that were there before the rule was and are not wanted: known from now on, no arrivals.
    ///
    /// # Errors
    /// [`Later`], as [`Intake::take`].
    pub async fn pass_over(&self, ledger: &Ledger, sightings: &[Sighting]) -> Result<(), Later> {
        let (now, of) = (self.0.clock.now(), (ledger.rule_version, ledger.place.id));
        for batch in sightings.chunks(BATCH) {
            let draft = |seen: &Sighting| ArrivalDraft::passed_over(&ledger.rule.name, of, seen.clone(), now);
            self.0.commit(ledger, batch, batch.iter().map(draft).collect()).await?;
        }
        Ok(())
    }
}

impl Inner {
    pub(super) fn check_room(&self) -> Result<(), Later> {
        self.room.check().map_err(|free_bytes| Later::NoRoom { free_bytes })
    }

    /// Of files that no delivery will hash: so that a change of their attributes alone is no new version.
    pub(super) async fn hashes(&self, rule: &Watching, sightings: &[Sighting]) -> Result<Vec<Option<Sha256>>, Later> {
        if rule.sends_its_file() {
            return Ok(vec![None; sightings.len()]);
        }
        let sightings = sightings.to_vec();
        let hash = |seen: &Sighting| {
            let is_small = seen.identity.size_bytes <= MOST_HASHED;
            is_small.then(|| whole::hash(seen, Symlinks::Follow, || false)).flatten()
        };
        aside(move || sightings.iter().map(hash).collect()).await.map_err(Later::broken)
    }

    pub(super) async fn commit(
        &self,
        ledger: &Ledger,
        batch: &[Sighting],
        arrivals: Vec<ArrivalDraft>,
    ) -> Result<(), Later> {
        self.arrive(arrivals).await?;
        ledger.learn(batch);
        Ok(())
    }

    pub(super) async fn arrive(&self, arrivals: Vec<ArrivalDraft>) -> Result<(), StoreError> {
        faults::kill_point("intake.before_commit");
        self.store.arrive(Arrive { node: self.node.clone(), arrivals }).await?;
        faults::kill_point("intake.after_commit");
        Ok(())
    }
}
