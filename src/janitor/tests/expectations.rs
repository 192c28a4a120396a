//! What a rule expects, from arrivals in the database to mails.

use super::*;

const BY_SEVEN: &str = "expect: { by: \"0 7 * * *\" }";
const HOUR: i64 = 3600;

#[tokio::test]
async fn what_does_not_come_is_one_mail_and_one_when_it_has_come() {
    let office = Office::with("{ to: ops@example.com }", BY_SEVEN).await;
    office.pass(0).await;
    office.clock.move_by(1000);
    office.arrives("a.dump", 10).await;
    office.deliver().await;
    office.pass(24 * HOUR).await;
    office.pass(60).await;
    assert_eq!(office.outbox("main").await, [], "it came");
    office.pass(24 * HOUR).await;
    let mails = office.outbox("main").await;
    let [(subject, text)] = &mails[..] else { panic!("{mails:?}") };
    assert_eq!(subject, "[packetboat gate] dumps: what it expects did not come");
    let expects = "dumps expects a file by \"0 7 * * *\" (UTC). By 2026-11-24 07:00:00 UTC it had not come.";
    assert!(text.contains(expects) && text.contains("packetboat plan dumps"), "{text}");
    office.arrived(&mails).await;
    office.pass(HOUR).await;
    assert_eq!(office.outbox("main").await, [], "once");
    office.arrives("b.dump", 10).await;
    office.pass(3).await;
    office.pass(60).await;
    let over = office.outbox("main").await;
    assert!(over[0].0.contains("dumps: it came, 1 h 1 min late"), "{over:?}");
    let status = office.store.status(&["dumps".into()], office.clock.now(), MORNING).await.unwrap();
    let expected = status.rules[0].expected.clone().unwrap();
    assert_eq!((expected.missed, expected.by), (None, Some(MORNING.plus(Duration::from_secs(72 * 3600)))));
}

#[tokio::test]
async fn nothing_is_missed_before_the_folder_has_been_seen_whole_and_has_settled() {
    let mut office = Office::with("{ to: ops@example.com }", BY_SEVEN).await;
    office.pass(0).await;
    office.seen.lock().unwrap().clear();
    office.configure("{ to: ops@example.com }", BY_SEVEN); // started again, three days later
    office.pass(72 * HOUR).await;
    office.pass(60).await;
    assert_eq!(office.outbox("main").await, [], "it may lie there");
    office.seen.lock().unwrap().insert("dumps".into(), Duration::from_secs(34));
    office.pass(3).await;
    assert_eq!(office.outbox("main").await, [], "it may be settling");
    office.see();
    office.pass(3).await;
    let mails = office.outbox("main").await;
    assert_eq!(mails.len(), 1, "three mornings are one: {mails:?}");
    assert!(mails[0].1.contains("By 2026-11-25 07:00:00 UTC"), "{mails:?}");
}

#[tokio::test]
async fn a_changed_expectation_begins_anew_and_says_nothing_of_the_old_one() {
    let mut office = Office::with("{ to: ops@example.com }", BY_SEVEN).await;
    office.pass(0).await;
    office.pass(24 * HOUR + 60).await;
    let mails = office.outbox("main").await;
    assert_eq!(mails.len(), 1);
    office.arrived(&mails).await;
    office.configure("{ to: ops@example.com }", "expect: { by: \"0 8 * * *\" }");
    office.pass(3).await;
    office.pass(HOUR).await;
    assert_eq!(office.teller.missed().await.unwrap(), BTreeMap::new());
    assert_eq!(office.outbox("main").await, []);
    office.configure("{ to: ops@example.com }", "");
    office.pass(3).await;
    assert_eq!(office.store.expectations().await.unwrap(), BTreeMap::new());
}

#[tokio::test]
async fn what_is_missed_is_missed_after_a_restart_and_not_told_again() {
    let mut office = Office::with("{ to: ops@example.com }", BY_SEVEN).await;
    office.pass(0).await;
    office.pass(24 * HOUR + 60).await;
    let mails = office.outbox("main").await;
    office.arrived(&mails).await;
    office.seen.lock().unwrap().clear();
    office.configure("{ to: ops@example.com }", BY_SEVEN);
    office.pass(HOUR).await;
    assert_eq!(office.outbox("main").await, []);
    assert_eq!(office.teller.missed().await.unwrap().len(), 1);
}

/// Mondays at seven are an hour further apart when summer time ends.
#[tokio::test]
async fn a_schedule_that_sways_with_summer_time_misses_nothing() {
    const WEEK: i64 = 7 * 24 * HOUR;
    let rule = "when: { schedule: { at: \"0 7 * * 1\" } }\ntime_zone: Europe/Berlin\nexpect: { every: 7d }\n\
                then: [{ upload: { to: offsite, path: beat, text: alive } }]";
    let office = Office::with("{ to: ops@example.com }", rule).await;
    let monday = chrono::DateTime::parse_from_rfc3339("2027-10-25T07:00:00+02:00").unwrap().timestamp_millis();
    office.clock.move_by(monday - 1000 - office.clock.now().0);
    office.pass(0).await;
    office.clock.move_by(1000);
    office.arrives("tick", 0).await;
    office.deliver().await;
    office.pass(WEEK + HOUR).await;
    assert_eq!(office.outbox("main").await, [], "this is when it comes");
    office.pass(30).await;
    office.pass(30).await;
    assert_eq!(office.outbox("main").await.len(), 1, "and this is when it has not");
}

/// Where the history is kept for less than files are apart, their numbers in the database would come again.
#[tokio::test]
async fn arrivals_that_were_purged_hide_none_after_them() {
    let office = Office::with("{ to: ops@example.com }", "expect: { every: 4h }").await;
    office.pass(0).await;
    for file in ["a", "b"] {
        office.arrives(file, 10).await;
        office.pass(3).await;
        office.deliver().await;
        office.store.purge(crate::domain::JobState::Delivered, office.clock.now().plus(EXPIRE_EVERY)).await.unwrap();
        office.pass(3 * HOUR).await;
    }
    office.pass(60).await;
    assert_eq!(office.outbox("main").await, [], "one every three hours");
}

#[tokio::test]
async fn more_files_than_are_expected_are_counted_and_one_that_is_too_small_is_named() {
    let office =
        Office::with("{ to: ops@example.com }", "expect: { by: \"0 7 * * *\", files: 1000, min_size: 5B }").await;
    office.pass(0).await;
    office.clock.move_by(1000);
    for _ in 0..3 {
        let names: Vec<String> = (0..400).map(|_| crate::domain::Ref::new().long()).collect();
        office.arrive(names.iter().map(|name| (name.as_str(), 10)).collect()).await;
    }
    office.arrives("small", 1).await;
    office.pass(24 * HOUR + 60).await;
    assert_eq!(office.teller.missed().await.unwrap(), BTreeMap::new());
    let state = office.store.expectations().await.unwrap().remove("dumps").unwrap();
    assert_eq!((state.came.len(), state.unfit.unwrap()), (1000, "small has 1 B: less than 5 B".to_owned()));
}
