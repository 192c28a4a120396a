//! The store's promises on a real database in a folder of its own.

mod arrivals;
mod claims;
mod ends;
mod history;
mod lifecycle;
mod messages;
mod operating;
mod owed;
mod pauses;
mod plans;
mod reading;
mod sessions;
mod unknown;
mod unplanned;
mod writing;

use super::*;
use crate::domain::{
    ArrivalDraft, Beginning, Delivered, Errand, Identity, JobDraft, JobState, Moment, OnExists, Priority, Proof,
    ProofWish, Receipt, Ref, RemotePath, Resume, Retry, Settlement, Sha256, Sighting, Times, Wishes,
};
use std::{sync::Arc, time::Duration};

pub(super) const NOW: Moment = Moment(1_000_000_000);

/// With every rule going.
pub(super) fn operation(verb: JobVerb, rehearsal: Rehearsal, now: Moment) -> Operation {
    Operation { verb, rehearsal, now, paused_in_file: vec![] }
}

/// A store with a session, in a folder that goes with it.
pub(super) struct Desk {
    pub folder: tempfile::TempDir,
    pub store: Store,
    pub session: SessionId,
    place: i64,
    rule_version: i64,
}

impl Desk {
    pub async fn new() -> Self {
        Self::at(tempfile::tempdir().unwrap()).await
    }

    pub async fn at(folder: tempfile::TempDir) -> Self {
        let store = Store::open(folder.path()).await.unwrap();
        let session = store.begin_session("here", NOW).await.unwrap();
        let place = store.place("dumps", b"/src", NOW).await.unwrap().id;
        let rule_version = store.rule_version("dumps", Sha256([7; 32]), "when: …", NOW).await.unwrap();
        Self { folder, store, session, place, rule_version }
    }

    /// The process dies and another takes over the storage.
    pub async fn restart(self) -> Self {
        let Self { folder, store, .. } = self;
        store.close().await;
        drop(store);
        Self::at(folder).await
    }

    pub fn draft(&self, path: &str, version: i64) -> ArrivalDraft {
        ArrivalDraft {
            id: Ref::new(),
            rule: "dumps".into(),
            rule_version: self.rule_version,
            place: self.place,
            sighting: Sighting { folder: b"/src".into(), path: path.into(), identity: identity(version) },
            arrived_at: NOW,
            sha256: None,
            letters: vec![],
            jobs: vec![job("offsite", path)],
            has_after: false,
        }
    }

    pub async fn arrive(&self, arrivals: Vec<ArrivalDraft>) {
        self.store.arrive(Arrive { node: "here".into(), arrivals }).await.unwrap();
    }

    pub async fn claim(&self, parcels: u32) -> Vec<ClaimedJob> {
        self.claim_at(parcels, NOW).await
    }

    pub async fn claim_at(&self, parcels: u32, now: Moment) -> Vec<ClaimedJob> {
        let ask = Ask { queue: queue(), parcels, retry: retry() };
        let parcels = self.store.claim(self.session, vec![ask], now).await.unwrap();
        parcels.into_iter().flat_map(|parcel| parcel.jobs).collect()
    }

    pub async fn settle(&self, job: ClaimedJob, state: JobState) -> Settled {
        self.store.settle(Arc::new(vec![settle(self.session, job, state)])).await.unwrap()[0]
    }

    /// States of all jobs with their targets, oldest first.
    pub async fn states(&self) -> Vec<(String, String)> {
        use sqlx::Row;
        let rows =
            sqlx::query("SELECT target, state FROM jobs ORDER BY id").fetch_all(self.store.readers()).await.unwrap();
        rows.iter().map(|row| (String::from_utf8(row.get("target")).unwrap(), row.get("state"))).collect()
    }

    pub async fn raw(&self, text: &'static str) {
        let path = self.folder.path().join("packetboat.db");
        let mut db =
            sqlx::ConnectOptions::connect(&sqlx::sqlite::SqliteConnectOptions::new().filename(path)).await.unwrap();
        sqlx::query(text).execute(&mut db).await.unwrap();
    }

    pub async fn count(&self, table: &'static str) -> i64 {
        use sqlx::Row;
        let text = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        sqlx::query(text).fetch_one(self.store.readers()).await.unwrap().get(0)
    }
}

pub(super) fn identity(version: i64) -> Identity {
    Identity { size_bytes: 4, mtime_ns: version, inode: 1, ctime_ns: version }
}

pub(super) fn retry() -> Retry {
    Retry { first_wait: Duration::from_secs(30), longest_wait: Duration::from_secs(3600), attempts: None }
}

pub(super) fn job(server: &str, target: &str) -> JobDraft {
    JobDraft {
        id: Ref::new(),
        server: server.into(),
        errand: to(target),
        priority: Priority::Normal,
        rank: 0,
        due_at: NOW,
        expires_at: NOW.plus(Duration::from_secs(3600)),
        is_in_order: false,
        beginning: Beginning::Ready,
    }
}

/// An upload to this place.
pub(super) fn to(target: &str) -> Errand {
    let wishes = Wishes {
        on_exists: OnExists::Replace,
        proof: ProofWish::Size,
        times: Times::Keep,
        resume: Resume::WhenLarge,
        bandwidth: None,
        retry: retry(),
        deadline: Some(Duration::from_secs(3600)),
        is_text: false,
    };
    Errand::Upload { target: Some(RemotePath::new(target).unwrap()), text: None, wishes }
}

pub(super) fn upload(job: &ClaimedJob) -> &ClaimedUpload {
    let ClaimedErrand::Upload(upload) = &job.errand else { panic!("no upload") };
    upload
}

/// Where a claimed file goes, or to whom a message.
pub(super) fn target_of(job: &ClaimedJob) -> String {
    match &job.errand {
        ClaimedErrand::Upload(upload) => upload.target.to_string(),
        ClaimedErrand::Send(send) => send.recipient.clone(),
        ClaimedErrand::Webhook(post) => post.recipient.clone(),
        ClaimedErrand::Save(save) => save.target.to_string(),
        ClaimedErrand::TakeAway(away) => away.target.as_ref().map_or_else(String::new, ToString::to_string),
    }
}

pub(super) fn queue() -> QueueKey {
    QueueKey { server: "offsite".into(), priority: Priority::Normal, rule: "dumps".into(), rank: 0 }
}

pub(super) fn settle(session: SessionId, job: ClaimedJob, state: JobState) -> Settle {
    let delivered = Delivered {
        remote_path: RemotePath::new(target_of(&job)).ok(),
        size_bytes: 4,
        sha256: Sha256([9; 32]),
        proof: Proof::Size,
        reply: "226 done".into(),
        sent_bytes: 4,
        tls: None,
        litter: None,
    };
    let receipt = (state == JobState::Delivered).then(|| Receipt {
        job: job.job,
        rule: job.rule.clone(),
        server: job.server.clone(),
        source_name: job.name.clone(),
        remote_path: delivered.remote_path,
        recipient: None,
        size_bytes: delivered.size_bytes,
        sha256: delivered.sha256,
        proof: delivered.proof,
        reply: delivered.reply,
        delivered_at: NOW,
    });
    Settle {
        session,
        settlement: Settlement { state, due_at: NOW, counted: true, reason: None, said: None },
        attempt: AttemptRow {
            started_at: NOW,
            ended_at: NOW,
            outcome: if state == JobState::Delivered { TryOutcome::Delivered } else { TryOutcome::Deferred },
            kind: None,
            code: None,
            said: None,
            tls: None,
            bytes: 4,
        },
        job,
        receipt,
        litter: None,
        taken: None,
    }
}
