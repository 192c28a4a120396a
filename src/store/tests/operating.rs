//! What an operator does to jobs, in the database.

use super::*;
use crate::domain::{Reason, SaveWishes};
use std::{collections::BTreeMap, ops::ControlFlow::Continue};

const LATER: Moment = Moment(NOW.0 + 600_000);

/// One job in each state, as each gets there; its target is the state's word.
async fn one_of_each() -> Desk {
    let desk = Desk::new().await;
    for word in ["delivered", "failed", "cancelled", "running"] {
        desk.arrive(vec![desk.draft(word, 1)]).await;
        let job = desk.claim(1).await.remove(0);
        match word {
            "delivered" => _ = desk.settle(job, JobState::Delivered).await,
            "failed" => _ = desk.settle(job, JobState::Failed).await,
            "cancelled" => _ = desk.settle(job, JobState::Cancelled).await,
            _ => {}
        }
    }
    let mut held = desk.draft("held", 1);
    held.jobs[0].beginning = Beginning::Paused;
    let mut behind = desk.draft("waiting", 1);
    behind.jobs[0].errand = to("running");
    desk.arrive(vec![held, behind, desk.draft("queued", 1)]).await;
    desk.raw("UPDATE jobs SET target = CAST('waiting' AS BLOB) WHERE state = 'waiting'").await;
    desk
}

async fn all(desk: &Desk, verb: JobVerb, rehearsal: Rehearsal) -> Tally {
    all_at(desk, verb, rehearsal, LATER).await
}

async fn all_at(desk: &Desk, verb: JobVerb, rehearsal: Rehearsal, now: Moment) -> Tally {
    let all = Which::Filter(JobFilter { rule: Some("dumps".into()), ..JobFilter::default() });
    desk.store.operate(&all, super::operation(verb, rehearsal, now)).await.unwrap()
}

#[tokio::test]
async fn every_verb_on_every_state_moves_only_legally_and_tells_the_same_before_and_after() {
    for (verb, done, states) in [
        (JobVerb::Retry, 3, ["delivered", "queued", "queued", "running", "held", "waiting", "queued"]),
        (JobVerb::Cancel, 4, ["delivered", "cancelled", "cancelled", "running", "cancelled", "cancelled", "cancelled"]),
        (JobVerb::Hold, 2, ["delivered", "failed", "cancelled", "running", "held", "held", "held"]),
        (JobVerb::Release, 1, ["delivered", "failed", "cancelled", "running", "queued", "waiting", "queued"]),
    ] {
        let desk = one_of_each().await;
        let before = desk.states().await;
        let rehearsed = all(&desk, verb, Rehearsal::Only).await;
        assert_eq!(desk.states().await, before, "{verb:?}: a rehearsal changes nothing");
        let tally = all(&desk, verb, Rehearsal::No).await;
        assert_eq!(tally, rehearsed, "{verb:?}");
        assert_eq!(tally.done, done, "{verb:?}");
        assert_eq!(tally.done + tally.left_alone.values().sum::<u64>(), 7, "{verb:?}");
        let after = desk.states().await;
        assert_eq!(after.iter().map(|(_, state)| &state[..]).collect::<Vec<_>>(), states, "{verb:?}");
        for ((name, was), (_, is)) in before.iter().zip(&after) {
            let (was, is) = (JobState::from_word(was).unwrap(), JobState::from_word(is).unwrap());
            assert!(was == is || was.may_become(is), "{verb:?} of {name}");
        }
    }
}

#[tokio::test]
async fn what_has_no_path_or_no_bytes_is_not_tried_again() {
    let desk = Desk::new().await;
    let mut without_path = desk.draft("a", 1);
    if let Errand::Upload { target, .. } = &mut without_path.jobs[0].errand {
        *target = None;
    }
    let mut without_bytes = desk.draft("b", 1); // its `file` was not there
    if let Errand::Upload { wishes, .. } = &mut without_bytes.jobs[0].errand {
        wishes.is_text = true;
    }
    let mut without_text = desk.draft("c", 1);
    let wishes = SaveWishes {
        root: "/srv".into(),
        on_exists: OnExists::Replace,
        proof: ProofWish::Size,
        times: Times::None,
        mode: 0o640,
        retry: super::retry(),
        deadline: None,
        is_text: true,
    };
    without_text.jobs[0].errand = Errand::Save { target: RemotePath::new("srv/c").ok(), text: None, wishes };
    for draft in [&mut without_path, &mut without_bytes, &mut without_text] {
        draft.jobs[0].beginning = Beginning::Refused(Reason::Unplannable, "it could not be had".into());
    }
    desk.arrive(vec![without_path, without_bytes, without_text]).await;
    let tally = all(&desk, JobVerb::Retry, Rehearsal::No).await;
    assert_eq!((tally.done, tally.left_alone), (0, BTreeMap::from([(LeftAlone::NoTarget, 3)])));
}

