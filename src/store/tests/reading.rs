//! What an operator is told.

use super::*;
use crate::domain::RefTail;
use sqlx::Row;
use std::ops::ControlFlow::{Break, Continue};

async fn listed(desk: &Desk, filter: JobFilter, limit: u64) -> (Vec<String>, Rest) {
    let mut names = Vec::new();
    let each = |line: JobLine| {
        names.push(String::from_utf8_lossy(&line.name.unwrap()).into_owned());
        Continue(())
    };
    let more = desk.store.jobs(&filter, limit, each).await.unwrap();
    (names, more)
}

#[tokio::test]
async fn filters_narrow_the_list_and_the_rest_is_counted() {
    let desk = Desk::new().await;
    for (path, state) in
        [("a/one.pdf", JobState::Delivered), ("a/two.txt", JobState::Failed), ("three.pdf", JobState::Queued)]
    {
        desk.arrive(vec![desk.draft(path, 1)]).await;
        let job = desk.claim(9).await.remove(0);
        if state == JobState::Queued {
            let mut deferred = settle(desk.session, job, state);
            deferred.settlement.due_at = Moment(i64::MAX);
            deferred.settlement.said = Some("552 Quota exceeded".into());
            desk.store.settle(Arc::new(vec![deferred])).await.unwrap();
        } else {
            desk.settle(job, state).await;
        }
    }
    let all = JobFilter::default;
    for (filter, names) in [
        (all(), vec!["three.pdf", "a/two.txt", "a/one.pdf"]),
        (JobFilter { states: vec![JobState::Failed], ..all() }, vec!["a/two.txt"]),
        (JobFilter { states: vec![JobState::Failed, JobState::Delivered], ..all() }, vec!["a/two.txt", "a/one.pdf"]),
        (JobFilter { states: vec![JobState::Queued], since: Some(NOW), ..all() }, vec!["three.pdf"]),
        (JobFilter { since: Some(Moment(NOW.0 + 1)), ..all() }, vec![]),
        (JobFilter { states: vec![JobState::Failed], since: Some(NOW), ..all() }, vec!["a/two.txt"]),
        (JobFilter { rule: Some("other".into()), ..all() }, vec![]),
        (
            JobFilter { server: Some("offsite".into()), name: Some("*.pdf".into()), ..all() },
            vec!["three.pdf", "a/one.pdf"],
        ),
        (JobFilter { to: Some("a/*".into()), ..all() }, vec!["a/two.txt", "a/one.pdf"]),
        (JobFilter { text: Some("quota".into()), ..all() }, vec!["three.pdf"]),
    ] {
        assert_eq!(
            listed(&desk, filter.clone(), 9).await,
            (names.iter().map(|&s| s.into()).collect(), Rest::Jobs(0)),
            "{filter:?}"
        );
        if names.len() > 1 {
            let first = vec![names[0].to_owned()];
            let is_counted = filter.name.is_none() && filter.to.is_none() && filter.text.is_none();
            let rest = if is_counted { Rest::Jobs(names.len() as u64 - 1) } else { Rest::Some };
            assert_eq!(listed(&desk, filter.clone(), 1).await, (first, rest), "{filter:?}");
        }
    }
}

#[tokio::test]
async fn a_job_tells_of_its_attempts_and_its_receipt() {
    let desk = Desk::new().await;
    let draft = desk.draft("a", 1);
    let id = draft.jobs[0].id;
    desk.arrive(vec![draft]).await;
    let job = desk.claim(1).await.remove(0);
    desk.settle(job, JobState::Queued).await;
    let job = desk.claim_at(1, NOW).await.remove(0);
    desk.settle(job, JobState::Delivered).await;
    let [detail] = &desk.store.job(RefTail(id.tail())).await.unwrap()[..] else { panic!("one") };
    let outcomes: Vec<_> = detail.attempts.iter().map(|attempt| &attempt.outcome[..]).collect();
    assert_eq!((&outcomes[..], detail.job.tries), (&["deferred", "delivered"][..], 2));
    assert_eq!(detail.receipt.as_ref().unwrap().proof, "size");
    assert_eq!(detail.sha256, Some(Sha256([9; 32])));
    let json = serde_json::to_value(detail).unwrap();
    assert_eq!(json["id"], id.to_string());
    assert_eq!(json["receipt"]["delivered_at"], "1970-01-12T13:46:40.000Z");
    let mut receipts = Vec::new();
    let of_rule = ReceiptFilter { rule: Some("dumps".into()), name: Some("a*".into()), ..ReceiptFilter::default() };
    assert!(
        !desk
            .store
            .receipts(&of_rule, 9, |receipt| {
                receipts.push(receipt.job);
                Continue(())
            })
            .await
            .unwrap()
    );
    assert_eq!(receipts, [id]);
}

