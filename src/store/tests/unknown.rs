//! Mails that may have been taken, and that nobody wants twice.

use super::*;
use crate::domain::{Letter, MailWishes, OnUnknown, Owed, Reason};
use sqlx::Row;

/// One letter with this key, for one address.
fn mail(desk: &Desk, path: &str, version: i64) -> ArrivalDraft {
    let mut draft = desk.draft(path, version);
    draft.letters = vec![Letter { bytes: b"text".to_vec(), sha256: Sha256([1; 32]), key: Some("7".into()) }];
    draft.jobs[0].errand = Errand::Send {
        recipient: "ann@example.org".into(),
        letter: Some(0),
        wishes: MailWishes {
            sender: "gate@example.com".into(),
            via: vec![],
            on_unknown: OnUnknown::Hold,
            retry: retry(),
            deadline: Some(Duration::from_secs(60)),
            not_before: None,
            return_path: None,
        },
        owed: Owed::NOTHING,
    };
    draft
}

async fn held(desk: &Desk) {
    desk.arrive(vec![mail(desk, "a", 1)]).await;
    let job = desk.claim(1).await.remove(0);
    let mut settle = settle(desk.session, job, JobState::Held);
    settle.settlement.reason = Some(Reason::Unknown);
    assert_eq!(desk.store.settle(vec![settle].into()).await.unwrap(), [Settled::Done]);
}

async fn operate(desk: &Desk, verb: JobVerb, now: Moment) {
    let which = Which::Filter(JobFilter { rule: Some("dumps".into()), ..JobFilter::default() });
    assert_eq!(desk.store.operate(&which, operation(verb, Rehearsal::No, now)).await.unwrap().done, 1);
}

#[tokio::test]
async fn no_deadline_decides_and_whoever_lets_it_go_gives_it_a_whole_one() {
    let desk = Desk::new().await;
    held(&desk).await;
    let late = NOW.plus(Duration::from_secs(1_000_000));
    assert_eq!(desk.store.expire(late).await.unwrap().len(), 0);
    operate(&desk, JobVerb::Release, late).await;
    assert_eq!(desk.store.expire(late.plus(Duration::from_secs(59))).await.unwrap().len(), 0);
    assert_eq!(desk.store.expire(late.plus(Duration::from_secs(61))).await.unwrap().len(), 1);
}

#[tokio::test]
async fn its_key_is_not_given_to_another_letter_even_if_it_is_cancelled() {
    let desk = Desk::new().await;
    held(&desk).await;
    operate(&desk, JobVerb::Cancel, NOW).await;
    desk.arrive(vec![mail(&desk, "b", 1)]).await;
    assert_eq!(desk.count("jobs").await, 2);
    assert!(desk.claim(1).await.is_empty(), "it was handled before");
}

#[tokio::test]
async fn after_a_death_only_what_had_begun_is_held() {
    let desk = Desk::new().await;
    let mut other = mail(&desk, "b", 1);
    other.letters[0].key = None;
    desk.arrive(vec![mail(&desk, "a", 1), other]).await;
    let claimed = desk.claim(2).await;
    desk.store.begin_to_send(&claimed[..1]).await.unwrap();
    let desk = desk.restart().await;
    let rows = "SELECT j.state, iif(j.state = 'held', j.said, t.said) FROM jobs j JOIN attempts t ON t.job_id = j.id ORDER BY j.id";
    let rows = sqlx::query(rows).fetch_all(desk.store.readers()).await.unwrap();
    let told: Vec<(String, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(told[0], ("held".into(), "the process ended while it was sent: it may have been taken".into()));
    assert_eq!(told[1].0, "queued");
    assert!(told[1].1.ends_with("it may come twice"), "{}", told[1].1);
}
