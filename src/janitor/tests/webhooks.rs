//! A program that is told what people are told.

use super::*;
use serde_json::Value;

impl Office {
    /// What waits for the webhook; it is running from then on.
    async fn posts(&self) -> Vec<Value> {
        let queue = QueueKey { server: "crm".into(), priority: Priority::High, rule: "notices".into(), rank: 0 };
        let ask = Ask { queue, parcels: 99, retry: RETRY };
        let mut told = Vec::new();
        for parcel in self.store.claim(self.session, vec![ask], self.clock.now()).await.unwrap() {
            let ClaimedErrand::Webhook(post) = &parcel.jobs[0].errand else { panic!("for no webhook") };
            assert_eq!(post.recipient, "crm");
            told.push(serde_json::from_slice(&self.store.posted(post).await.unwrap().unwrap()).unwrap());
            self.running.lock().unwrap().extend(parcel.jobs);
        }
        told
    }
}

#[tokio::test]
async fn an_incident_is_one_begin_and_one_end() {
    let office = Office::open("{ webhook: crm }, { to: ops@example.com }").await;
    office.lane("offsite", LaneState::Closed).await;
    office.pass(20).await;
    let told = office.posts().await;
    assert_eq!((told.len(), &told[0]["type"], &told[0]["data"]["server"]), (1, &"trouble".into(), &"offsite".into()));
    let mails = office.outbox("main").await;
    office.arrived(&mails).await;
    office.lane("offsite", LaneState::Open).await;
    office.pass(70).await;
    let told = office.posts().await;
    assert_eq!((told.len(), &told[0]["type"]), (1, &"recovered".into()));
    assert_eq!(office.outbox("main").await.len(), 1);
    office.pass(7200).await;
    assert_eq!(office.posts().await.len(), 0);
}

/// The mail that has not gone out when it is over is cancelled, and so is what was not told.
#[tokio::test]
async fn a_begin_that_was_not_told_is_told_with_the_end() {
    let office = Office::open("{ webhook: crm }").await;
    office.lane("crm", LaneState::Closed).await;
    office.lane("offsite", LaneState::Closed).await;
    office.pass(20).await;
    office.lane("offsite", LaneState::Open).await;
    office.pass(70).await;
    let told = office.posts().await;
    assert_eq!(told.len(), 1, "nothing of its own trouble, and one word for both: {told:?}");
    assert_eq!((&told[0]["data"]["told"], &told[0]["data"]["server"]), (&"was".into(), &"offsite".into()));
}

#[tokio::test]
async fn deliveries_and_digests_come_when_the_mails_come() {
    let notices = "{ webhook: crm, on: delivered }, { webhook: crm, digest: \"0 8 * * *\" }";
    let office = Office::open(notices).await;
    office.pass(0).await;
    office.pass(3).await;
    office.arrive(vec![("a", 10), ("b", 10)]).await;
    office.deliver().await;
    office.pass(70).await;
    let told = office.posts().await;
    assert_eq!((told.len(), &told[0]["type"], &told[0]["data"]["jobs"]), (1, &"delivered".into(), &2.into()));
    assert_eq!(told[0]["data"]["rules"][0]["rule"], "dumps");
    office.pass(3600).await;
    let told = office.posts().await;
    assert_eq!((told.len(), &told[0]["type"], &told[0]["data"]["all_is_well"]), (1, &"digest".into(), &true.into()));
    assert_eq!(told[0]["data"]["rules"][0]["delivered"], 2);
}
