//! History that has been kept long enough.

use super::*;

#[tokio::test]
async fn no_purge_takes_more_than_five_hundred_rows_however_many_rules_there_are() {
    let desk = Desk::new().await;
    for rule in ["dumps", "others"] {
        let drafts = (0..400).map(|number| {
            let mut draft = desk.draft(&format!("{rule}-{number}"), 1);
            draft.rule = rule.into();
            draft
        });
        desk.arrive(drafts.collect()).await;
    }
    desk.raw("UPDATE jobs SET state = 'delivered', ended_at = 1").await;
    assert_eq!(desk.store.purge(JobState::Delivered, NOW).await.unwrap(), 500);
    let left = (desk.count("jobs").await, desk.count("arrivals").await, desk.count("payloads").await);
    assert_eq!(left, (300, 300, 300));
    assert_eq!(desk.store.purge(JobState::Delivered, NOW).await.unwrap(), 300);
    assert_eq!(desk.store.purge(JobState::Delivered, NOW).await.unwrap(), 0);
}

#[tokio::test]
async fn what_a_job_that_stays_still_needs_is_not_purged() {
    let desk = Desk::new().await;
    let mut draft = desk.draft("a", 1);
    draft.jobs.push(job("vault", "a"));
    desk.arrive(vec![draft]).await;
    desk.raw("UPDATE jobs SET state = 'delivered', ended_at = 1 WHERE server = 'offsite'").await;
    assert_eq!(desk.store.purge(JobState::Delivered, NOW).await.unwrap(), 1);
    assert_eq!((desk.count("arrivals").await, desk.count("payloads").await), (1, 1));
}
