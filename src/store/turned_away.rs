//! Messages that no door could refuse and no rule took: their senders are told, once.

use crate::{
    domain::{Moment, Priority, Ref},
    store::{
        NoticeJob, Store, StoreError,
        litter::hex,
        statement::Statement,
        tell::queue_notice,
        writer::{Tx, Write},
    },
};
use serde_json::{Value, json};
use sqlx::{Row, sqlite::SqliteRow};

/// Told in one commit.
const CHUNK: i64 = 100;

/// A message that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnedAway {
    /// Made by the door: under it the sender is told once.
    pub id: Ref,
    pub sender: String,
    pub recipients: Vec<String>,
    pub header_id: String,
    pub subject: String,
    pub header: Vec<u8>,
    pub why: String,
    pub at: Moment,
}

impl Store {
    /// Remembers messages that are about to be set aside. One that is known already is left as it is.
    ///
    /// # Errors
    /// When the database refuses; then they are to be offered again.
    pub async fn turn_away(&self, messages: &[TurnedAway]) -> Result<(), StoreError> {
        let row = |message: &TurnedAway| {
            let TurnedAway { id, sender, recipients, header_id, subject, header, why, at } = message;
            let recipients = Value::from(recipients.clone()).to_string();
            json!([hex(&id.0), sender, recipients, header_id, subject, hex(header), why, at.0])
        };
        let rows = messages.iter().map(row).collect::<Value>();
        self.write(Statement::of(TURN_AWAY).bind(rows.to_string())).await
    }

    /// Of those the first whose senders have not been told, at most 100.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn turned_away(&self) -> Result<Vec<TurnedAway>, StoreError> {
        let rows = sqlx::query(TURNED_AWAY).bind(CHUNK).fetch_all(self.readers()).await?;
        Ok(rows.iter().filter_map(turned_away).collect())
    }

    /// Commits reports and that they were made, all or nothing; without a mail it is only noted. May be called twice.
    ///
    /// # Errors
    /// When the database refuses; then nobody was told.
    pub async fn tell_turned_away(
        &self,
        node: &str,
        now: Moment,
        told: Vec<(Ref, Option<NoticeJob>)>,
    ) -> Result<(), StoreError> {
        self.write(Told { node: node.to_owned(), now, told }).await
    }

    /// Forgets those before `before`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_turned_away(&self, before: Moment) -> Result<(), StoreError> {
        self.write(Statement::of("DELETE FROM turned_away WHERE turned_at < ?1").bind(before.0)).await
    }
}

fn turned_away(row: &SqliteRow) -> Option<TurnedAway> {
    Some(TurnedAway {
        id: Ref(row.get::<Vec<u8>, _>("ref").try_into().ok()?),
        sender: row.get("sender"),
        recipients: serde_json::from_str(row.get("recipients")).unwrap_or_default(),
        header_id: row.get("header_id"),
        subject: row.get("subject"),
        header: row.get("header"),
        why: row.get("why"),
        at: row.get("turned_at"),
    })
}

struct Told {
    node: String,
    now: Moment,
    told: Vec<(Ref, Option<NoticeJob>)>,
}

impl Write for Told {
    type Answer = ();

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<(), sqlx::Error> {
        for (id, mail) in &self.told {
            let told = sqlx::query("UPDATE turned_away SET told = 1 WHERE ref = ?1 AND told = 0").bind(&id.0[..]);
            if told.execute(&mut *tx.db).await?.rows_affected() == 0 {
                continue;
            }
            if let Some(mail) = mail {
                queue_notice(tx, (&self.node, self.now), mail, Priority::Normal).await?;
            }
        }
        Ok(())
    }
}

const TURN_AWAY: &str = "
INSERT INTO turned_away (ref, sender, recipients, header_id, subject, header, why, turned_at)
SELECT unhex(value ->> 0), value ->> 1, value ->> 2, value ->> 3, value ->> 4, unhex(value ->> 5), value ->> 6, value ->> 7
  FROM jsonb_each(?1) WHERE true
ON CONFLICT (ref) DO NOTHING";

pub(super) const TURNED_AWAY: &str = "SELECT * FROM turned_away WHERE told = 0 ORDER BY ref LIMIT ?1";
