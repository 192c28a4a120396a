//! Claims: bounded, fenced, in parcels, with the next due time committed.

use super::*;
use std::ops::ControlFlow::Continue;

#[tokio::test]
async fn a_claim_takes_the_oldest_due_and_no_more_than_asked() {
    let desk = Desk::new().await;
    let mut late = desk.draft("late", 1);
    late.jobs[0].due_at = NOW.plus(Duration::from_secs(60));
    desk.arrive(vec![late, desk.draft("a", 1), desk.draft("b", 1), desk.draft("c", 1)]).await;
    let names: Vec<_> = desk.claim(2).await.iter().map(target_of).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(desk.claim(9).await.len(), 1);
    assert_eq!(desk.store.next_due(&queue()).await.unwrap(), Some(NOW.plus(Duration::from_secs(60))));
}

#[tokio::test]
async fn an_expired_job_is_not_claimed_but_failed_by_the_deadline() {
    let desk = Desk::new().await;
    let mut draft = desk.draft("a", 1);
    draft.jobs[0].expires_at = NOW;
    desk.arrive(vec![draft]).await;
    assert!(desk.claim(9).await.is_empty());
    assert_eq!(desk.store.expire(NOW).await.unwrap().len(), 1);
    assert_eq!(desk.states().await[0].1, "failed");
    assert!(desk.store.expire(NOW).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_jobs_of_a_parcel_travel_together() {
    let desk = Desk::new().await;
    desk.arrive(vec![desk.draft("a", 1), desk.draft("b", 1), desk.draft("c", 1)]).await;
    let text = "UPDATE jobs SET parcel = 5 WHERE target IN (CAST('a' AS BLOB), CAST('c' AS BLOB))";
    desk.raw(text).await;
    let ask = Ask { queue: queue(), parcels: 1, retry: retry() };
    let parcels = desk.store.claim(desk.session, vec![ask], NOW).await.unwrap();
    let names: Vec<Vec<_>> = parcels.iter().map(|parcel| parcel.jobs.iter().map(target_of).collect()).collect();
    assert_eq!(names, [["a", "c"]]);
}

#[tokio::test]
async fn a_claimed_row_that_cannot_be_read_is_failed_and_says_so() {
    let desk = Desk::new().await;
    let mut behind = desk.draft("b", 1);
    behind.jobs[0].errand = to("a");
    desk.arrive(vec![desk.draft("a", 1), behind]).await;
    desk.raw("UPDATE jobs SET wishes = '' WHERE state = 'queued'").await;
    assert!(desk.claim(9).await.is_empty());
    let mut lines = vec![];
    desk.store
        .jobs(&JobFilter::default(), 9, |line| {
            lines.push(line);
            Continue(())
        })
        .await
        .unwrap();
    let broken = lines.iter().find(|line| line.state == JobState::Failed).expect("it is failed");
    assert_eq!(broken.reason.as_deref(), Some("unplannable"));
    assert!(broken.said.as_deref().unwrap().contains("cannot be read"), "{broken:?}");
    assert_eq!(desk.claim(9).await.len(), 1, "the one behind it goes on");
}

#[tokio::test]
async fn a_settle_of_an_old_claim_changes_nothing() {
    let desk = Desk::new().await;
    desk.arrive(vec![desk.draft("a", 1)]).await;
    let first = desk.claim(1).await.remove(0);
    assert_eq!(desk.settle(first.clone(), JobState::Queued).await, Settled::Done);
    let second = desk.claim(1).await.remove(0);
    assert_eq!(desk.settle(first, JobState::Delivered).await, Settled::Fenced);
    assert_eq!(desk.states().await[0].1, "running");
    assert_eq!(desk.count("receipts").await, 0);
    assert_eq!(desk.settle(second.clone(), JobState::Delivered).await, Settled::Done);
    assert_eq!(desk.settle(second, JobState::Delivered).await, Settled::Fenced);
    assert_eq!((desk.count("receipts").await, desk.count("attempts").await), (1, 2));
}

#[tokio::test]
async fn the_next_due_time_is_committed_with_the_claim_and_doubles() {
    let desk = Desk::new().await;
    desk.arrive(vec![desk.draft("a", 1)]).await;
    let mut desk = desk;
    let mut now = NOW;
    for expected in [30, 60, 120] {
        assert_eq!(desk.claim_at(1, now).await.len(), 1);
        desk = desk.restart().await;
        let due = desk.store.next_due(&queue()).await.unwrap().unwrap();
        assert_eq!(due, now.plus(Duration::from_secs(expected)));
        now = due;
    }
}

#[tokio::test]
async fn a_delivery_tells_the_ledger_the_hash() {
    let desk = Desk::new().await;
    desk.arrive(vec![desk.draft("a", 1)]).await;
    let claimed = desk.claim(1).await.remove(0);
    desk.settle(claimed, JobState::Delivered).await;
    assert_eq!(desk.store.seen(desk.place, b"a").await.unwrap().unwrap().sha256, Some(Sha256([9; 32])));
}

#[tokio::test]
async fn a_job_that_is_handed_back_keeps_the_last_words() {
    let desk = Desk::new().await;
    desk.arrive(vec![desk.draft("a", 1)]).await;
    desk.raw("UPDATE jobs SET said = '552 quota exceeded'").await;
    let job = desk.claim(1).await.remove(0);
    let id = crate::domain::RefTail(job.job.tail());
    desk.settle(job, JobState::Queued).await;
    let detail = desk.store.job(id).await.unwrap().remove(0);
    assert_eq!(detail.job.said.as_deref(), Some("552 quota exceeded"));
}

#[tokio::test]
async fn what_waits_for_a_moment_that_no_retry_waits_for_is_made_due() {
    let desk = Desk::new().await;
    desk.arrive(vec![desk.draft("soon", 1), desk.draft("far", 1)]).await;
    let hour = 3_600_000;
    desk.raw("UPDATE jobs SET due_at = due_at + 30000 WHERE CAST(target AS TEXT) = 'soon'").await;
    desk.raw("UPDATE jobs SET due_at = due_at + 86400000 WHERE CAST(target AS TEXT) = 'far'").await;
    assert!(desk.claim(9).await.is_empty());
    desk.store.bring_forward(NOW).await.unwrap();
    let due: Vec<_> = desk.claim(9).await.iter().map(target_of).collect();
    assert_eq!(due, ["far"]);
    assert!(desk.store.next_due(&queue()).await.unwrap().unwrap().0 < NOW.0 + hour);
}

#[tokio::test]
async fn what_waits_for_another_job_or_is_held_waits_no_longer_for_a_clock_that_was_set_back() {
    let desk = Desk::new().await;
    let same =
        |version| ArrivalDraft { jobs: vec![job("offsite", "same")], ..desk.draft(&format!("{version}"), version) };
    desk.arrive(vec![same(1), same(2), desk.draft("held", 1)]).await;
    let held = Which::Filter(JobFilter { name: Some("held".into()), ..JobFilter::default() });
    desk.store.operate(&held, operation(JobVerb::Hold, Rehearsal::No, NOW)).await.unwrap();
    let yesterday = NOW.minus(Duration::from_secs(86_400));
    desk.store.bring_forward(yesterday).await.unwrap();
    desk.store.operate(&held, operation(JobVerb::Release, Rehearsal::No, yesterday)).await.unwrap();
    let mut first = desk.claim_at(9, yesterday).await;
    assert_eq!(first.iter().map(|job| &job.name[..]).collect::<Vec<_>>(), [&b"1"[..], b"held"]);
    desk.settle(first.remove(0), JobState::Delivered).await;
    assert_eq!(desk.claim_at(9, yesterday).await[0].name, b"2");
}
