//! A job that was claimed: all that its try is told of it, from its row.

use crate::{
    domain::{
        Identity, MailWishes, Moment, OnUnknown, Priority, Reason, Ref, RemotePath, Retry, SaveWishes, TakeAwayWishes,
        WebhookWishes, Wishes,
    },
    store::{QueueKey, litter::temporary_name, seen::identity_from},
};
use serde::de::DeserializeOwned;
use sqlx::{Row, sqlite::SqliteRow};
use std::sync::Arc;

/// A job that is ours until it is settled.
#[derive(Debug, Clone)]
pub struct ClaimedJob {
    pub(super) id: i64,
    pub(super) claim_no: i64,
    pub job: Ref,
    pub rule: String,
    pub server: String,
    pub priority: Priority,
    pub rank: i64,
    pub parcel: Option<i64>,
    /// The source below its folder.
    pub name: Vec<u8>,
    pub errand: ClaimedErrand,
    pub expires_at: Moment,
    pub claimed_at: Moment,
    pub counted_tries: u32,
    /// What its last attempt left.
    pub reason: Option<Reason>,
}

/// What is to be done.
#[derive(Debug, Clone)]
pub enum ClaimedErrand {
    Upload(ClaimedUpload),
    Send(ClaimedSend),
    Save(ClaimedSave),
    TakeAway(ClaimedTakeAway),
    Webhook(ClaimedPost),
}

/// A file where it lies.
#[derive(Debug, Clone)]
pub struct ClaimedSource {
    pub(super) place: Option<i64>,
    /// The watched folder, absolute.
    pub folder: Vec<u8>,
    /// Below it.
    pub name: Vec<u8>,
    /// The version of the file that the job names.
    pub identity: Identity,
}

/// A file to a server.
#[derive(Debug, Clone)]
pub struct ClaimedUpload {
    /// The row of its bytes.
    pub(super) payload: Option<i64>,
    pub source: ClaimedSource,
    pub target: RemotePath,
    /// In the target's folder.
    pub temporary_name: String,
    pub wishes: Wishes,
    /// It was claimed before under the same temporary name: something of it may be there.
    pub is_retry: bool,
}

/// A file to a folder of this machine.
#[derive(Debug, Clone)]
pub struct ClaimedSave {
    /// The row of its bytes.
    pub(super) payload: Option<i64>,
    pub source: ClaimedSource,
    /// Absolute, without the first `/`.
    pub target: RemotePath,
    /// In the target's folder.
    pub temporary_name: String,
    pub wishes: SaveWishes,
}

/// A source that is moved or deleted.
#[derive(Debug, Clone)]
pub struct ClaimedTakeAway {
    pub source: ClaimedSource,
    /// Where it is moved to, absolute, without the first `/`; `None` when it is deleted.
    pub target: Option<RemotePath>,
    pub wishes: TakeAwayWishes,
    /// It was claimed before: the source may be set aside.
    pub is_retry: bool,
    /// And the process died in the midst of it: the source may be gone where it was to go.
    pub was_cut_off: bool,
}

/// A letter for one recipient.
#[derive(Debug, Clone)]
pub struct ClaimedSend {
    pub(super) payload: i64,
    pub job: Ref,
    pub recipient: String,
    pub wishes: MailWishes,
    /// A small message comes with the first of its jobs: most mails are small, and each look for one costs as much as a claim.
    pub(super) message: Option<Arc<[u8]>>,
}

/// What a webhook is told.
#[derive(Debug, Clone)]
pub struct ClaimedPost {
    pub(super) payload: i64,
    /// The name of the webhook that was meant.
    pub recipient: String,
    pub wishes: WebhookWishes,
}

impl ClaimedJob {
    /// Whether it was claimed from this queue.
    #[must_use]
    pub fn is_of(&self, queue: &QueueKey) -> bool {
        let QueueKey { server, priority, rule, rank } = queue;
        (&self.server, self.priority, &self.rule, self.rank) == (server, *priority, rule, *rank)
    }

    /// The rule's waits, as they were at intake.
    #[must_use]
    pub fn retry(&self) -> Retry {
        match &self.errand {
            ClaimedErrand::Upload(upload) => upload.wishes.retry,
            ClaimedErrand::Send(send) => send.wishes.retry,
            ClaimedErrand::Save(save) => save.wishes.retry,
            ClaimedErrand::TakeAway(away) => away.wishes.retry,
            ClaimedErrand::Webhook(post) => post.wishes.retry,
        }
    }

    /// What its rule wants where it is not known whether a mail was taken.
    #[must_use]
    pub fn on_unknown(&self) -> OnUnknown {
        match &self.errand {
            ClaimedErrand::Send(send) => send.wishes.on_unknown,
            ClaimedErrand::Upload(_)
            | ClaimedErrand::Save(_)
            | ClaimedErrand::TakeAway(_)
            | ClaimedErrand::Webhook(_) => OnUnknown::Retry,
        }
    }

    /// The row of the letter that it carries.
    pub(super) fn letter(&self) -> Option<i64> {
        match &self.errand {
            ClaimedErrand::Send(send) => Some(send.payload),
            ClaimedErrand::Webhook(post) => Some(post.payload),
            ClaimedErrand::Upload(_) | ClaimedErrand::Save(_) | ClaimedErrand::TakeAway(_) => None,
        }
    }

