//! Which files are on their way to being settled: unchanged, by our own looks and on the monotonic clock, for long enough.

use crate::domain::Identity;
use std::{
    collections::{BTreeSet, HashMap, hash_map::RandomState},
    hash::BuildHasher,
    time::Duration,
};
use tokio::time::Instant;

/// How a file came to our notice; the later ones say more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hint {
    /// It is there; somebody may be writing it.
    Seen,
    /// It was closed after writing, or renamed in.
    Closed,
    /// Bytes and attributes are older than the rule asks, by the file system's own stamps, and we have only just started.
    Aged,
}

/// Why a file that is known to be there is not taken yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It may still change.
    Settling,
    /// Settled, but intake or the database said later, or its bytes are being compared.
    Held,
    /// Settled, but younger than `min_age` or without its done file: nobody waits for that.
    Waiting,
}

/// Looks are at least this far apart when nobody told us that the writer is done.
const APART: Duration = Duration::from_secs(1);
/// Files kept in mind at once, of those that settle and again of those that wait. A scan meets the others again.
const MOST: usize = 50_000;

/// The files on their way. Pure: every moment is an argument.
#[derive(Debug)]
pub(super) struct Settling {
    settled_for: Duration,
    epoch: Instant,
    key: RandomState,
    files: HashMap<u64, File>,
    due: BTreeSet<(u64, u64)>,
    waiting: usize,
    has_turned_away: bool,
}

#[derive(Debug)]
struct File {
    path: Box<[u8]>,
    print: u64,
    since_ms: u64,
    due_ms: Option<u64>,
    hint: Hint,
    stage: Stage,
}

impl Settling {
    pub fn new(settled_for: Duration, epoch: Instant) -> Self {
        let (key, files, due) = Default::default();
        Self { settled_for, epoch, key, files, due, waiting: 0, has_turned_away: false }
    }

    /// We looked at a file. `Some` when it is settled: how long it has been seen unchanged.
    pub fn sight(&mut self, path: &[u8], identity: &Identity, hint: Hint, now: Instant) -> Option<Duration> {
        let (name, print, now_ms) = (self.key.hash_one(path), self.key.hash_one(identity), self.ms(now));
        if self.settling() >= MOST && !self.files.contains_key(&name) {
            self.has_turned_away = true;
            return (hint == Hint::Aged).then_some(Duration::ZERO);
        }
        let (mut since_ms, mut hint) = (now_ms, hint);
        if let Some(file) = self.forget_due(name).filter(|file| file.print == print) {
            since_ms = file.since_ms;
            hint = hint.max(file.hint);
        }
        let span_ms = millis(self.span(hint));
        let is_settled = now_ms.saturating_sub(since_ms) >= span_ms;
        let due_ms = (!is_settled).then_some(since_ms + span_ms);
        self.put(name, File { path: path.into(), print, since_ms, due_ms, hint, stage: Stage::Settling });
        is_settled.then(|| Duration::from_millis(now_ms.saturating_sub(since_ms)))
    }

    /// It is settled and still not taken; to be looked at again at `due`, or when something happens to it.
    pub fn hold(&mut self, path: &[u8], stage: Stage, due: Option<Instant>) {
        if stage == Stage::Waiting && self.waiting >= MOST {
            return self.forget(path);
        }
        let name = self.key.hash_one(path);
        let due_ms = due.map(|due| self.ms(due));
        if let Some(file) = self.forget_due(name) {
            let file = File { path: file.path.clone(), due_ms, stage, ..*file };
            self.put(name, file);
        }
    }

    /// It is taken, known, gone or not wanted.
    pub fn forget(&mut self, path: &[u8]) {
        let name = self.key.hash_one(path);
        self.forget_due(name);
        if let Some(File { stage: Stage::Waiting, .. }) = self.files.remove(&name) {
            self.waiting -= 1;
        }
    }

    /// Whether there is room again after files were turned away: time for a scan. Says it once.
    pub fn wants_scan(&mut self) -> bool {
        let is_time = self.has_turned_away && self.settling() < MOST / 2;
        self.has_turned_away &= !is_time;
        is_time
    }

    /// When the next file wants to be looked at.
    pub fn next_due(&self) -> Option<Instant> {
        self.due.first().map(|(due_ms, _)| self.epoch + Duration::from_millis(*due_ms))
    }

    /// The files whose time has come, at most `limit`; they are asked for once.
    pub fn take_due(&mut self, now: Instant, limit: usize) -> Vec<(Box<[u8]>, Hint)> {
        let now_ms = self.ms(now);
        let due: Vec<_> = self.due.iter().take_while(|(due_ms, _)| *due_ms <= now_ms).take(limit).copied().collect();
        let mut paths = Vec::with_capacity(due.len());
        for (due_ms, name) in due {
            self.due.remove(&(due_ms, name));
            if let Some(file) = self.files.get_mut(&name) {
                file.due_ms = None;
                paths.push((file.path.clone(), file.hint));
            }
        }
        paths
    }

    /// How many will be taken in a while if nothing changes them.
    pub fn settling(&self) -> usize {
        self.files.len() - self.waiting
    }

