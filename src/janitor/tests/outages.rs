//! Mails about servers in trouble, and who carries them.

use super::*;

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
