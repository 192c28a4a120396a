//! Jobs that wait for too long.

use super::*;

const HOUR: i64 = 3600;

#[tokio::test]
async fn jobs_that_wait_too_long_are_one_mail_that_names_them() {
    let office = Office::open("{ to: ops@example.com }").await;
    office.arrive(vec![("a", 10), ("b", 20)]).await;
    office.pass(50 * 60).await;
    office.arrives("young", 1).await;
    office.pass(9 * 60).await;
    assert_eq!(office.outbox("main").await, []);
    office.pass(2 * 60).await;
    office.pass(10).await;
    let mails = office.outbox("main").await;
    let [(subject, text)] = &mails[..] else { panic!("{mails:?}") };
    assert_eq!(subject, "[packetboat gate] offsite: 2 jobs late");
    for part in [
        "3 jobs wait for it in all",
        "a  10 B  to offsite:a",
        "0 attempts",
        "Rules: dumps",
        "packetboat jobs --server offsite",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    office.arrived(&mails).await;
    office.pass(HOUR).await;
    assert_eq!(office.outbox("main").await, [], "once");
    office.deliver().await;
    office.pass(61).await;
    office.pass(61).await;
    let over = office.outbox("main").await;
    assert!(over[0].0.contains("offsite: on time again"), "{over:?}");
}

#[tokio::test]
async fn jobs_that_wait_on_purpose_are_not_late() {
    // 2026-11-22 is a Sunday, and it is 07:00
    for rule in ["windows: \"Sun 09:00-10:00\"", "delayed_after: 5h", "paused: true"] {
        let office = Office::with("{ to: ops@example.com }", rule).await;
        office.arrives("a", 10).await;
        if rule.contains("paused") {
            office.store.hold_open("dumps").await.unwrap();
        }
        office.pass(2 * HOUR + 60).await; // by now the window has been open for a minute
        office.pass(60).await;
        office.pass(10).await;
        assert_eq!(office.outbox("main").await, [], "{rule}");
    }
    let office = Office::open("{ to: ops@example.com }").await;
    office.arrives("a", 10).await;
    office.lane("offsite", LaneState::Paused).await;
    office.pass(2 * HOUR).await;
    office.pass(60).await;
    assert_eq!(office.outbox("main").await, []);
}

#[tokio::test]
async fn a_window_that_is_open_for_too_long_without_it_makes_a_job_late() {
    let office = Office::with("{ to: ops@example.com }", "windows: \"Sun 09:00-12:00\"").await;
    office.arrives("a", 10).await;
    office.pass(3 * HOUR + 60).await;
    office.pass(60).await;
    assert_eq!(office.outbox("main").await[0].0, "[packetboat gate] offsite: 1 job late");
}

#[tokio::test]
async fn a_clock_that_is_set_tells_nothing_twice() {
    let office = Office::open("{ to: ops@example.com }").await;
    office.arrives("a", 10).await;
    office.pass(24 * HOUR).await; // a day forward
    office.pass(60).await;
    let mails = office.outbox("main").await;
    assert_eq!(mails.len(), 1);
    office.arrived(&mails).await;
    office.pass(-24 * HOUR).await; // and back: nobody was late
    office.pass(61).await;
    office.pass(61).await;
    let over = office.outbox("main").await;
    assert_eq!(over.len(), 1, "{over:?}");
    office.arrived(&over).await;
    office.pass(600).await;
    assert_eq!(office.outbox("main").await, []);
}
