//! Jobs that failed before any server was asked.

use super::*;
use crate::domain::{Original, Reason, RefTail};

fn refused(mut draft: ArrivalDraft) -> ArrivalDraft {
    draft.jobs[0].beginning = Beginning::Refused(Reason::Unplannable, "no".into());
    draft
}

fn without_target(mut draft: ArrivalDraft) -> ArrivalDraft {
    let Errand::Upload { target, .. } = &mut draft.jobs[0].errand else { panic!("no upload") };
    *target = None;
    refused(draft)
}

async fn detail(desk: &Desk, job: Ref) -> JobDetail {
    desk.store.job(RefTail(job.tail())).await.unwrap().remove(0)
}

#[tokio::test]
async fn what_failed_is_the_rules_where_no_server_was_asked() {
    let desk = Desk::new().await;
    desk.arrive(vec![desk.draft("tried", 1)]).await;
    let mut unreadable = settle(desk.session, desk.claim(1).await.remove(0), JobState::Failed);
    unreadable.settlement.reason = Some(Reason::Unplannable);
    unreadable.attempt.kind = Some("local");
    desk.store.settle(Arc::new(vec![unreadable])).await.unwrap();
    let (too_large, pathless) = (refused(desk.draft("too_large", 1)), without_target(desk.draft("pathless", 1)));
    let mut untaken = without_target(desk.draft("untaken", 1));
    untaken.jobs[0].beginning = Beginning::Refused(Reason::SourceChanged, "no".into());
    let ids = [&too_large, &pathless, &untaken].map(|draft| draft.jobs[0].id);
    desk.arrive(vec![too_large, pathless, untaken]).await;
    let failures = desk.store.untold_failures().await.unwrap();
    let told = failures.iter().map(|(_, failure)| (&*failure.example.name, failure.subject(), &*failure.kind));
    let told: Vec<_> = told.collect();
    assert_eq!(
        told,
        [
            ("tried", "offsite", "local"),
            ("too_large", "dumps", "unplannable"),
            ("pathless", "dumps", "unplannable"),
            ("untaken", "dumps", "unplannable"),
        ]
    );
    let [too_large, pathless, untaken] = ids;
    for (job, left_alone) in
        [(too_large, None), (pathless, Some(LeftAlone::NoTarget)), (untaken, Some(LeftAlone::NoTarget))]
    {
        assert_eq!(detail(&desk, job).await.left_alone, left_alone);
    }
}

#[tokio::test]
async fn where_its_file_is_now_is_known_whichever_rule_took_it_away() {
    let desk = Desk::new().await;
    let file = without_target(desk.draft("a", 1));
    let mut tick = without_target(desk.draft("a", 1));
    tick.sighting = Sighting::tick(NOW);
    let [of_file, of_tick] = [&file, &tick].map(|draft| draft.jobs[0].id);
    desk.arrive(vec![file, tick]).await;
    assert_eq!(detail(&desk, of_file).await.original, Original::File);
    let mut other = desk.draft("a", 1);
    other.rule = "others".into();
    desk.arrive(vec![other]).await;
    desk.raw("UPDATE jobs SET action = 'after', state = 'delivered', said = 'moved to /b' WHERE rule = 'others'").await;
    let moved = Original::Taken("moved to /b".into());
    assert_eq!(detail(&desk, of_file).await.original, moved);
    assert_eq!(detail(&desk, of_tick).await.original, Original::Tick);
    let failures = desk.store.untold_failures().await.unwrap();
    let examples: Vec<_> = failures.into_iter().map(|(_, failure)| failure.example).collect();
    assert_eq!(desk.store.originals(&examples).await.unwrap(), [moved, Original::Tick]);
}

#[tokio::test]
async fn nothing_of_a_rule_is_left_failed_once_it_was_cancelled() {
    let desk = Desk::new().await;
    desk.arrive(vec![without_target(desk.draft("a", 1))]).await;
    assert!(desk.store.has_failed("dumps", NOW).await.unwrap());
    assert!(!desk.store.has_failed("dumps", Moment(NOW.0 + 1)).await.unwrap());
    assert!(!desk.store.has_failed("others", NOW).await.unwrap());
    let which = Which::Filter(JobFilter::default());
    desk.store.operate(&which, operation(JobVerb::Cancel, Rehearsal::No, NOW)).await.unwrap();
    assert!(!desk.store.has_failed("dumps", NOW).await.unwrap());
}
