//! A teller on a real store, its clock driven.

mod deliveries;
mod digests;
mod expectations;
mod lateness;
mod missing;
mod outages;
mod templates;
mod webhooks;

use super::*;
use crate::{
    domain::{
        ArrivalDraft, Beginning, Errand, Identity, JobDraft, OnExists, Priority, Proof, ProofWish, Reason, Receipt,
        Ref, RemotePath, Resume, Retry, Settlement, Sha256, Sighting, Times, Wishes,
    },
    notices::Patience,
    rules,
    store::{
        Arrive, Ask, AttemptRow, ClaimedErrand, ClaimedJob, JobFilter, JobVerb, LaneRow, LaneState, Operation,
        QueueKey, Rehearsal, SessionId, Settle, TryOutcome, Which,
    },
};
use mail_parser::MessageParser;
use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

/// By rule.
type Seen = Arc<Mutex<BTreeMap<String, Duration>>>;

const MORNING: Moment = Moment(1_795_330_800_000); // 2026-11-22 07:00 UTC

struct Office {
    folder: tempfile::TempDir,
    /// How long ago the rules' folders were seen whole.
    seen: Seen,
    store: Store,
    session: SessionId,
    clock: Clock,
    teller: Teller,
    /// Mails that a relay has and has not answered.
    running: Mutex<Vec<ClaimedJob>>,
}

const RETRY: Retry = Retry { first_wait: EXPIRE_EVERY, longest_wait: EXPIRE_EVERY, attempts: None };

impl Office {
    async fn open(notices: &str) -> Self {
        Self::with(notices, "").await
    }