#[tokio::test]
async fn status_counts_by_rule_and_says_which_lanes_are_shut_and_who_serves() {
    let desk = Desk::new().await;
    desk.arrive(["a", "b", "c", "d"].map(|path| desk.draft(path, 1)).into()).await;
    let mut jobs = desk.claim(3).await.into_iter();
    desk.settle(jobs.next().unwrap(), JobState::Delivered).await;
    desk.settle(jobs.next().unwrap(), JobState::Failed).await;
    desk.store.pause_server("offsite", NOW).await.unwrap();
    let rules = ["dumps".to_owned(), "idle".to_owned()];
    let status = desk.store.status(&rules, NOW, NOW).await.unwrap();
    let [dumps, idle] = &status.rules[..] else { panic!("two rules: {status:?}") };
    assert_eq!((dumps.today, dumps.failed, dumps.last_delivered), (1, 1, Some(NOW)));
    assert_eq!(dumps.open, OpenCounts { waiting: 0, queued: 1, running: 1, held: 0 });
    assert_eq!(idle, &RuleStatus { rule: "idle".into(), ..RuleStatus::default() });
    assert_eq!((status.lanes[0].is_paused, status.lanes[0].waiting), (true, 2));
    assert_eq!(status.session, SessionStatus::Up { since: NOW, last_seen: NOW });
    assert_eq!(status.session.unanswered(), SessionStatus::Died { last_seen: NOW });
    let a_day_later = NOW.plus(Duration::from_secs(24 * 3600 + 1));
    let status = desk.store.status(&rules, a_day_later, a_day_later).await.unwrap();
    assert_eq!((status.rules[0].today, status.rules[0].failed), (0, 0));
    let up = SessionStatus::Up { since: NOW, last_seen: NOW };
    assert_eq!(status.session, up, "whoever holds the lock lives, though a full disk takes no heartbeat");
    let reader = Store::open_for_reading(desk.folder.path()).await.unwrap();
    assert_eq!(reader.status(&rules, a_day_later, a_day_later).await.unwrap().session, up);
    desk.store.end_session(desk.session, NOW).await.unwrap();
    assert_eq!(desk.store.status(&rules, NOW, NOW).await.unwrap().session, SessionStatus::Stopped { at: NOW });
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_said_and_not_shown_as_zeros() {
    let desk = Desk::new().await;
    desk.arrive(vec![desk.draft("a", 1)]).await;
    desk.raw("UPDATE jobs SET ref = x'00'").await;
    let told = desk.store.jobs(&JobFilter::default(), 9, |_| Continue(())).await.unwrap_err().to_string();
    assert!(told.contains("a job id that this version does not know: 1 bytes instead of 16"), "{told}");
}

#[tokio::test]
async fn a_process_that_lets_its_lock_go_without_a_word_has_died() {
    let Desk { folder, store, .. } = Desk::new().await;
    store.close().await;
    drop(store);
    let reader = Store::open_for_reading(folder.path()).await.unwrap();
    let a_day_later = NOW.plus(Duration::from_secs(24 * 3600));
    let session = reader.status(&[], a_day_later, a_day_later).await.unwrap().session;
    assert_eq!(session, SessionStatus::Died { last_seen: NOW });
}

#[tokio::test]
async fn a_database_that_is_not_there_yet_can_be_asked_and_knows_nothing() {
    let store = Store::open_empty().await.unwrap();
    assert!(store.paused_rules().await.unwrap().is_empty());
    assert_eq!(store.find_place("dumps", b"/src").await.unwrap(), None);
    assert_eq!(store.status(&[], NOW, NOW).await.unwrap().session, SessionStatus::Never);
    assert!(store.pause_rule("dumps", NOW).await.is_err(), "it is for reading");
}

#[tokio::test]
async fn a_list_ends_where_nobody_takes_more_of_it() {
    let desk = Desk::new().await;
    desk.arrive((0..600).map(|n| desk.draft(&n.to_string(), 1)).collect()).await;
    let mut taken = 0;
    let each = |_| {
        taken += 1;
        if taken == 3 { Break(()) } else { Continue(()) }
    };
    let rest = desk.store.jobs(&JobFilter::default(), u64::MAX, each).await.unwrap();
    assert_eq!((taken, rest), (3, Rest::Some));
}

/// A list that nobody takes on (a pager left open overnight) must not keep the log from being used again.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_taken_slowly_holds_no_read_open() {
    let desk = Desk::new().await;
    desk.arrive((0..600).map(|n| desk.draft(&n.to_string(), 1)).collect()).await;
    let (taken, take) = std::sync::mpsc::channel::<()>();
    let (first, begun) = tokio::sync::oneshot::channel();
    let (store, mut first) = (desk.store.clone(), Some(first));
    let list = tokio::spawn(async move {
        let each = move |_| {
            first.take().into_iter().for_each(|first| first.send(()).unwrap());
            let _ = take.recv(); // an error once nobody makes us wait any more
            Continue(())
        };
        store.jobs(&JobFilter::default(), u64::MAX, each).await.unwrap()
    });
    begun.await.unwrap();
    desk.arrive(vec![desk.draft("later", 1)]).await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(desk.folder.path().join("packetboat.db"));
    let mut other = sqlx::ConnectOptions::connect(&options).await.unwrap();
    let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut other).await.unwrap();
    assert_eq!(row.get::<i64, _>("busy"), 0, "a reader stands in the way");
    drop(taken);
    assert_eq!(list.await.unwrap(), Rest::Jobs(0));
}

