//! An arrival as intake hands it to the store: what was seen, and the jobs it becomes.

use crate::domain::{
    Identity, MailWishes, Moment, Owed, Priority, Reason, Ref, RemotePath, SaveWishes, Sha256, TakeAwayWishes, Wishes,
};

/// A settled file: where it lies and which version of it this is. Or a tick, see [`Sighting::tick`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// The watched folder, absolute; bytes as the file system has them.
    pub folder: Vec<u8>,
    /// Below the folder.
    pub path: Vec<u8>,
    pub identity: Identity,
}

/// What a rule's source brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arriving {
    File,
    /// A moment of its schedule.
    Tick,
    /// A message.
    Mail,
}

/// What stands in rows for the folder of a tick: no folder's name, for those are absolute.
pub(super) const SCHEDULE: &[u8] = b"schedule";
/// And for that of a message.
pub(super) const MAIL: &[u8] = b"mail";
/// And for a tick's name.
const TICK: &[u8] = b"tick";

impl Sighting {
    /// A moment of a rule's schedule in place of a file: it lies nowhere and has no bytes.
    #[must_use]
    pub fn tick(at: Moment) -> Self {
        Self::ticks(at, Some(at))
    }

    /// The ledger's line of a schedule that is covered up to `until`, and whose last arrival was the tick at `last`.
    #[must_use]
    pub fn ticks(until: Moment, last: Option<Moment>) -> Self {
        let in_ns = |moment: Moment| moment.0.saturating_mul(1_000_000);
        let identity = Identity { size_bytes: 0, mtime_ns: in_ns(until), inode: 0, ctime_ns: last.map_or(0, in_ns) };
        Self { folder: SCHEDULE.to_vec(), path: TICK.to_vec(), identity }
    }

    /// A message in place of a file: its subject is its name.
    #[must_use]
    pub fn message(subject: &str, size_bytes: u64) -> Self {
        let identity = Identity { size_bytes, mtime_ns: 0, inode: 0, ctime_ns: 0 };
        Self { folder: MAIL.to_vec(), path: subject.as_bytes().to_vec(), identity }
    }

    /// What its rule's source brings.
    #[must_use]
    pub fn arriving(&self) -> Arriving {
        match &self.folder[..] {
            SCHEDULE => Arriving::Tick,
            MAIL => Arriving::Mail,
            _ => Arriving::File,
        }
    }

    /// Whether it is a tick, and not a file.
    #[must_use]
    pub fn is_tick(&self) -> bool {
        self.folder == SCHEDULE
    }

    /// Of [`Sighting::ticks`]: up to when the schedule is covered, and the last tick that arrived.
    #[must_use]
    pub fn covered(identity: &Identity) -> (Moment, Option<Moment>) {
        let moment = |ns: i64| Moment(ns.div_euclid(1_000_000));
        (moment(identity.mtime_ns), Some(moment(identity.ctime_ns)).filter(|last| last.0 != 0))
    }
}

/// One arrival for one rule, with its jobs. Committed whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArrivalDraft {
    pub id: Ref,
    pub rule: String,
    /// Row of the rule's frozen text.
    pub rule_version: i64,
    /// Row of the (rule, folder) pair in the `seen` ledger.
    pub place: i64,
    pub sighting: Sighting,
    pub arrived_at: Moment,
    /// Of the file, where its bytes were read already.
    pub sha256: Option<Sha256>,
    /// The messages that its jobs carry, each by as many as it has recipients.
    pub letters: Vec<Letter>,
    /// Empty: seen and not wanted; remembered, so that it is not looked at again.
    pub jobs: Vec<JobDraft>,
    /// Its rule has steps for when all of them have ended.
    pub has_after: bool,
}

impl ArrivalDraft {
    /// One of which nothing is made: it only remembers what was looked at.
    #[must_use]
    pub fn passed_over(rule: &str, (rule_version, place): (i64, i64), sighting: Sighting, arrived_at: Moment) -> Self {
        Self {
            id: Ref::new(),
            rule: rule.to_owned(),
            rule_version,
            place,
            sighting,
            arrived_at,
            sha256: None,
            letters: Vec::new(),
            jobs: Vec::new(),
            has_after: false,
        }
    }
}

/// A message as it goes over the wire, or the text of a file; bytes of ours from its commit on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Of a message: RFC 5322, every line ended by CRLF.
    pub bytes: Vec<u8>,
    pub sha256: Sha256,
    /// What its rule mails once, whatever brings it in again.
    pub key: Option<String>,
}

impl Letter {
    /// Of these bytes, under no key.
    #[must_use]
    pub fn of(bytes: Vec<u8>) -> Self {
        Self { sha256: Sha256::of(&bytes), bytes, key: None }
    }
}

/// What a job does at its server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Errand {
    Upload {
        /// `None` only for a job that failed because its path could not be rendered.
        target: Option<RemotePath>,
        /// Which of the arrival's letters is sent in place of its file; [`Wishes::is_text`] says whether one is.
        text: Option<usize>,
        wishes: Wishes,
    },
    Send {
        /// The envelope's; for a job that failed because its mail could not be made the first of them, or, if that is why, empty.
        recipient: String,
        /// Which of the arrival's letters; `None` for a mail that could not be made.
        letter: Option<usize>,
        wishes: MailWishes,
        /// To the sender of the message that it relays.
        owed: Owed,
    },
    /// A copy in a folder of this machine.
    Save {
        /// Absolute, without the first `/`; `None` as above.
        target: Option<RemotePath>,
        /// As of an upload; [`SaveWishes::is_text`].
        text: Option<usize>,
        wishes: SaveWishes,
    },
    /// The source is moved or deleted.
    TakeAway {
        /// Where it is moved to, as above; `None` when it is deleted.
        target: Option<RemotePath>,
        wishes: TakeAwayWishes,
    },
}

impl Errand {
    /// Whether it concerns the file where it lies.
    #[must_use]
    pub fn is_of_file(&self) -> bool {
        match self {
            Self::Send { .. } => false,
            Self::Upload { wishes, .. } => !wishes.is_text,
            Self::Save { wishes, .. } => !wishes.is_text,
            Self::TakeAway { .. } => true,
        }
    }

    /// Which of the arrival's letters it carries.
    #[must_use]
    pub fn letter(&self) -> Option<usize> {
        match self {
            Self::Send { letter, .. } | Self::Upload { text: letter, .. } | Self::Save { text: letter, .. } => *letter,
            Self::TakeAway { .. } => None,
        }
    }

    /// Where a file goes.
    #[must_use]
    pub fn target(&self) -> Option<&RemotePath> {
        match self {
            Self::Upload { target, .. } | Self::Save { target, .. } | Self::TakeAway { target, .. } => target.as_ref(),
            Self::Send { .. } => None,
        }
    }
}

/// A job to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobDraft {
    pub id: Ref,
    pub server: String,
    pub errand: Errand,
    pub priority: Priority,
    /// Place in the rule's `order`, 0 first.
    pub rank: i64,
    pub due_at: Moment,
    pub expires_at: Moment,
    /// Waits until the rule's job before it, for the same server, has ended; held or not, it keeps its place.
    pub is_in_order: bool,
    pub beginning: Beginning,
}

/// The state a job starts in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beginning {
    /// Queued, or waiting when an older job of the same target, or in strict order of the same rule, is open.
    Ready,
    /// Held, because the rule is paused.
    Paused,
    /// Failed at once, on record, with why and what to do.
    Refused(Reason, String),
}