    pub(super) fn queue(&self) -> QueueKey {
        let Self { server, priority, rule, rank, .. } = self;
        QueueKey { server: server.clone(), priority: *priority, rule: rule.clone(), rank: *rank }
    }
}

impl ClaimedJob {
    /// What of a row cannot be read: a later version wrote it, or somebody's hand. Jobs of one parcel are of one queue.
    pub(super) fn from_row(row: &SqliteRow, queue: &QueueKey, now: Moment) -> Result<Self, String> {
        let errand = match row.get("action") {
            "upload" => ClaimedErrand::Upload(ClaimedUpload::from_row(row)?),
            "send" => ClaimedErrand::Send(ClaimedSend::from_row(row)?),
            "save" => ClaimedErrand::Save(ClaimedSave::from_row(row)?),
            "after" => ClaimedErrand::TakeAway(ClaimedTakeAway::from_row(row)?),
            "webhook" => ClaimedErrand::Webhook(ClaimedPost::from_row(row)?),
            other => return Err(format!("action: {other}")),
        };
        Ok(Self {
            id: row.get("id"),
            claim_no: row.get("claim_no"),
            job: reference(row)?,
            rule: queue.rule.clone(),
            server: queue.server.clone(),
            priority: queue.priority,
            rank: queue.rank,
            parcel: row.get("parcel"),
            name: row.get::<Option<Vec<u8>>, _>("name").unwrap_or_default(), // a notice comes of no arrival
            errand,
            expires_at: row.get("expires_at"),
            claimed_at: now,
            counted_tries: row.get("counted_tries"),
            reason: row.get::<Option<&str>, _>("reason").and_then(Reason::from_word),
        })
    }
}

impl ClaimedSource {
    /// It lies where its rule watches: not where a step has moved it.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.place.is_some()
    }

    fn from_row(row: &SqliteRow) -> Self {
        Self {
            place: row.get("place_id"),
            folder: row.get::<Option<Vec<u8>>, _>("folder").unwrap_or_default(),
            name: row.get::<Option<Vec<u8>>, _>("name").unwrap_or_default(),
            identity: identity_from(row),
        }
    }
}

impl ClaimedUpload {
    fn from_row(row: &SqliteRow) -> Result<Self, String> {
        Ok(Self {
            payload: row.get("payload_id"),
            source: ClaimedSource::from_row(row),
            target: target(row)?.ok_or("it has no target")?,
            temporary_name: temporary_name(&row.get::<Vec<u8>, _>("temp_token")),
            wishes: wishes(row)?,
            is_retry: is_retry(row),
        })
    }
}

impl ClaimedSave {
    fn from_row(row: &SqliteRow) -> Result<Self, String> {
        Ok(Self {
            payload: row.get("payload_id"),
            source: ClaimedSource::from_row(row),
            target: target(row)?.ok_or("it has no target")?,
            temporary_name: temporary_name(&row.get::<Vec<u8>, _>("temp_token")),
            wishes: wishes(row)?,
        })
    }
}

impl ClaimedTakeAway {
    fn from_row(row: &SqliteRow) -> Result<Self, String> {
        Ok(Self {
            source: ClaimedSource::from_row(row),
            target: target(row)?,
            wishes: wishes(row)?,
            is_retry: is_retry(row),
            was_cut_off: row.get("was_cut_off"),
        })
    }
}

impl ClaimedSend {
    fn from_row(row: &SqliteRow) -> Result<Self, String> {
        Ok(Self {
            payload: row.get::<Option<i64>, _>("payload_id").ok_or("it has no message")?,
            job: reference(row)?,
            recipient: row.get::<Option<String>, _>("recipient").ok_or("it has no recipient")?,
            wishes: wishes(row)?,
            message: row.get::<Option<&[u8]>, _>("message").map(Arc::from),
        })
    }
}

impl ClaimedPost {
    fn from_row(row: &SqliteRow) -> Result<Self, String> {
        Ok(Self {
            payload: row.get::<Option<i64>, _>("payload_id").ok_or("it has nothing to tell")?,
            recipient: row.get::<Option<String>, _>("recipient").ok_or("it has no webhook")?,
            wishes: wishes(row)?,
        })
    }
}

fn reference(row: &SqliteRow) -> Result<Ref, String> {
    row.get::<Vec<u8>, _>("ref").try_into().map(Ref).map_err(|_| "ref: not 16 bytes".to_owned())
}

fn target(row: &SqliteRow) -> Result<Option<RemotePath>, String> {
    let target: Option<Vec<u8>> = row.get("target");
    target.map(|target| RemotePath::new(target).map_err(|why| format!("target: {why}"))).transpose()
}

fn wishes<T: DeserializeOwned>(row: &SqliteRow) -> Result<T, String> {
    serde_json::from_str(row.get("wishes")).map_err(|why| format!("wishes: {why}"))
}

fn is_retry(row: &SqliteRow) -> bool {
    row.get::<i64, _>("tries") > 1
}