    /// One whose rule `dumps` says more, or all of it from its `when` on.
    async fn with(notices: &str, rule: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("rules")).unwrap();
        let template = folder.path().join("templates/ours");
        fs::create_dir_all(&template).unwrap();
        fs::write(template.join("subject.txt"), "{{ type }}, {{ data.host }}").unwrap();
        fs::write(template.join("text.txt"), "{{ data.rules | length }} rules. {{ text }}").unwrap();
        fs::write(template.join("html.html"), "<b>{{ subject }}</b>").unwrap();
        let store = folder.path().join("store");
        fs::create_dir(&store).unwrap();
        let store = Store::open(&store).await.unwrap();
        let (clock, seen) = (Clock::driven(MORNING), Seen::default());
        let session = store.begin_session("gate", MORNING).await.unwrap();
        let teller = teller(folder.path(), (&store, &clock, &seen), (notices, rule));
        let office = Self { folder, seen, store, session, clock, teller, running: Mutex::default() };
        office.see();
        office
    }

    /// Another configuration, as after a restart.
    fn configure(&mut self, notices: &str, rule: &str) {
        self.teller = teller(self.folder.path(), (&self.store, &self.clock, &self.seen), (notices, rule));
    }

    /// As after a restart with a server or a relay that has another name.
    fn rename(&mut self, from: &str, to: &str) {
        for file in ["packetboat.yaml", "rules/dumps.yaml"] {
            let file = self.folder.path().join(file);
            fs::write(&file, fs::read_to_string(&file).unwrap().replace(from, to)).unwrap();
        }
        self.teller = load(self.folder.path(), (&self.store, &self.clock, &self.seen));
    }

    /// Its folder is seen whole.
    fn see(&self) {
        self.seen.lock().unwrap().insert("dumps".into(), Duration::from_secs(3600));
    }

    /// The events of the incidents that are open.
    async fn open_events(&self) -> Vec<&'static str> {
        let (incidents, _) = self.store.incidents(self.clock.now(), Duration::ZERO).await.unwrap();
        incidents.iter().filter(|incident| incident.closed_at.is_none()).map(|incident| incident.event.word()).collect()
    }

    async fn pass(&self, seconds: i64) {
        self.clock.move_by(seconds * 1000);
        self.teller.look(Patience::Usual).await.unwrap();
    }

    async fn lane(&self, server: &str, state: LaneState) {
        let kind = (state == LaneState::Closed).then(|| "connect".to_owned());
        let said = kind.is_some().then(|| "refused".to_owned());
        let since = self.clock.now();
        let server = server.to_owned();
        let row = LaneRow { server, state, since, kind, said, retry_at: None, failures: 1, learned_limit: None };
        self.store.remember_lane(row).await.unwrap();
    }

    async fn arrives(&self, name: &str, size_bytes: u64) {
        self.arrive(vec![(name, size_bytes)]).await;
    }

    /// Files of these names and sizes, each with a job for `offsite`.
    async fn arrive(&self, files: Vec<(&str, u64)>) {
        let now = self.clock.now();
        let place = self.store.place("dumps", b"/tmp", now).await.unwrap().id;
        let rule_version = self.store.rule_version("dumps", Sha256([7; 32]), "when: …", now).await.unwrap();
        let arrivals = files.into_iter().map(|(name, size_bytes)| {
            let identity = Identity { size_bytes, mtime_ns: now.0, inode: 1, ctime_ns: now.0 };
            ArrivalDraft {
                id: Ref::new(),
                rule: "dumps".into(),
                rule_version,
                place,
                sighting: Sighting { folder: b"/tmp".into(), path: name.into(), identity },
                arrived_at: now,
                sha256: None,
                letters: vec![],
                jobs: vec![job(name, now)],
                has_after: false,
            }
        });
        self.store.arrive(Arrive { node: "gate".into(), arrivals: arrivals.collect() }).await.unwrap();
    }

    /// Everything that waits for `offsite` is there.
    async fn deliver(&self) {
        let queue = QueueKey { server: "offsite".into(), priority: Priority::Normal, rule: "dumps".into(), rank: 0 };
        self.settle(queue, Proof::Size).await;
    }

    /// Everything that waits for `offsite` is refused for good.
    async fn fail(&self) {
        let queue = QueueKey { server: "offsite".into(), priority: Priority::Normal, rule: "dumps".into(), rank: 0 };
        let ask = Ask { queue, parcels: 99, retry: RETRY };
        let now = self.clock.now();
        let parcels = self.store.claim(self.session, vec![ask], now).await.unwrap();
        let settled = parcels.into_iter().flat_map(|parcel| parcel.jobs).map(|job| Settle {
            session: self.session,
            settlement: Settlement {
                state: JobState::Failed,
                due_at: now,
                counted: true,
                reason: Some(Reason::Refused),
                said: Some("553 no".into()),
            },
            attempt: AttemptRow {
                started_at: now,
                ended_at: now,
                outcome: TryOutcome::Failed,
                kind: Some("refused"),
                code: Some(553),
                said: Some("553 no".into()),
                tls: None,
                bytes: 0,
            },
            receipt: None,
            litter: None,
            taken: None,
            job,
        });
        self.store.settle(Arc::new(settled.collect())).await.unwrap();
    }

    /// These mails have gone out.
    async fn arrived(&self, mails: &[(String, String)]) {
        assert!(!mails.is_empty());
        let running = self.running.lock().unwrap().drain(..).collect();
        self.record(running, Proof::Accepted).await;
    }

    async fn settle(&self, queue: QueueKey, proof: Proof) {
        loop {
            let ask = Ask { queue: queue.clone(), parcels: 99, retry: RETRY };
            let parcels = self.store.claim(self.session, vec![ask], self.clock.now()).await.unwrap();
            if parcels.is_empty() {
                return;
            }
            self.record(parcels.into_iter().flat_map(|parcel| parcel.jobs).collect(), proof).await;
        }
    }

    async fn record(&self, jobs: Vec<ClaimedJob>, proof: Proof) {
        let now = self.clock.now();
        let settled = jobs.into_iter().map(|job| Settle {
            session: self.session,
            settlement: Settlement { state: JobState::Delivered, due_at: now, counted: true, reason: None, said: None },
            attempt: AttemptRow {
                started_at: now,
                ended_at: now,
                outcome: TryOutcome::Delivered,
                kind: None,
                code: None,
                said: None,
                tls: None,
                bytes: 4,
            },
            receipt: Some(Receipt {
                job: job.job,
                rule: job.rule.clone(),
                server: "offsite".into(),
                source_name: job.name.clone(),
                remote_path: RemotePath::new(String::from_utf8(job.name.clone()).unwrap()).ok(),
                recipient: None,
                size_bytes: 4,
                sha256: Sha256([9; 32]),
                proof,
                reply: "226 done".into(),
                delivered_at: now,
            }),
            litter: None,
            taken: None,
            job,
        });
        self.store.settle(Arc::new(settled.collect())).await.unwrap();
    }

    /// The subjects and texts that wait for a relay; they are running from then on.
    async fn outbox(&self, relay: &str) -> Vec<(String, String)> {
        let queue = QueueKey { server: relay.into(), priority: Priority::High, rule: "notices".into(), rank: 0 };
        let ask = Ask { queue, parcels: 99, retry: RETRY };
        let mut mails = Vec::new();
        for parcel in self.store.claim(self.session, vec![ask], self.clock.now()).await.unwrap() {
            let ClaimedErrand::Send(send) = &parcel.jobs[0].errand else { panic!("no mail") };
            let bytes = self.store.letter(send).await.unwrap().unwrap();
            let message = MessageParser::default().parse(&bytes).unwrap();
            mails.push((message.subject().unwrap().to_owned(), message.body_text(0).unwrap().into_owned()));
            self.running.lock().unwrap().extend(parcel.jobs);
        }
        mails
    }
}

