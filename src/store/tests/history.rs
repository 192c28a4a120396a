//! History that has been kept long enough.

use super::*;
use crate::domain::Letter;

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

/// Two jobs carry each of them.
#[tokio::test]
async fn the_bytes_of_a_message_go_once_all_who_should_have_it_have_had_it_for_long() {
    let desk = Desk::new().await;
    let drafts = (0..600).map(|number| {
        let mut draft = desk.draft(&format!("a{number}"), 1);
        draft.letters = vec![Letter { bytes: b"text".to_vec(), sha256: Sha256([1; 32]), key: None }];
        draft.jobs.push(job("vault", &format!("a{number}")));
        for job in &mut draft.jobs {
            let Errand::Upload { text, wishes, .. } = &mut job.errand else { panic!("no upload") };
            (*text, wishes.is_text) = (Some(0), true);
        }
        draft
    });
    desk.arrive(drafts.collect()).await;
    assert_eq!(desk.count("bodies").await, 600);
    let purged = async || {
        let mut behind = Some(0);
        while let Some(last) = behind {
            behind = desk.store.purge_bodies(last, NOW).await.unwrap();
        }
        desk.count("bodies").await
    };
    desk.raw("UPDATE jobs SET state = 'failed', ended_at = 1").await;
    assert_eq!(purged().await, 600, "these may be tried again");
    desk.raw("UPDATE jobs SET state = 'delivered', ended_at = iif(id > 1196, 1, 1000000000)").await;
    assert_eq!(purged().await, 598, "the others are young, and do not hide them");
    desk.raw("UPDATE jobs SET ended_at = 1").await;
    assert_eq!(purged().await, 0);
}