    /// How many wait for their age or their done file.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    fn span(&self, hint: Hint) -> Duration {
        match hint {
            Hint::Seen => self.settled_for.max(APART),
            Hint::Closed => self.settled_for,
            Hint::Aged => Duration::ZERO,
        }
    }

    fn forget_due(&mut self, name: u64) -> Option<&mut File> {
        let file = self.files.get_mut(&name)?;
        if let Some(due_ms) = file.due_ms.take() {
            self.due.remove(&(due_ms, name));
        }
        Some(file)
    }

    fn put(&mut self, name: u64, file: File) {
        if let Some(due_ms) = file.due_ms {
            self.due.insert((due_ms, name));
        }
        self.waiting += usize::from(file.stage == Stage::Waiting);
        if let Some(File { stage: Stage::Waiting, .. }) = self.files.insert(name, file) {
            self.waiting -= 1;
        }
    }

    fn ms(&self, moment: Instant) -> u64 {
        millis(moment.saturating_duration_since(self.epoch))
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(version: i64) -> Identity {
        Identity { size_bytes: 1, mtime_ns: version, inode: 7, ctime_ns: version }
    }

    fn at(settled_for_ms: u64) -> (Settling, impl Fn(u64) -> Instant) {
        let epoch = Instant::now();
        (Settling::new(Duration::from_millis(settled_for_ms), epoch), move |ms| epoch + Duration::from_millis(ms))
    }

    #[test]
    fn a_file_is_settled_once_it_was_seen_unchanged_for_the_span() {
        // looks: (at ms, version, hint) and whether that look finds it settled
        for (settled_for, looks) in [
            (5000, &[(0, 1, Hint::Closed, false), (4999, 1, Hint::Seen, false), (5000, 1, Hint::Seen, true)][..]),
            (5000, &[(0, 1, Hint::Seen, false), (5000, 2, Hint::Seen, false), (9999, 2, Hint::Seen, false)]),
            (5000, &[(0, 1, Hint::Seen, false), (5000, 2, Hint::Seen, false), (10_000, 2, Hint::Seen, true)]),
            (0, &[(0, 1, Hint::Closed, true)]),
            (0, &[(0, 1, Hint::Seen, false), (500, 1, Hint::Seen, false), (1000, 1, Hint::Seen, true)]),
            (0, &[(0, 1, Hint::Seen, false), (5, 2, Hint::Closed, true)]),
            (100, &[(0, 1, Hint::Closed, false), (100, 1, Hint::Seen, true)]),
            (5000, &[(0, 1, Hint::Aged, true)]),
        ] {
            let (mut settling, moment) = at(settled_for);
            for (ms, version, hint, is_settled) in looks {
                let settled = settling.sight(b"a", &identity(*version), *hint, moment(*ms));
                assert_eq!(settled.is_some(), *is_settled, "settled_for {settled_for}: {looks:?} at {ms}");
            }
        }
    }

    #[test]
    fn due_files_are_asked_for_once_and_in_order() {
        let (mut settling, moment) = at(5000);
        settling.sight(b"b", &identity(1), Hint::Seen, moment(10));
        settling.sight(b"a", &identity(1), Hint::Seen, moment(0));
        assert_eq!(settling.next_due(), Some(moment(5000)));
        assert_eq!(settling.take_due(moment(4999), 9), []);
        assert_eq!(settling.take_due(moment(6000), 1), [(b"a"[..].into(), Hint::Seen)]);
        assert_eq!(settling.take_due(moment(6000), 9), [(b"b"[..].into(), Hint::Seen)]);
        assert_eq!(settling.next_due(), None);
        assert_eq!(settling.settling(), 2);
    }

    #[test]
    fn too_many_at_once_are_turned_away_until_there_is_room() {
        let (mut settling, moment) = at(5000);
        for number in 0..=MOST {
            settling.sight(&number.to_be_bytes(), &identity(1), Hint::Seen, moment(0));
        }
        assert_eq!((settling.settling(), settling.wants_scan()), (MOST, false));
        assert!(settling.sight(b"old", &identity(1), Hint::Aged, moment(0)).is_some());
        for number in 0..=MOST / 2 {
            settling.forget(&number.to_be_bytes());
        }
        assert_eq!((settling.wants_scan(), settling.wants_scan()), (true, false));
    }

    #[test]
    fn what_waits_for_others_is_counted_apart() {
        let (mut settling, moment) = at(0);
        settling.sight(b"a", &identity(1), Hint::Closed, moment(0));
        settling.sight(b"b", &identity(1), Hint::Closed, moment(0));
        settling.hold(b"a", Stage::Waiting, Some(moment(70)));
        settling.hold(b"a", Stage::Waiting, Some(moment(90)));
        settling.hold(b"b", Stage::Held, Some(moment(80)));
        assert_eq!((settling.settling(), settling.waiting(), settling.next_due()), (1, 1, Some(moment(80))));
        settling.forget(b"a");
        settling.forget(b"b");
        assert_eq!((settling.settling(), settling.waiting(), settling.next_due()), (0, 0, None));
    }
}
