//! The mail about what was delivered.

use super::*;

#[tokio::test]
async fn a_thousand_deliveries_are_one_mail_and_the_next_comes_an_hour_later() {
    let office = Office::open("{ to: ops@example.com, on: [delivered] }, { to: boss@example.com }").await;
    office.pass(0).await;
    for batch in 0..10 {
        let names: Vec<String> = (0..100).map(|file| format!("{batch}-{file}")).collect();
        office.arrive(names.iter().map(|name| (name.as_str(), 10)).collect()).await;
        office.deliver().await;
        office.pass(3).await;
    }
    assert_eq!(office.outbox("main").await, [], "it goes on");
    office.pass(60).await;
    let mails = office.outbox("main").await;
    let [(subject, text)] = &mails[..] else { panic!("{mails:?}") };
    assert_eq!(subject, "[packetboat gate] 1000 jobs delivered, 4.0 KB");
    for part in ["dumps: 1000 jobs", "to offsite:9-", "sha256 0909", "226 done", "and 990 more"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    office.arrived(&mails).await;
    office.arrives("late", 10).await;
    office.deliver().await;
    office.pass(3000).await;
    assert_eq!(office.outbox("main").await, [], "not within the hour");
    office.pass(700).await;
    assert!(office.outbox("main").await[0].0.contains("1 job delivered"));
    office.pass(24 * 3600).await;
    assert_eq!(office.outbox("main").await, [], "nothing was delivered");
}
