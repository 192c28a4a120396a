//! Group commit: many at once, and one bad request spoils none but itself.

use super::*;
use crate::store::writer::{Tx, Write};

#[tokio::test]
async fn a_refused_request_spoils_no_other_of_its_batch() {
    let desk = Desk::new().await;
    let drafts: Vec<_> = (0..50).map(|n| desk.draft(&n.to_string(), 1)).collect();
    let mut waiting = vec![];
    for (n, mut draft) in drafts.into_iter().enumerate() {
        if n % 10 == 3 {
            draft.rule_version = 99; // no such row: the foreign key refuses
        }
        let store = desk.store.clone();
        waiting.push(tokio::spawn(async move {
            store.arrive(Arrive { node: "here".into(), arrivals: vec![draft] }).await.is_ok()
        }));
    }
    let mut accepted = 0;
    for answer in waiting {
        accepted += i64::from(answer.await.unwrap());
    }
    assert_eq!((accepted, desk.count("jobs").await, desk.count("seen").await), (45, 45, 45));
}

#[tokio::test]
async fn a_commit_tells_which_queue_has_work() {
    let desk = Desk::new().await;
    desk.arrive(vec![desk.draft("a", 1)]).await;
    assert_eq!(desk.store.touched().await, Some(queue()));
}

/// What the database may grow to; SQLite then says what it says when the disk is full.
struct Pages(u32);

impl Write for Pages {
    type Answer = ();

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<(), sqlx::Error> {
        sqlx::query(sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {}", self.0))).execute(&mut *tx.db).await?;
        Ok(())
    }
}

/// A row of so many bytes, written by a statement so plain that SQLite rolls its whole transaction back when there is no room.
struct Large(u32);

impl Write for Large {
    type Answer = ();

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<(), sqlx::Error> {
        let insert = sqlx::query("INSERT INTO paused_rules (rule, since) VALUES (hex(zeroblob(?1 / 2)), 1)");
        insert.bind(self.0).execute(&mut *tx.db).await?;
        Ok(())
    }
}

#[tokio::test]
async fn a_full_disk_refuses_and_room_lets_it_go_on() {
    let desk = Desk::new().await;
    desk.store.write(Pages(1)).await.unwrap(); // no page more than there are
    for _ in 0..3 {
        let refused = desk.store.write(Large(1_000_000)).await.unwrap_err().to_string();
        assert!(refused.contains("full"), "{refused}");
    }
    desk.store.write(Pages(1_000_000)).await.unwrap();
    desk.store.write(Large(1_000_000)).await.unwrap();
    assert_eq!(desk.count("paused_rules").await, 1);
}
