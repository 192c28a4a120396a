//! What a dead session leaves behind, and what keeps two from writing at once.

use super::*;

#[tokio::test]
async fn what_a_dead_session_had_claimed_is_released_uncounted_with_a_new_temporary_name() {
    let desk = Desk::new().await;
    desk.arrive(vec![desk.draft("in/a", 1)]).await;
    let claimed = desk.claim(1).await.remove(0);
    let desk = desk.restart().await;
    let again = desk.claim_at(1, NOW.plus(Duration::from_secs(30))).await.remove(0);
    assert_eq!(again.counted_tries, 0);
    assert_ne!(upload(&again).temporary_name, upload(&claimed).temporary_name);
    let litter = desk.store.litter("offsite", 9).await.unwrap();
    let temporary = upload(&claimed).target.beside(upload(&claimed).temporary_name.as_bytes()).unwrap();
    assert_eq!(litter, [Litter { temporary, target: upload(&claimed).target.clone() }]);
    desk.store.litter_removed("offsite", &litter[0].temporary).await.unwrap();
    assert!(desk.store.litter("offsite", 9).await.unwrap().is_empty());
}

/// Its source may be set aside, where nobody finds it; but a job that kills every process must not keep on doing so.
#[tokio::test]
async fn the_end_of_a_source_that_a_death_cut_off_is_tried_at_once_the_first_time() {
    let mut desk = Desk::new().await;
    desk.arrive(vec![desk.draft("in/a", 1)]).await;
    for is_at_once in [true, false] {
        assert_eq!(desk.claim(1).await.len(), 1);
        desk.raw("UPDATE jobs SET action = 'after'").await;
        desk = desk.restart().await;
        desk.raw("UPDATE jobs SET action = 'upload'").await;
        assert_eq!(desk.count("jobs WHERE due_at <= 1000000000").await, i64::from(is_at_once));
    }
}

#[tokio::test]
async fn litter_that_cannot_be_removed_hides_no_other() {
    let desk = Desk::new().await;
    desk.arrive(vec![desk.draft("a", 1), desk.draft("b", 1)]).await;
    assert_eq!(desk.claim(2).await.len(), 2);
    let desk = desk.restart().await;
    let first = desk.store.litter("offsite", 1).await.unwrap();
    let later = NOW.plus(Duration::from_secs(1));
    desk.store.litter_stays("offsite", vec![first[0].temporary.clone()], later).await.unwrap();
    assert_ne!(desk.store.litter("offsite", 1).await.unwrap(), first);
    assert_eq!(desk.store.litter("offsite", 9).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_claim_handed_back_keeps_its_temporary_name() {
    let desk = Desk::new().await;
    desk.arrive(vec![desk.draft("a", 1)]).await;
    let claimed = desk.claim(1).await.remove(0);
    desk.settle(claimed.clone(), JobState::Queued).await;
    let desk = desk.restart().await;
    assert_eq!(upload(&desk.claim(1).await[0]).temporary_name, upload(&claimed).temporary_name);
}

#[tokio::test]
async fn only_one_writes() {
    let desk = Desk::new().await;
    assert!(matches!(Store::open(desk.folder.path()).await, Err(StoreError::Locked(_))));
    let reader = Store::open_for_reading(desk.folder.path()).await.unwrap();
    assert!(reader.queues().await.unwrap().is_empty());
    assert!(matches!(reader.heartbeat(desk.session, NOW).await, Err(StoreError::Closed)));
}