fn teller(folder: &Path, (store, clock, seen): (&Store, &Clock, &Seen), (notices, rule): (&str, &str)) -> Teller {
    let text = format!(
        "storage: store\ntime_zone: UTC\nservers:\n  offsite: {{ ftp: {{ host: ftp.example.com, user: u, password: {{ env: P }} }} }}\n  \
         main: {{ smtp: {{ host: smtp.example.com }} }}\n  backup: {{ smtp: {{ host: smtp2.example.com }} }}\n\
         mail: {{ from: gate@example.com, via: [main, backup] }}\n\
         webhooks: {{ crm: {{ url: 'https://crm.example.com/', secret: {{ env: P }} }} }}\nnotices: [{notices}]\n"
    );
    fs::write(folder.join("packetboat.yaml"), text).unwrap();
    let watch = "when: { watch: { folder: /tmp } }\nthen: [{ upload: { to: offsite } }]\n";
    let rule = format!("{}{rule}\n", if rule.starts_with("when:") { "" } else { watch });
    fs::write(folder.join("rules/dumps.yaml"), rule).unwrap();
    load(folder, (store, clock, seen))
}

fn load(folder: &Path, (store, clock, seen): (&Store, &Clock, &Seen)) -> Teller {
    let checked = rules::check_with(&folder.join("packetboat.yaml"), &|_| Some("p".into()));
    let (settings, rules) = checked.loaded.unwrap_or_else(|| panic!("{:#?}", checked.findings));
    let seen = seen.clone();
    let sight = Sight::new(move || seen.lock().unwrap().clone());
    Teller::new(store.clone(), (clock.clone(), sight), "gate".into(), (&settings, &rules))
}

fn job(name: &str, now: Moment) -> JobDraft {
    let deadline = Duration::from_secs(3 * 24 * 3600);
    let wishes = Wishes {
        on_exists: OnExists::Replace,
        proof: ProofWish::Size,
        times: Times::Keep,
        resume: Resume::Never,
        bandwidth: None,
        retry: RETRY,
        deadline: Some(deadline),
        is_text: false,
    };
    JobDraft {
        id: Ref::new(),
        server: "offsite".into(),
        errand: Errand::Upload { target: RemotePath::new(name).ok(), text: None, wishes },
        priority: Priority::Normal,
        rank: 0,
        due_at: now,
        expires_at: now.plus(deadline),
        is_in_order: false,
        beginning: Beginning::Ready,
    }
}
