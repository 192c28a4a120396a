//! Ticks on a real store, the clock driven.

use super::*;
use crate::{
    clock::Clock,
    domain::{Event, Incident, Letter, MailWishes, OnUnknown, Priority, Ref, Retry, Sha256},
    rules,
    store::{About, Ask, NoticeErrand, NoticeJob, QueueKey, SessionId, Tell},
};
use std::{collections::BTreeSet, fs};

const ZONE: chrono_tz::Tz = chrono_tz::Europe::Berlin;
const DAY: i64 = 86_400;
const RETRY: Retry = Retry { first_wait: SETTLED, longest_wait: SETTLED, attempts: None };

fn at(text: &str) -> Moment {
    Moment(chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis())
}

struct Quay {
    folder: tempfile::TempDir,
    store: Store,
    session: SessionId,
    clock: Clock,
    intake: Intake,
}

impl Quay {
    /// A Sunday at noon.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("rules")).unwrap();
        let storage = folder.path().join("store");
        fs::create_dir(&storage).unwrap();
        let (store, clock) = (Store::open(&storage).await.unwrap(), Clock::driven(at("2026-11-22T12:00:00+01:00")));
        let session = store.begin_session("gate", clock.now()).await.unwrap();
        let intake = Intake::new(store.clone(), clock.clone(), "gate".into(), &storage, 0);
        Self { folder, store, session, clock, intake }
    }

    /// As at a start: the rule `beat` with this schedule and these lines.
    async fn begin(&self, schedule: &str, lines: &str) -> Ticks {
        let server = "offsite: { ftp: { host: ftp.example.com, user: acme, password: { env: P } } }";
        let text = format!("storage: store\ntime_zone: {ZONE}\nservers:\n  {server}\n");
        fs::write(self.folder.path().join("packetboat.yaml"), text).unwrap();
        let upload =
            "then: [{ upload: { to: offsite, path: \"beat-{{ arrived.stamp }}\", text: \"{{ arrived.iso }}\" } }]";
        let lines = if lines.contains("then:") { lines.to_owned() } else { format!("{upload}\n{lines}") };
        let rule = format!("when: {{ schedule: {{ {schedule} }} }}\n{lines}\n");
        fs::write(self.folder.path().join("rules/beat.yaml"), rule).unwrap();
        let checked = rules::check_with(&self.folder.path().join("packetboat.yaml"), &|_| Some("secret".into()));
        let (_, rules) = checked.loaded.unwrap_or_else(|| panic!("{:#?}", checked.findings));
        let rules::BySource::Scheduled(rule) = rules::BySource::of(Arc::new(rules.rules[0].clone())) else { panic!() };
        self.intake.ticks(rule, vec!["beat".to_owned(), "dumps".to_owned()].into()).await.unwrap()
    }

    fn pass(&self, seconds: i64) {
        self.clock.move_by(seconds * 1000);
    }

    async fn look(&self, ticks: &Ticks) {
        self.intake.look_at_clock(ticks).await.unwrap();
    }

    /// The moments that arrived, in their order.
    async fn arrived(&self) -> Vec<String> {
        let came = self.store.arrived(Some(0)).await.unwrap().came;
        assert!(came.iter().all(|came| came.rule == "beat" && came.name == "tick"));
        let local = |at: Moment| chrono::DateTime::from_timestamp_millis(at.0).unwrap().with_timezone(&ZONE);
        came.iter().map(|came| local(came.at).format("%a %H:%M").to_string()).collect()
    }

    /// The texts that are due for the server, in their order.
    async fn texts(&self) -> Vec<String> {
        let queue = QueueKey { server: "offsite".into(), priority: Priority::Normal, rule: "beat".into(), rank: 0 };
        let ask = Ask { queue, parcels: 99, retry: RETRY };
        let mut texts = Vec::new();
        for parcel in self.store.claim(self.session, vec![ask], self.clock.now()).await.unwrap() {
            texts.push(String::from_utf8(self.store.text(&parcel.jobs[0]).await.unwrap().unwrap()).unwrap());
        }
        texts
    }
}

const SEVEN: &str = "at: \"0 7 * * *\"";

#[tokio::test]
async fn a_tick_arrives_once_however_often_it_is_looked_for_and_we_are_started() {
    let quay = Quay::new().await;
    let ticks = quay.begin(SEVEN, "").await;
    quay.look(&ticks).await;
    assert!(quay.arrived().await.is_empty(), "it begins now: this morning's is not made good");
    quay.pass(19 * 3600);
    quay.look(&ticks).await;
    quay.look(&ticks).await;
    assert_eq!(quay.arrived().await, ["Mon 07:00"]);
    let ticks = quay.begin(SEVEN, "").await;
    quay.look(&ticks).await;
    assert_eq!(quay.arrived().await, ["Mon 07:00"], "started again");
    assert_eq!(quay.texts().await, ["2026-11-23T07:00:00+01:00"]);
    quay.pass(DAY);
    quay.look(&ticks).await;
    assert_eq!(quay.arrived().await, ["Mon 07:00", "Tue 07:00"]);
}

