//! History: what is kept and what goes.

use super::*;

#[tokio::test]
async fn purge_takes_old_jobs_and_leaves_receipts_and_the_ledger() {
    let desk = Desk::new().await;
    desk.arrive(vec![desk.draft("a", 1), desk.draft("b", 1)]).await;
    let claimed = desk.claim(1).await.remove(0);
    desk.settle(claimed, JobState::Delivered).await;
    assert_eq!(desk.store.purge(JobState::Delivered, NOW).await.unwrap(), 0);
    assert_eq!(desk.store.purge(JobState::Delivered, Moment(NOW.0 + 1)).await.unwrap(), 1);
    for (table, left) in [("jobs", 1), ("arrivals", 1), ("payloads", 1), ("attempts", 0), ("receipts", 1), ("seen", 2)]
    {
        assert_eq!(desk.count(table).await, left, "{table}");
    }
}