#[tokio::test]
async fn a_retry_starts_the_job_anew_and_wakes_its_queue() {
    let desk = Desk::new().await;
    desk.arrive(vec![desk.draft("a", 1)]).await;
    while tokio::time::timeout(Duration::from_millis(1), desk.store.touched()).await.is_ok() {}
    let job = desk.claim(1).await.remove(0);
    let (id, temporary) = (job.job, upload(&job).temporary_name.clone());
    desk.settle(job, JobState::Failed).await;
    let which = Which::Ids(vec![crate::domain::RefTail(id.tail())]);
    assert_eq!(
        desk.store.operate(&which, super::operation(JobVerb::Retry, Rehearsal::No, LATER)).await.unwrap().done,
        1
    );
    assert_eq!(desk.store.touched().await, Some(queue()));
    let job = desk.claim_at(1, LATER).await.remove(0);
    assert_eq!((job.job, job.counted_tries, job.reason), (id, 0, None));
    assert_eq!(job.expires_at, LATER.plus(Duration::from_secs(3600)), "its own span, from now");
    assert_ne!(upload(&job).temporary_name, temporary, "the old one may be litter, about to be removed");
}

#[tokio::test]
async fn a_second_retry_gives_no_longer_a_span_than_the_first() {
    let desk = Desk::new().await;
    desk.arrive(vec![desk.draft("a", 1)]).await;
    for now in [NOW, LATER, Moment(LATER.0 + 600_000)] {
        all_at(&desk, JobVerb::Retry, Rehearsal::No, now).await;
        let job = desk.claim_at(1, now).await.remove(0);
        assert_eq!(job.expires_at, now.plus(Duration::from_secs(3600)));
        desk.settle(job, JobState::Failed).await;
    }
}

#[tokio::test]
async fn a_retry_makes_a_deferred_job_due_and_leaves_its_deadline() {
    let desk = Desk::new().await;
    desk.arrive(vec![desk.draft("a", 1)]).await;
    let job = desk.claim(1).await.remove(0);
    let expires_at = job.expires_at;
    let mut deferred = settle(desk.session, job, JobState::Queued);
    deferred.settlement.due_at = Moment(LATER.0 + 1_000_000);
    desk.store.settle(Arc::new(vec![deferred])).await.unwrap();
    assert!(desk.claim_at(1, LATER).await.is_empty());
    all(&desk, JobVerb::Retry, Rehearsal::No).await;
    assert_eq!(desk.claim_at(1, LATER).await.remove(0).expires_at, expires_at);
}

#[tokio::test]
async fn a_retry_never_runs_beside_a_newer_job_of_its_target() {
    let desk = Desk::new().await;
    desk.arrive(vec![desk.draft("a", 1)]).await;
    let job = desk.claim(1).await.remove(0);
    desk.settle(job, JobState::Failed).await;
    desk.arrive(vec![desk.draft("a", 2)]).await;
    let tally = all(&desk, JobVerb::Retry, Rehearsal::No).await;
    assert_eq!(tally.left_alone, BTreeMap::from([(LeftAlone::TargetBusy, 1)]));
}

#[tokio::test]
async fn cancelling_one_in_the_middle_lets_nobody_overtake() {
    let desk = Desk::new().await;
    for (path, version) in [("first", 1), ("second", 1), ("third", 1)] {
        let mut draft = desk.draft(path, version);
        draft.jobs[0].errand = to("t");
        desk.arrive(vec![draft]).await;
    }
    let first = desk.claim(3).await;
    assert_eq!(first.len(), 1, "the others wait");
    let filter = |name: &str| Which::Filter(JobFilter { name: Some(name.into()), ..JobFilter::default() });
    for verb in [JobVerb::Hold, JobVerb::Cancel] {
        assert_eq!(
            desk.store.operate(&filter("second"), super::operation(verb, Rehearsal::No, NOW)).await.unwrap().done,
            1
        );
    }
    assert!(desk.claim(3).await.is_empty(), "the third waits for the first now");
    desk.settle(first.into_iter().next().unwrap(), JobState::Delivered).await;
    assert_eq!(desk.claim(3).await[0].name, b"third");
}