#[tokio::test]
async fn what_passed_while_nobody_looked_is_one_tick_or_none() {
    for (missed, arrived) in [("once", &["Fri 07:00", "Sat 07:00"][..]), ("skip", &["Sat 07:00"])] {
        let schedule = format!("{SEVEN}, missed: {missed}");
        let quay = Quay::new().await;
        quay.begin(&schedule, "").await;
        quay.pass(5 * DAY);
        let ticks = quay.begin(&schedule, "deadline: 1h").await;
        quay.look(&ticks).await;
        let due = quay.texts().await;
        quay.pass(19 * 3600);
        quay.look(&ticks).await;
        assert_eq!(quay.arrived().await, arrived, "{missed}");
        if missed == "once" {
            assert_eq!(due, ["2026-11-27T07:00:00+01:00"], "its jobs are due now, though it is five hours late");
        }
    }
}

/// A machine that was started with a wrong clock, hours ahead, misses nothing once it is put right.
#[tokio::test]
async fn a_schedule_that_begins_while_the_clock_is_ahead_begins_anew_when_it_is_put_right() {
    let quay = Quay::new().await;
    quay.pass(2 * 3600);
    let ticks = quay.begin("at: \"0 13 * * *\"", "").await;
    quay.look(&ticks).await;
    quay.pass(-2 * 3600);
    quay.look(&ticks).await;
    quay.pass(3600);
    quay.look(&ticks).await;
    assert_eq!(quay.arrived().await, ["Sun 13:00"]);
}

#[tokio::test]
async fn another_schedule_begins_anew_and_the_old_one_is_not_made_good_when_it_returns() {
    let quay = Quay::new().await;
    quay.begin(SEVEN, "").await;
    for schedule in ["at: \"0 8 * * *\"", SEVEN] {
        quay.pass(2 * DAY);
        let ticks = quay.begin(schedule, "").await;
        quay.look(&ticks).await;
        assert!(quay.arrived().await.is_empty(), "{schedule}");
    }
    let ticks = quay.begin(SEVEN, "about: The schedule is as it was").await;
    quay.pass(DAY);
    quay.look(&ticks).await;
    assert_eq!(quay.arrived().await, ["Fri 07:00"]);
    let ticks = quay.begin(&format!("{SEVEN}, missed: skip"), "").await;
    quay.look(&ticks).await;
    assert_eq!(quay.arrived().await, ["Fri 07:00"]);
}

#[tokio::test]
async fn a_clock_that_is_set_back_repeats_nothing_within_hours_and_mutes_nobody_for_days() {
    let quay = Quay::new().await;
    let ticks = quay.begin(SEVEN, "").await;
    quay.pass(19 * 3600);
    quay.look(&ticks).await;
    quay.pass(-3600);
    quay.look(&ticks).await;
    quay.pass(3600);
    quay.look(&ticks).await;
    assert_eq!(quay.arrived().await, ["Mon 07:00"], "an hour");
    quay.pass(-3 * DAY);
    quay.look(&ticks).await;
    assert_eq!(quay.arrived().await, ["Mon 07:00"]);
    quay.pass(DAY);
    quay.look(&ticks).await;
    assert_eq!(quay.arrived().await, ["Mon 07:00", "Sat 07:00"], "three days");
}

#[tokio::test]
async fn a_tick_that_the_rule_does_not_want_is_covered_too() {
    let quay = Quay::new().await;
    let ticks = quay.begin(SEVEN, "if: arrived.weekday != \"Mon\"").await;
    quay.pass(19 * 3600);
    quay.look(&ticks).await;
    assert!(quay.arrived().await.is_empty());
    let ticks = quay.begin(SEVEN, "").await;
    quay.look(&ticks).await;
    assert!(quay.arrived().await.is_empty(), "it was looked at");
}

#[tokio::test]
async fn a_report_goes_on_where_the_last_one_ended_and_names_every_rule() {
    let text = "{{ report.since.iso }} {{ report.until.iso }} {{ report.all_is_well }}\
                {% for line in report.days %} {{ line.rule }} {{ line.waiting }}{% if line.last %} {{ line.last }}{% endif %}{% endfor %}";
    let lines = format!("then: [{{ upload: {{ to: offsite, path: \"{{{{ arrived.stamp }}}}\", text: \"{text}\" }} }}]");
    let quay = Quay::new().await;
    let ticks = quay.begin(SEVEN, &lines).await;
    quay.pass(19 * 3600);
    quay.look(&ticks).await;
    quay.pass(2 * DAY);
    quay.look(&ticks).await;
    assert_eq!(
        quay.texts().await,
        [
            "2026-11-16T06:59:30+01:00 2026-11-23T06:59:30+01:00 True beat 0 dumps 0",
            "2026-11-23T06:59:30+01:00 2026-11-25T06:59:30+01:00 True beat 1 dumps 0",
        ],
        "seven days, then since the last tick"
    );
}

