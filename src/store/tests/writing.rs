//! Group commit: many at once, and one bad request spoils none but itself.

use super::*;

#[tokio::test]
async fn a_refused_request_spoils_no_other_of_its_batch() {
    let desk = Desk::new().await;
    let drafts: Vec<_> = (0..50).map(|n| desk.draft(&n.to_string(), 1)).collect();
    let mut waiting = vec![];
    for (n, mut draft) in drafts.into_iter().enumerate() {
        if n % 10 == 3 {
            draft.rule_version = 99; // no such row: the foreign key refuses
        }
        let store = desk.store.clone();
        waiting.push(tokio::spawn(async move {
            store.arrive(Arrive { node: "here".into(), arrivals: vec![draft] }).await.is_ok()
        }));
    }
    let mut accepted = 0;
    for answer in waiting {
        accepted += i64::from(answer.await.unwrap());
    }
    assert_eq!((accepted, desk.count("jobs").await, desk.count("seen").await), (45, 45, 45));
}

#[tokio::test]
async fn a_commit_tells_which_queue_has_work() {
    let desk = Desk::new().await;
    desk.arrive(vec![desk.draft("a", 1)]).await;
    assert_eq!(desk.store.touched().await, Some(queue()));
}
