//! What senders are owed, and that they are told once.

use super::{messages::message, *};
use crate::{
    domain::{Letter, MailWishes, OnUnknown, Owed},
    store::{About, NoticeErrand, NoticeJob, Reported, Word},
};

const TOGETHER: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(600));

/// A message of Ann's to these, of which she is to hear everything.
async fn sent(desk: &Desk, recipients: &[&str]) {
    let mut received = message(desk, Ref::new(), recipients);
    received.message.sender = Some("ann@here.example".into());
    for job in &mut received.arrivals[0].jobs {
        let Errand::Send { owed, .. } = &mut job.errand else { panic!("no mail") };
        *owed = Owed { delayed_after: Some(Duration::from_secs(3600)), failed: true };
    }
    desk.store.receive("here", vec![received]).await.unwrap();
    desk.raw("UPDATE jobs SET expires_at = expires_at + 100000000").await;
}

fn report() -> NoticeJob {
    NoticeJob {
        job: Ref::new(),
        about: About::Message,
        server: "main".into(),
        recipient: "ann@here.example".into(),
        letter: Letter::of(b"\r\n\r\n".to_vec()),
        errand: NoticeErrand::Send(MailWishes {
            sender: String::new(),
            via: vec!["main".into()],
            on_unknown: OnUnknown::Retry,
            retry: retry(),
            deadline: None,
            not_before: None,
            return_path: None,
        }),
        expires_at: NOW,
    }
}

#[tokio::test]
async fn those_who_fail_within_a_short_while_are_one_report_and_it_is_made_once() {
    let desk = Desk::new().await;
    sent(&desk, &["a@x.example", "b@x.example", "c@x.example"]).await;
    let at = |seconds| NOW.plus(Duration::from_secs(seconds));
    desk.raw("UPDATE jobs SET state = 'failed', ended_at = (SELECT received_at FROM messages) WHERE id = 1").await;
    assert!(desk.store.owed_failures(at(9), TOGETHER).await.unwrap().is_empty(), "another may follow");
    desk.raw("UPDATE jobs SET state = 'failed', ended_at = (SELECT received_at + 9000 FROM messages) WHERE id = 2")
        .await;
    assert!(desk.store.owed_failures(at(18), TOGETHER).await.unwrap().is_empty());
    let owed = desk.store.owed_failures(at(20), TOGETHER).await.unwrap();
    let named: Vec<&str> = owed[0].mails.iter().map(|mail| &*mail.recipient).collect();
    assert_eq!((owed.len(), named), (1, vec!["a@x.example", "b@x.example"]));
    let reported = Reported { word: Word::Failed, owed: owed[0].clone(), mail: Some(report()) };
    for _ in 0..2 {
        desk.store.tell_senders("here", at(20), vec![reported.clone()]).await.unwrap();
    }
    assert_eq!(desk.count("jobs").await, 4, "three mails, and one report");
    assert!(desk.store.owed_failures(at(999), TOGETHER).await.unwrap().is_empty());
    assert!(desk.store.owed_warnings(at(3599), &[]).await.unwrap().is_empty());
    let late = desk.store.owed_warnings(at(3600), &[]).await.unwrap();
    assert_eq!(late[0].mails.len(), 1, "of who failed nobody hears that he waits");
    assert!(desk.store.owed_warnings(at(3600), &["main".into()]).await.unwrap().is_empty(), "its relay is shut");
}

#[tokio::test]
async fn a_failure_that_never_ends_is_told_after_ten_minutes() {
    let desk = Desk::new().await;
    sent(&desk, &["a@x.example", "b@x.example"]).await;
    desk.raw("UPDATE jobs SET state = 'failed', ended_at = (SELECT received_at FROM messages) + (id - 1) * 599000")
        .await;
    let at = |seconds| NOW.plus(Duration::from_secs(seconds));
    assert!(desk.store.owed_failures(at(599), TOGETHER).await.unwrap().is_empty());
    assert_eq!(desk.store.owed_failures(at(600), TOGETHER).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_somebody_has_tried_again_meanwhile_is_not_reported() {
    let desk = Desk::new().await;
    sent(&desk, &["a@x.example"]).await;
    desk.raw("UPDATE jobs SET state = 'failed', ended_at = 1").await;
    let owed = desk.store.owed_failures(NOW, TOGETHER).await.unwrap().remove(0);
    desk.raw("UPDATE jobs SET state = 'queued', ended_at = NULL").await;
    let reported = Reported { word: Word::Failed, owed, mail: Some(report()) };
    desk.store.tell_senders("here", NOW, vec![reported]).await.unwrap();
    assert_eq!(desk.count("jobs").await, 1);
}
