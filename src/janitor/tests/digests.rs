//! The mail that comes by the crontab.

use super::*;

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
async fn a_digest_by_another_crontab_goes_on_where_the_last_one_ended() {
    let mut office = Office::open("{ digest: \"0 7 * * *\", to: boss@example.com }").await;
    office.pass(0).await;
    office.pass(24 * 3600 + 40).await;
    assert_eq!(office.outbox("main").await.len(), 1);
    office.configure("{ digest: \"0 9 * * *\", to: boss@example.com }", "");
    office.pass(3).await;
    office.pass(2 * 3600).await;
    let mails = office.outbox("main").await;
    assert!(mails[0].1.contains("From 2026-11-23 07:00:00 UTC to 2026-11-23 09:00:00 UTC"), "{mails:?}");
    office.configure(
        "{ digest: \"0 9 * * *\", to: boss@example.com }, { digest: \"0 8 * * 1\", to: boss@example.com }",
        "",
    );
    office.pass(3).await;
    assert_eq!(
        office.store.digests().await.unwrap().len(),
        2,
        "a second one begins when it is written, and the old one is gone"
    );
    office.pass(22 * 3600).await;
    assert_eq!(office.outbox("main").await, []);
}

/// Since when, until when, and the last moment between that is told.
#[test]
fn a_digest_is_of_the_last_moment_that_passed_however_clocks_change() {
    let at = |text: &str| Moment(chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis());
    for (crontab, since, now, told) in [
        ("0 7 * * *", "2026-11-22T07:00:00+01:00", "2026-11-23T06:59:59+01:00", None),
        ("0 7 * * *", "2026-11-22T07:00:00+01:00", "2026-11-23T07:00:00+01:00", Some("2026-11-23T07:00:00+01:00")),
        // five mornings while nobody looked are one
        ("0 7 * * *", "2026-11-22T07:00:00+01:00", "2026-11-27T12:00:00+01:00", Some("2026-11-27T07:00:00+01:00")),
        // a day of 23 hours, and one of 25
        ("0 7 * * *", "2026-03-28T07:00:00+01:00", "2026-03-29T07:00:00+02:00", Some("2026-03-29T07:00:00+02:00")),
        ("0 7 * * *", "2026-10-24T07:00:00+02:00", "2026-10-25T06:59:00+01:00", None),
        ("0 7 * * *", "2026-10-24T07:00:00+02:00", "2026-10-25T07:00:00+01:00", Some("2026-10-25T07:00:00+01:00")),
        // an hour that is left out comes when it would have, one that is there twice comes once
        ("30 2 * * *", "2026-03-28T02:30:00+01:00", "2026-03-29T03:10:00+02:00", Some("2026-03-29T03:00:00+02:00")),
        ("30 2 * * *", "2026-10-25T02:30:00+02:00", "2026-10-25T02:45:00+01:00", None),
    ] {
        let crontab = crate::schedule::Crontab::parse(crontab).unwrap();
        let last = crontab.last_between(chrono_tz::Europe::Berlin, (at(since), at(now)));
        assert_eq!(last, told.map(at), "{crontab} {since} {now}");
    }
}

#[tokio::test]
async fn a_digest_forgets_a_failure_that_was_mended_by_then() {
    let office = Office::open("{ digest: \"0 7 * * *\", to: boss@example.com }, { to: ops@example.com }").await;
    office.pass(0).await;
    office.pass(24 * 3600 - 10).await;
    office.arrives("a", 4).await;
    office.fail().await;
    office.pass(5).await;
    let which = Which::Filter(JobFilter::default());
    let (verb, now) = (JobVerb::Retry, office.clock.now());
    let again = Operation { verb, rehearsal: Rehearsal::No, now, paused_in_file: vec![] };
    office.store.operate(&which, again).await.unwrap();
    office.deliver().await;
    office.pass(35).await;
    let mails = office.outbox("main").await;
    let (subject, text) = mails.iter().find(|(_, text)| text.contains("RULE")).unwrap();
    assert_eq!(subject, "[packetboat gate] 1 job delivered, all is well");
    assert!(!text.contains("offsite"), "{text}");
}

#[tokio::test]
async fn a_server_that_took_a_job_soon_after_one_failed_is_not_forgotten_to_have() {
    let office = Office::open("{ to: ops@example.com }").await;
    office.arrives("a", 4).await;
    office.fail().await;
    office.pass(3).await;
    assert_eq!(office.open_events().await, ["failed"]);
    office.arrives("b", 4).await;
    office.deliver().await;
    for _ in 0..30 {
        office.pass(3).await;
    }
    assert_eq!(office.open_events().await, [""; 0]);
}
