//! What an arrival does to the jobs that are already there.

use super::*;
use crate::domain::Reason;

fn states(states: &[(&str, &str)]) -> Vec<(String, String)> {
    states.iter().map(|(target, state)| ((*target).to_owned(), (*state).to_owned())).collect()
}

#[tokio::test]
async fn a_newer_version_supersedes_a_queued_one() {
    let desk = Desk::new().await;
    desk.arrive(vec![desk.draft("a", 1)]).await;
    desk.arrive(vec![desk.draft("a", 2)]).await;
    assert_eq!(desk.states().await, states(&[("a", "cancelled"), ("a", "queued")]));
}

#[tokio::test]
async fn a_newer_version_waits_for_a_running_one() {
    let desk = Desk::new().await;
    desk.arrive(vec![desk.draft("a", 1)]).await;
    let older = desk.claim(1).await.remove(0);
    desk.arrive(vec![desk.draft("a", 2)]).await;
    assert_eq!(desk.states().await, states(&[("a", "running"), ("a", "waiting")]));
    assert!(desk.claim(9).await.is_empty());
    desk.settle(older, JobState::Delivered).await;
    assert_eq!(upload(&desk.claim(9).await[0]).source.identity, identity(2));
}

#[tokio::test]
async fn a_running_one_that_finds_its_file_changed_is_superseded_by_the_newer() {
    let desk = Desk::new().await;
    desk.arrive(vec![desk.draft("a", 1), desk.draft("b", 1)]).await;
    let older = desk.claim(2).await;
    desk.arrive(vec![desk.draft("a", 2)]).await;
    for job in older {
        let mut settle = settle(desk.session, job, JobState::Queued);
        settle.settlement.reason = Some(Reason::SourceChanged);
        desk.store.settle(Arc::new(vec![settle])).await.unwrap();
    }
    let found = states(&[("a", "cancelled"), ("b", "queued"), ("a", "queued")]);
    assert_eq!(desk.states().await, found, "of b no newer version has arrived");
}

#[tokio::test]
async fn a_third_version_supersedes_the_waiting_second_and_still_waits() {
    let desk = Desk::new().await;
    desk.arrive(vec![desk.draft("a", 1)]).await;
    let first = desk.claim(1).await.remove(0);
    desk.arrive(vec![desk.draft("a", 2)]).await;
    desk.arrive(vec![desk.draft("a", 3)]).await;
    assert_eq!(desk.states().await, states(&[("a", "running"), ("a", "cancelled"), ("a", "waiting")]));
    desk.settle(first, JobState::Failed).await;
    assert_eq!(upload(&desk.claim(9).await[0]).source.identity, identity(3));
}

#[tokio::test]
async fn two_rules_with_one_target_take_turns() {
    let desk = Desk::new().await;
    let mut other = desk.draft("b", 1);
    other.jobs = vec![job("offsite", "a")];
    desk.arrive(vec![desk.draft("a", 1), other]).await;
    assert_eq!(desk.states().await, states(&[("a", "queued"), ("a", "waiting")]));
}

#[tokio::test]
async fn in_strict_order_each_waits_for_the_one_before() {
    let desk = Desk::new().await;
    let drafts = ["a", "b", "c"].map(|path| {
        let mut draft = desk.draft(path, 1);
        draft.jobs[0].is_in_order = true;
        draft
    });
    desk.arrive(drafts.into()).await;
    let mut order = vec![];
    for _ in 0..3 {
        let mut claimed = desk.claim(9).await;
        assert_eq!(claimed.len(), 1);
        order.push(upload(&claimed[0]).target.to_string());
        desk.settle(claimed.remove(0), JobState::Failed).await;
    }
    assert_eq!(order, ["a", "b", "c"]);
}

#[tokio::test]
async fn what_is_not_wanted_is_remembered_without_a_job() {
    let desk = Desk::new().await;
    let mut draft = desk.draft("a", 1);
    draft.jobs.clear();
    desk.arrive(vec![draft]).await;
    assert_eq!(desk.count("jobs").await, 0);
    let seen = desk.store.seen(desk.place, b"a").await.unwrap().unwrap();
    assert_eq!((seen.identity, seen.is_gone), (identity(1), false));
}

#[tokio::test]
async fn two_rules_share_the_payload_of_one_file() {
    let desk = Desk::new().await;
    let mut other = desk.draft("a", 1);
    other.rule = "others".into();
    other.jobs = vec![job("vault", "a")];
    desk.arrive(vec![desk.draft("a", 1), other]).await;
    assert_eq!((desk.count("jobs").await, desk.count("payloads").await), (2, 1));
}

#[tokio::test]
async fn a_newer_version_that_is_not_wanted_supersedes_too() {
    let desk = Desk::new().await;
    desk.arrive(vec![desk.draft("a", 1), desk.draft("b", 1)]).await;
    let mut unwanted = [desk.draft("a", 2), desk.draft("b", 1)];
    unwanted.iter_mut().for_each(|draft| draft.jobs.clear());
    desk.arrive(unwanted.into()).await;
    assert_eq!(desk.states().await, states(&[("a", "cancelled"), ("b", "queued")]), "b is the same version");
    assert_eq!(desk.count("payloads").await, 2);
}
