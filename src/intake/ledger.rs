//! What one rule has seen in its folder, so that nothing is taken twice or forgotten.

use crate::{
    domain::{Identity, Moment, Sha256, Sighting},
    intake::{
        ground::Ground,
        prints::{Prints, Unmet},
    },
    rules::{Existing, Watching},
    store::{Place, Store, StoreError, Touched},
};
use std::{
    os::unix::ffi::OsStrExt,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tracing::warn;

/// The ledger of a rule and its folder. Shared between the walk, which asks, and intake, which commits.
#[derive(Debug)]
pub struct Ledger {
    pub(super) rule: Watching,
    pub(super) rule_version: i64,
    pub(super) place: Place,
    store: Store,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    prints: Prints,
    first_scan_at: Option<Moment>,
    /// Where everything known was last met.
    stood_on: Ground,
    /// The same as the place's row has it.
    remembered: Ground,
    /// The root of the last scan of this process.
    stands_on: Option<String>,
}

/// What a settled sighting is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    Known,
    New,
    /// Same size and mtime, other inode or ctime: known if the bytes have this hash, else new.
    IfHashed(Sha256),
}

/// Rows read at once.
const PAGE: u32 = 1000;

impl Ledger {
    pub(super) async fn load(
        store: Store,
        rule: Watching,
        rule_version: i64,
        place: Place,
    ) -> Result<Self, StoreError> {
        let mut prints = Prints::default();
        let mut after: Option<Vec<u8>> = None;
        loop {
            let rows = store.seen_after(place.id, after.as_deref(), PAGE).await?;
            rows.iter().filter(|row| !row.is_gone).for_each(|row| prints.load(&row.path, &row.identity));
            match rows.into_iter().last() {
                Some(last) => after = Some(last.path),
                None => break,
            }
        }
        let stood_on = place.ground.as_deref().map_or_else(Ground::default, |ground| {
            // unknown ground is the careful answer: nothing is called gone but what this process has met
            serde_json::from_str(ground).unwrap_or_else(|why| {
                warn!(rule = rule.name, %why, "what the folder stood on cannot be read");
                Ground::default()
            })
        });
        let remembered = stood_on.clone();
        let known = Known { prints, first_scan_at: place.first_scan_at, stood_on, remembered, stands_on: None };
        Ok(Self { rule, rule_version, place, store, known: Mutex::new(known) })
    }

