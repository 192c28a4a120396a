//! Messages that others wrote.

use super::*;
use crate::domain::{Door, Instructions, Letter, MailWishes, Message, MessageFacts, MessageKey, OnUnknown, Owed};

pub(super) fn message(desk: &Desk, id: Ref, recipients: &[&str]) -> Received {
    let recipients: Vec<String> = recipients.iter().map(|recipient| (*recipient).to_owned()).collect();
    let wishes = MailWishes {
        sender: "ann@here.example".into(),
        via: vec!["main".into()],
        on_unknown: OnUnknown::Retry,
        retry: retry(),
        deadline: None,
        not_before: None,
        return_path: None,
    };
    let to = |recipient: &String| JobDraft {
        errand: Errand::Send {
            recipient: recipient.clone(),
            letter: Some(0),
            wishes: wishes.clone(),
            owed: Owed::NOTHING,
        },
        ..job("main", "-")
    };
    let arrival = ArrivalDraft {
        sighting: Sighting::message("hello", 4),
        letters: vec![Letter::of(b"\r\n\r\n".to_vec())],
        jobs: recipients.iter().map(to).collect(),
        ..desk.draft("-", 1)
    };
    let message = Message {
        id,
        door: Door::Sendmail,
        account: Some("uid 1000".into()),
        received_at: NOW,
        sender: None,
        recipients,
        bytes: b"\r\n\r\n".to_vec(),
        facts: MessageFacts { subject: "hello".into(), ..MessageFacts::default() },
        instructions: Instructions::default(),
    };
    Received { message, arrivals: vec![arrival] }
}

/// Its file is there still: the process died between the commit and the removal.
#[tokio::test]
async fn a_message_is_taken_in_once_under_its_name() {
    let desk = Desk::new().await;
    let [first, second] = [Ref::new(), Ref::new()];
    desk.store.receive("here", vec![message(&desk, first, &["a@x.example", "b@x.example"])]).await.unwrap();
    let again = message(&desk, first, &["a@x.example", "b@x.example"]);
    let another = message(&desk, second, &["a@x.example"]);
    desk.store.receive("here", vec![again, another]).await.unwrap();
    for (table, rows) in [("messages", 2), ("arrivals", 2), ("jobs", 3), ("bodies", 2)] {
        assert_eq!(desk.count(table).await, rows, "{table}");
    }
    assert_eq!(desk.count("seen").await, 0, "no ledger keeps them for ever");
    let known = desk.store.known_messages(&[second, Ref::new(), first]).await.unwrap();
    assert_eq!(known, [first, second].into());
}

#[tokio::test]
async fn history_takes_a_message_with_the_last_of_its_jobs() {
    let desk = Desk::new().await;
    let received = ["a", "b"].map(|_| message(&desk, Ref::new(), &["a@x.example", "b@x.example"]));
    desk.store.receive("here", received.into()).await.unwrap();
    desk.raw("UPDATE jobs SET state = 'delivered', ended_at = 1 WHERE id <> 1").await;
    desk.store.purge(JobState::Delivered, NOW).await.unwrap();
    assert_eq!((desk.count("messages").await, desk.count("payloads").await), (1, 1), "one job stays");
    desk.raw("UPDATE jobs SET state = 'delivered', ended_at = 1").await;
    desk.store.purge(JobState::Delivered, NOW).await.unwrap();
    assert_eq!((desk.count("messages").await, desk.count("payloads").await), (0, 0));
}

/// Under a key the same content is one message for a week, whatever becomes of the message.
#[tokio::test]
async fn a_key_is_kept_for_a_week() {
    let desk = Desk::new().await;
    let keyed = |desk: &Desk, holder: &str, content: u8| {
        let mut received = message(desk, Ref::new(), &["a@x.example"]);
        let key = MessageKey { holder: holder.into(), text: "order-7".into(), content: Sha256([content; 32]) };
        received.message.instructions.key = Some(key);
        received
    };
    let all = [keyed(&desk, "one", 1), keyed(&desk, "one", 1), keyed(&desk, "one", 2), keyed(&desk, "other", 2)];
    let first = all[0].message.id;
    let kept = desk.store.receive("here", all.to_vec()).await.unwrap();
    assert_eq!(kept, [Kept::Now, Kept::Before(first), Kept::OtherContent, Kept::Now]);
    assert_eq!(desk.store.receive("here", vec![all[0].clone()]).await.unwrap(), [Kept::Now], "after a kill, say");
    assert_eq!((desk.count("messages").await, desk.count("jobs").await), (2, 2));
    let known = desk.store.keyed_message("one", "order-7").await.unwrap().unwrap();
    assert_eq!((known.id, known.recipients), (first, vec!["a@x.example".to_owned()]));
    let week = 7 * 86_400_000;
    for (now, left) in [(NOW.0 + week, 2), (NOW.0 + week + 1, 0)] {
        desk.store.forget_message_keys(Moment(now)).await.unwrap();
        assert_eq!(desk.count("message_keys").await, left);
    }
    assert_eq!(desk.store.receive("here", vec![keyed(&desk, "one", 2)]).await.unwrap(), [Kept::Now]);
}