#[tokio::test]
async fn a_released_job_waits_for_an_older_one_that_is_open() {
    let desk = Desk::new().await;
    for path in ["first", "second"] {
        let mut draft = desk.draft(path, 1);
        draft.jobs[0].errand = to("t");
        desk.arrive(vec![draft]).await;
    }
    all(&desk, JobVerb::Hold, Rehearsal::No).await;
    let second = Which::Filter(JobFilter { name: Some("second".into()), ..JobFilter::default() });
    desk.store.operate(&second, super::operation(JobVerb::Release, Rehearsal::No, NOW)).await.unwrap();
    assert_eq!(desk.states().await[1].1, "waiting");
    assert_eq!(all(&desk, JobVerb::Cancel, Rehearsal::No).await.done, 2);
}

#[tokio::test]
async fn ids_that_mean_no_job_or_two_are_named_and_touch_nothing() {
    let desk = Desk::new().await;
    desk.arrive(vec![desk.draft("a", 1), desk.draft("b", 1)]).await;
    desk.raw("UPDATE jobs SET ref = x'0102030405060708090a0b0c0d0e0f10'").await;
    let twice = crate::domain::RefTail([0x0c, 0x0d, 0x0e, 0x0f, 0x10]);
    let nobody = crate::domain::RefTail([0; 5]);
    let which = Which::Ids(vec![twice, nobody]);
    let tally = desk.store.operate(&which, super::operation(JobVerb::Cancel, Rehearsal::No, NOW)).await.unwrap();
    assert_eq!(tally, Tally { unknown: vec![nobody], ambiguous: vec![twice], ..Tally::default() });
    assert_eq!(desk.store.job(twice).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_move_takes_what_is_not_running_in_order_and_never_beside_the_same_bytes() {
    let desk = Desk::new().await;
    desk.arrive(vec![desk.draft("running", 1)]).await;
    assert_eq!(desk.claim(1).await.len(), 1);
    let mut both = desk.draft("both", 1);
    both.jobs.push(job("vault", "both"));
    let mut second = desk.draft("second", 1);
    second.jobs[0].errand = to("t");
    let mut third = desk.draft("third", 1);
    third.jobs[0].errand = to("t");
    desk.arrive(vec![both, second, third]).await;
    let rehearsed = desk.store.move_jobs("offsite", vault(), Rehearsal::Only, NOW).await.unwrap();
    let tally = desk.store.move_jobs("offsite", vault(), Rehearsal::No, NOW).await.unwrap();
    assert_eq!(tally.left_alone, BTreeMap::from([(LeftAlone::Running, 1), (LeftAlone::TargetBusy, 1)]));
    assert_eq!((tally.done, rehearsed), (2, tally.clone()));
    let mut there = Vec::new();
    let vault = JobFilter { server: Some("vault".into()), ..JobFilter::default() };
    desk.store
        .jobs(&vault, 10, |line| {
            there.push((line.name.unwrap(), line.state));
            Continue(())
        })
        .await
        .unwrap();
    let expected = [(&b"third"[..], JobState::Waiting), (b"second", JobState::Queued), (b"both", JobState::Queued)];
    assert_eq!(there, expected.map(|(name, state)| (name.to_vec(), state)));
}

fn vault() -> MoveTo {
    MoveTo { server: "vault".into(), takes: "upload" }
}

#[tokio::test]
async fn a_job_does_not_move_to_a_server_of_another_kind() {
    let desk = Desk::new().await;
    desk.arrive(vec![desk.draft("a", 1)]).await;
    for takes in ["send", "webhook"] {
        for rehearsal in [Rehearsal::Only, Rehearsal::No] {
            let to = MoveTo { server: "main".into(), takes };
            let tally = desk.store.move_jobs("offsite", to, rehearsal, NOW).await.unwrap();
            assert_eq!((tally.done, tally.left_alone), (0, BTreeMap::from([(LeftAlone::OtherKind, 1)])));
        }
    }
    assert_eq!(desk.claim(1).await.len(), 1);
}

#[tokio::test]
async fn a_job_that_was_tried_leaves_litter_where_it_moved_from() {
    let desk = Desk::new().await;
    desk.arrive(vec![desk.draft("a", 1)]).await;
    let job = desk.claim(1).await.remove(0);
    desk.settle(job, JobState::Queued).await;
    desk.store.move_jobs("offsite", vault(), Rehearsal::No, NOW).await.unwrap();
    assert_eq!(desk.store.litter("offsite", 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn five_hundred_rows_and_more_are_done_in_chunks() {
    let desk = Desk::new().await;
    let drafts = (0..1201).map(|n| desk.draft(&format!("f{n}"), 1)).collect();
    desk.arrive(drafts).await;
    assert_eq!(all(&desk, JobVerb::Hold, Rehearsal::No).await.done, 1201);
    assert_eq!(all(&desk, JobVerb::Release, Rehearsal::No).await.done, 1201);
    assert_eq!(desk.store.move_jobs("offsite", vault(), Rehearsal::No, NOW).await.unwrap().done, 1201);
}