    /// A ledger that is only asked, beside whoever writes: for saying what a scan would take.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn for_asking(store: &Store, rule: Watching) -> Result<Self, StoreError> {
        let nothing = Place { id: -1, since: Moment(i64::MAX), first_scan_at: None, ground: None };
        let place = store.find_place(&rule.name, folder_of(&rule)).await?.unwrap_or(nothing);
        Self::load(store.clone(), rule, -1, place).await
    }

    #[must_use]
    pub fn rule(&self) -> &Watching {
        &self.rule
    }

    /// Nothing of all that is known was met by the scan, and what it stood on is not what that was last met on: a mount is missing, or
    /// somebody put an empty folder in the place of this one.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        let known = self.known();
        known.prints.len() > 0
            && known.prints.unmet(Unmet::Any) == known.prints.len()
            && known.stood_on.root != known.stands_on
    }

    /// How many files are known and not gone.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known().prints.len()
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Something is there under this path (so it is not gone). True if it is exactly what is known of it.
    pub fn meet(&self, path: &[u8], identity: &Identity) -> bool {
        self.known().prints.meet(path, identity)
    }

    /// Something is there under this path, not looked at because it is not wanted now; it is not gone.
    pub fn meet_unread(&self, path: &[u8]) {
        self.known().prints.meet_path(path);
    }

    /// Whether this file was there before the rule was, and the rule does not want such files.
    ///
    /// Younger than the rule is what changed after the rule was first loaded, up to now: a ctime of tomorrow says only
    /// that the clock was set back.
    #[must_use]
    pub fn is_passed_over(&self, identity: &Identity, now: Moment) -> bool {
        const TICK_MS: i64 = 10; // the kernel stamps files with a clock that is up to one tick behind
        let changed_at = identity.ctime_ns.div_euclid(1_000_000);
        self.rule.when.existing == Existing::Skip
            && self.known().first_scan_at.is_none()
            && (changed_at < self.place.since.0.saturating_sub(TICK_MS) || changed_at > now.0)
    }

    /// What a settled file is: DESIGN's rules of identity. Asks the database only about paths that are known.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn judge(&self, sighting: &Sighting) -> Result<Judgement, StoreError> {
        {
            let known = self.known();
            if known.prints.agrees(&sighting.path, &sighting.identity) {
                return Ok(Judgement::Known);
            }
            if !known.prints.has(&sighting.path) {
                return Ok(Judgement::New);
            }
        }
        let Some(row) = self.store.seen(self.place.id, &sighting.path).await? else { return Ok(Judgement::New) };
        if row.is_gone || sighting.identity.is_plainly_new(&row.identity) {
            return Ok(Judgement::New);
        }
        if sighting.identity.is_same(&row.identity) {
            self.known().prints.learn(&sighting.path, &sighting.identity);
            return Ok(Judgement::Known);
        }
        Ok(row.sha256.map_or(Judgement::New, Judgement::IfHashed))
    }

    /// The same bytes under another inode or ctime: the ledger follows.
    ///
    /// # Errors
    /// When the database refuses; then they will be compared again.
    pub async fn follow(&self, same: Vec<(Sighting, Sha256)>) -> Result<(), StoreError> {
        let touched = |(sighting, sha256): &(Sighting, Sha256)| Touched {
            path: sighting.path.clone(),
            identity: sighting.identity,
            sha256: *sha256,
        };
        self.store.touch_seen(self.place.id, same.iter().map(touched).collect()).await?;
        let mut known = self.known();
        same.iter().for_each(|(sighting, _)| known.prints.learn(&sighting.path, &sighting.identity));
        Ok(())
    }

    pub(super) fn learn(&self, committed: &[Sighting]) {
        let mut known = self.known();
        committed.iter().for_each(|sighting| known.prints.learn(&sighting.path, &sighting.identity));
    }

    /// A scan of the whole folder begins.
    pub fn begin_scan(&self) {
        self.known().prints.begin_turn();
    }

    /// The scan stands on this ground; to be said before what it finds.
    pub fn stand_on(&self, root: &str) {
        let known = &mut *self.known();
        if known.stands_on.as_deref().is_some_and(|before| before != root) {
            known.prints.change_ground();
        }
        if known.stood_on.root.as_deref().is_some_and(|before| before != root) {
            known.stood_on.root = None; // from here on the files known are scattered over two grounds
        }
        known.stands_on = Some(root.to_owned());
    }

    /// Another file system is mounted on this folder below the root.
    pub fn note_mount(&self, path: &[u8]) {
        self.known().stood_on.mounts.insert(path.to_vec());
    }

    /// The next known paths after `after` that the scan, which was complete, did not meet and may call gone, and where to
    /// go on; to be looked for once more before [`Ledger::mark_gone`].
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn unmet(&self, after: Option<Vec<u8>>) -> Result<(Vec<Vec<u8>>, Option<Vec<u8>>), StoreError> {
        if after.is_none() && self.known().unmet() == 0 {
            return Ok((Vec::new(), None));
        }
        let rows = self.store.seen_after(self.place.id, after.as_deref(), PAGE).await?;
        let on = rows.last().map(|row| row.path.clone());
        let known = self.known();
        let paths = rows.into_iter().filter(|row| !row.is_gone).map(|row| row.path);
        Ok((paths.filter(|path| known.may_be_gone(path)).collect(), on))
    }

    /// These are gone: their next appearance is new.
    ///
    /// # Errors
    /// When the database refuses; then the next scan misses them again.
    pub async fn mark_gone(&self, paths: Vec<Vec<u8>>, now: Moment) -> Result<(), StoreError> {
        if paths.is_empty() {
            return Ok(());
        }
        self.store.mark_gone(self.place.id, paths.clone(), now).await?;
        let mut known = self.known();
        paths.iter().for_each(|path| known.prints.forget(path));
        Ok(())
    }

    /// The scan was complete, and all that it found and that had settled is committed.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn end_scan(&self, now: Moment) -> Result<(), StoreError> {
        if self.known().first_scan_at.is_none() {
            self.store.place_scanned(self.place.id, now).await?;
            self.known().first_scan_at = Some(now);
        }
        Ok(())
    }

    /// Remembers over a restart what the folder stands on; to be called after each scan, complete or not.
    ///
    /// # Errors
    /// When the database refuses; to be called again after the next scan.
    pub async fn remember_ground(&self) -> Result<(), StoreError> {
        let ground = {
            let known = &mut *self.known();
            if known.prints.unmet(Unmet::Any) == 0 {
                known.stood_on.root.clone_from(&known.stands_on);
            }
            if known.stood_on == known.remembered {
                return Ok(());
            }
            known.stood_on.clone()
        };
        let text = serde_json::to_string(&ground).unwrap_or_default();
        self.store.place_stands_on(self.place.id, text).await?;
        self.known().remembered = ground;
        Ok(())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// On the ground where all were last met, all that is not met is missed; on other ground only what was met there.
    fn missed(&self) -> Unmet {
        let is_where_it_stood = self.stands_on.is_some() && self.stands_on == self.stood_on.root;
        if is_where_it_stood { Unmet::Any } else { Unmet::SeenHere }
    }

    fn unmet(&self) -> usize {
        self.prints.unmet(self.missed())
    }

    fn may_be_gone(&self, path: &[u8]) -> bool {
        self.prints.is_unmet(path, self.missed()) && self.stood_on.bears(path)
    }
}

/// The rule's folder as bytes.
pub(super) fn folder_of(rule: &Watching) -> &[u8] {
    rule.when.folder.as_os_str().as_bytes()
}