/// Well is what has nothing that failed, is held, late, missed or in trouble; notices are nobody's business.
#[tokio::test]
async fn a_report_says_that_all_is_well_only_when_it_is() {
    let told = |lines: &str| {
        let text =
            "{{ report.all_is_well }}{% for line in report.days %} {{ line.rule }} {{ line.failed }}{% endfor %}";
        format!("then: [{{ upload: {{ to: offsite, path: \"{{{{ arrived.stamp }}}}\", text: \"{text}\" }} }}]\n{lines}")
    };
    let quay = Quay::new().await;
    let incident = |closed_at| Incident {
        id: None,
        subject: "offsite".into(),
        event: Event::Trouble,
        kind: "connect".into(),
        opened_at: quay.clock.now(),
        last_at: quay.clock.now(),
        closed_at,
        reopened_at: None,
        jobs: 0,
        said: "refused".into(),
        rules: BTreeSet::new(),
        examples: Vec::new(),
        readers: Vec::new(),
    };
    let tell = async |incidents: Vec<Incident>, mails| {
        let tell = Tell { node: "gate".into(), now: quay.clock.now(), incidents, mails, ..Tell::default() };
        quay.store.tell(tell).await.unwrap();
    };
    let notice = NoticeJob {
        job: Ref::new(),
        about: About::Digest,
        server: "main".into(),
        recipient: "ops@example.com".into(),
        letter: Letter { bytes: b"x".to_vec(), sha256: Sha256([7; 32]), key: None },
        errand: NoticeErrand::Send(MailWishes {
            sender: "gate@example.com".into(),
            via: vec![],
            on_unknown: OnUnknown::Retry,
            retry: RETRY,
            deadline: None,
            not_before: None,
            return_path: None,
        }),
        expires_at: quay.clock.now(),
    };
    tell(vec![], vec![notice]).await;
    assert_eq!(quay.store.expire(quay.clock.now()).await.unwrap().len(), 1, "a notice failed");
    let next = async |lines: &str| {
        let ticks = quay.begin(SEVEN, &told(lines)).await;
        quay.pass(DAY);
        quay.look(&ticks).await;
        quay.texts().await
    };
    assert_eq!(next("").await, ["True beat 0 dumps 0"]);
    tell(vec![incident(None)], vec![]).await;
    assert_eq!(next("").await, ["False beat 0 dumps 0"], "a server is in trouble");
    let (open, _) = quay.store.incidents(quay.clock.now(), SETTLED).await.unwrap();
    tell(vec![Incident { closed_at: Some(quay.clock.now()), ..open[0].clone() }], vec![]).await;
    assert_eq!(next("").await, ["True beat 0 dumps 0"], "it is over");
    let last = Incident { event: Event::Failed, ..incident(None) };
    tell(vec![last], vec![]).await;
    assert_eq!(
        next("").await,
        ["True beat 0 dumps 0"],
        "what failed once is not in trouble, and nothing failed in that time"
    );
    assert!(next("paused: true").await.is_empty(), "its job is held");
    assert_eq!(next("").await, ["False beat 0 dumps 0"], "something is held");
}

#[tokio::test]
async fn a_late_tick_that_cannot_be_planned_failed_now_and_not_when_it_was_meant() {
    let path = "{% if arrived.weekday == 'Fri' %}{{ arrived.stamp[99:] }}{% else %}x{% endif %}";
    let lines = format!("then: [{{ upload: {{ to: offsite, path: \"{path}\", text: x }} }}]");
    let quay = Quay::new().await;
    let schedule = "at: \"0 7 * * 5\"";
    quay.begin(schedule, &lines).await;
    quay.pass(11 * DAY);
    let ticks = quay.begin(schedule, &lines).await;
    quay.look(&ticks).await;
    assert_eq!(quay.arrived().await, ["Fri 07:00"]);
    let now = quay.clock.now();
    let status = quay.store.status(&["beat".into()], now, now).await.unwrap();
    assert_eq!(status.rules[0].failed, 1, "in the last 24 hours");
}

#[tokio::test]
async fn nothing_is_taken_without_room_and_the_tick_is_found_again() {
    let quay = Quay::new().await;
    let ticks = quay.begin(SEVEN, "").await;
    quay.pass(19 * 3600);
    let full = Intake::new(quay.store.clone(), quay.clock.clone(), "gate".into(), quay.folder.path(), u64::MAX);
    assert!(matches!(full.look_at_clock(&ticks).await, Err(Later::NoRoom { .. })));
    assert!(quay.arrived().await.is_empty());
    quay.look(&ticks).await;
    assert_eq!(quay.arrived().await, ["Mon 07:00"]);
}