#[tokio::test]
async fn an_attempt_that_was_handed_back_is_on_record_and_not_counted() {
    let desk = Desk::new().await;
    let draft = desk.draft("a", 1);
    let id = draft.jobs[0].id;
    desk.arrive(vec![draft]).await;
    let mut back = settle(desk.session, desk.claim(1).await.remove(0), JobState::Queued);
    (back.attempt.outcome, back.settlement.counted) = (TryOutcome::Returned, false);
    desk.store.settle(Arc::new(vec![back])).await.unwrap();
    let mut uncounted = settle(desk.session, desk.claim(1).await.remove(0), JobState::Queued);
    uncounted.settlement.counted = false; // the server's trouble
    desk.store.settle(Arc::new(vec![uncounted])).await.unwrap();
    let job = desk.claim(1).await.remove(0);
    desk.settle(job, JobState::Failed).await;
    let [detail] = &desk.store.job(RefTail(id.tail())).await.unwrap()[..] else { panic!("one") };
    let handed_back: Vec<bool> = detail.attempts.iter().map(Attempt::is_handed_back).collect();
    assert_eq!((&handed_back[..], detail.job.tries, detail.job.counted_tries), (&[true, false, false][..], 2, 1));
    let mut listed = Vec::new();
    let each = |line: JobLine| {
        listed.push(line.tries);
        Continue(())
    };
    desk.store.jobs(&JobFilter::default(), 9, each).await.unwrap();
    let told = desk.store.untold_failures().await.unwrap().remove(0).1.example.tries;
    assert_eq!((&listed[..], told), (&[2][..], 2), "a list and a mail say the same");
}

/// A job that moved a source is delivered, too: no server, no folder and nobody got anything by it.
#[tokio::test]
async fn delivered_is_what_has_a_receipt_wherever_it_is_counted() {
    let desk = Desk::new().await;
    desk.arrive(["a", "b"].map(|path| desk.draft(path, 1)).into()).await;
    let mut jobs = desk.claim(2).await.into_iter();
    desk.settle(jobs.next().unwrap(), JobState::Delivered).await;
    let moved = settle(desk.session, jobs.next().unwrap(), JobState::Delivered);
    desk.store.settle(Arc::new(vec![Settle { receipt: None, ..moved }])).await.unwrap();
    desk.raw("UPDATE jobs SET action = 'after' WHERE id = 2").await;
    let rules = ["dumps".to_owned()];
    let status = desk.store.status(&rules, NOW, NOW).await.unwrap();
    let line = desk.store.report(&rules, (NOW.minus(Duration::from_secs(1)), NOW)).await.unwrap().remove(0);
    let mut receipts = 0;
    let each = |_| {
        receipts += 1;
        Continue(())
    };
    desk.store.receipts(&ReceiptFilter::default(), 9, each).await.unwrap();
    for rule in [None, Some("dumps")] {
        assert_eq!(desk.store.ends(rule, NOW).await.unwrap(), Ends { delivered: 1, failed: 0, open: 0 });
    }
    assert_eq!(desk.store.ends(Some("other"), NOW).await.unwrap().delivered, 0);
    assert_eq!((status.rules[0].today, receipts, line.delivered), (1, 1, 1));
    assert_eq!((line.bytes, line.last_delivered), (4, Some(NOW)));
}
