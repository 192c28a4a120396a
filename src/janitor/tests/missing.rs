//! Servers and relays that were renamed, or taken away, while jobs waited for them.

use super::*;
use crate::store::{MoveTo, Rehearsal};

const HOUR: i64 = 3600;

#[tokio::test]
async fn jobs_of_a_server_that_is_no_more_are_one_mail_and_one_when_they_went_elsewhere() {
    let mut office = Office::open("{ to: ops@example.com }").await;
    office.arrive(vec![("a", 10), ("b", 20)]).await;
    office.rename("offsite", "elsewhere");
    office.pass(1).await;
    assert_eq!(office.outbox("main").await, [], "whoever renames it may be about to move its jobs");
    office.pass(61).await;
    let mails = office.outbox("main").await;
    let [(subject, text)] = &mails[..] else { panic!("{mails:?}") };
    assert_eq!(subject, "[packetboat gate] offsite: not configured any more, and jobs wait for it");
    for part in
        ["2 jobs wait for it", "a  10 B  to offsite:a", "Rules: dumps", "packetboat move-jobs --from offsite --to"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    office.arrived(&mails).await;
    office.pass(HOUR / 2).await;
    assert_eq!(office.outbox("main").await, [], "once");
    let to = MoveTo { server: "elsewhere".into(), takes: "upload" };
    office.store.move_jobs("offsite", to, Rehearsal::No, office.clock.now()).await.unwrap();
    office.pass(61).await;
    let over = office.outbox("main").await;
    let [(subject, text)] = &over[..] else { panic!("{over:?}") };
    assert_eq!(subject, "[packetboat gate] offsite: nothing is left to do for it");
    assert!(text.contains("0 jobs wait"), "{text}");
}

#[tokio::test]
async fn a_server_that_was_in_trouble_and_is_no_more_is_told_of_anew() {
    let mut office = Office::open("{ to: ops@example.com }").await;
    office.arrives("a", 10).await;
    office.lane("offsite", LaneState::Closed).await;
    office.pass(1).await;
    office.pass(60).await;
    office.arrived(&office.outbox("main").await).await;
    office.rename("offsite", "elsewhere");
    office.pass(1).await;
    office.pass(61).await;
    let mails = office.outbox("main").await;
    let subjects: Vec<_> = mails.iter().map(|(subject, _)| &**subject).collect();
    assert_eq!(subjects, ["[packetboat gate] offsite: not configured any more, and jobs wait for it"]);
}

/// One whose server is no more, which has been told.
async fn told() -> Office {
    let mut office = Office::open("{ to: ops@example.com }").await;
    office.arrives("a", 10).await;
    office.rename("offsite", "elsewhere");
    office.pass(1).await;
    office.pass(61).await;
    office.arrived(&office.outbox("main").await).await;
    office
}

#[tokio::test]
async fn a_server_that_is_configured_again_is_not_missing_well_or_in_trouble() {
    for state in [LaneState::Open, LaneState::Closed] {
        let mut office = told().await;
        office.rename("elsewhere", "offsite");
        office.lane("offsite", state).await;
        office.pass(61).await;
        let over = "[packetboat gate] offsite: nothing is left to do for it";
        let mails = office.outbox("main").await;
        assert!(mails.iter().any(|(subject, _)| subject == over), "{state:?}: {mails:?}");
    }
}

#[tokio::test]
async fn what_failed_for_a_server_that_is_no_more_is_told() {
    let office = told().await;
    office.pass(3 * 24 * HOUR).await;
    office.store.expire(office.clock.now()).await.unwrap();
    office.pass(61).await;
    office.pass(61).await;
    let subjects: Vec<_> = office.outbox("main").await.into_iter().map(|(subject, _)| subject).collect();
    let failed = "[packetboat gate] offsite: 1 job failed for good".to_owned();
    assert!(subjects.contains(&failed), "{subjects:?}");
}

#[tokio::test]
async fn notices_whose_relay_is_no_more_take_one_of_today() {
    let mut office = Office::open("{ to: ops@example.com }").await;
    office.lane("offsite", LaneState::Closed).await;
    office.pass(1).await;
    office.pass(60).await;
    office.rename("main", "post");
    office.rename("backup", "spare");
    office.lane("post", LaneState::Paused).await;
    office.pass(61).await;
    let mails = office.outbox("spare").await;
    assert_eq!(mails[0].0, "[packetboat gate] offsite: trouble; its jobs wait");
    assert_eq!(office.outbox("main").await, []);
}

#[tokio::test]
async fn mail_whose_relay_is_no_more_takes_the_next_of_its_own() {
    let mut office = Office::open("{ to: ops@example.com }").await;
    office.lane("offsite", LaneState::Closed).await;
    office.pass(1).await;
    office.pass(60).await;
    office.configure("", ""); // nobody is told any more, but of this
    office.rename("main", "post");
    office.pass(61).await;
    assert_eq!(office.outbox("backup").await[0].0, "[packetboat gate] offsite: trouble; its jobs wait");
}
