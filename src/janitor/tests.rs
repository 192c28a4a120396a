//! A teller on a real store, its clock driven.

use super::*;
use crate::{
    domain::Priority,
    notices::Patience,
    rules,
    store::{Ask, ClaimedErrand, LaneRow, LaneState, QueueKey, SessionId},
};
use mail_parser::MessageParser;
use std::fs;

const MORNING: Moment = Moment(1_795_330_800_000); // 2026-11-22 07:00 UTC

struct Office {
    _folder: tempfile::TempDir,
    store: Store,
    session: SessionId,
    clock: Clock,
    teller: Teller,
}

impl Office {
    async fn open(notices: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("rules")).unwrap();
        let text = format!(
            "storage: store\ntime_zone: UTC\nservers:\n  offsite: {{ ftp: {{ host: ftp.example.com, user: u, password: {{ env: P }} }} }}\n  \
             main: {{ smtp: {{ host: smtp.example.com }} }}\n  backup: {{ smtp: {{ host: smtp2.example.com }} }}\n\
             mail: {{ from: gate@example.com, via: [main, backup] }}\nnotices: [{notices}]\n"
        );
        fs::write(folder.path().join("packetboat.yaml"), text).unwrap();
        let rule = "when: { watch: { folder: /tmp } }\nthen: [{ upload: { to: offsite } }]\n";
        fs::write(folder.path().join("rules/dumps.yaml"), rule).unwrap();
        let checked = rules::check_with(&folder.path().join("packetboat.yaml"), &|_| Some("p".into()));
        let (settings, rules) = checked.loaded.unwrap_or_else(|| panic!("{:#?}", checked.findings));
        fs::create_dir(folder.path().join("store")).unwrap();
        let store = Store::open(&folder.path().join("store")).await.unwrap();
        let clock = Clock::driven(MORNING);
        let session = store.begin_session("gate", MORNING).await.unwrap();
        let teller = Teller::new(store.clone(), clock.clone(), "gate".into(), (&settings, &rules));
        Self { _folder: folder, store, session, clock, teller }
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

    /// The subjects and texts that wait for a relay; they are running from then on.
    async fn outbox(&self, relay: &str) -> Vec<(String, String)> {
        let queue = QueueKey { server: relay.into(), priority: Priority::High, rule: "notices".into(), rank: 0 };
        let retry = crate::domain::Retry { first_wait: EXPIRE_EVERY, longest_wait: EXPIRE_EVERY, attempts: None };
        let ask = Ask { queue, parcels: 99, retry };
        let mut mails = Vec::new();
        for parcel in self.store.claim(self.session, vec![ask], self.clock.now()).await.unwrap() {
            let ClaimedErrand::Send(send) = &parcel.jobs[0].errand else { panic!("no mail") };
            let bytes = self.store.letter(send).await.unwrap().unwrap();
            let message = MessageParser::default().parse(&bytes).unwrap();
            mails.push((message.subject().unwrap().to_owned(), message.body_text(0).unwrap().into_owned()));
        }
        mails
    }
}

#[tokio::test]
async fn a_digest_comes_every_morning_whatever_happened_and_one_for_all_that_were_missed() {
    let office = Office::open("{ digest: \"0 7 * * *\", to: boss@example.com }").await;
    office.pass(0).await;
    office.pass(3600).await;
    assert_eq!(office.outbox("main").await, [], "the first one is of a whole day");
    office.pass(23 * 3600).await;
    assert_eq!(office.outbox("main").await, [], "what ended this moment is not yet on disk");
    office.pass(40).await;
    let mails = office.outbox("main").await;
    let [(subject, text)] = &mails[..] else { panic!("{mails:?}") };
    assert_eq!(subject, "[packetboat gate] 0 jobs delivered, all is well");
    assert!(text.contains("dumps ") && text.contains("to 2026-11-23 07:00:00 UTC: all is well"), "{text}");
    office.pass(5 * 24 * 3600).await;
    let mails = office.outbox("main").await;
    assert_eq!(mails.len(), 1, "five mornings passed while nobody looked: {mails:?}");
    office.clock.move_by(-3 * 24 * 3600 * 1000);
    office.pass(0).await;
    office.pass(24 * 3600).await;
    assert_eq!(office.outbox("main").await.len(), 1, "a clock that was set back mutes nobody for days");
}

#[tokio::test]
async fn an_outage_is_told_over_a_relay_that_is_open_and_not_twice() {
    let office = Office::open("{ to: ops@example.com }").await;
    office.lane("offsite", LaneState::Closed).await;
    office.lane("main", LaneState::Paused).await;
    office.pass(5).await;
    office.pass(10).await;
    office.pass(10).await;
    assert_eq!(office.outbox("main").await, []);
    let begin = office.outbox("backup").await;
    let [(subject, text)] = &begin[..] else { panic!("{begin:?}") };
    assert_eq!(subject, "[packetboat gate] offsite: trouble; its jobs wait");
    assert!(text.contains("It said: refused (connect)") && text.contains("Rules: dumps"), "{text}");
    let mut told = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let teller = office.teller.clone();
        told.spawn(async move { teller.look(Patience::None).await.unwrap() });
    }
    told.join_all().await;
    assert_eq!(office.outbox("backup").await, [], "whoever looks, and how often");
}

#[tokio::test]
async fn a_relay_in_trouble_is_told_of_over_the_next_one() {
    let office = Office::open("{ to: ops@example.com }").await;
    office.lane("main", LaneState::Closed).await;
    office.pass(5).await;
    office.pass(10).await;
    assert_eq!(office.outbox("backup").await[0].0, "[packetboat gate] main: trouble; its jobs wait");
    assert_eq!(office.outbox("main").await, []);
}
