//! Messages on their way in: each with its arrivals, in one transaction, once.

use crate::{
    domain::{ArrivalDraft, Message, Moment, Ref},
    store::{
        Kept, Store, StoreError, after,
        arrive::{INSERT_ARRIVALS, arrival_row, next_arrival},
        letters::insert_letters,
        litter::hex,
        mail_keys::Taken,
        message_keys,
        new_jobs::{NewJob, all_or_handled, free_of_each_other, insert_jobs},
        writer::{Tx, Write},
    },
};
use serde_json::{Value, json};
use sqlx::Row;
use std::collections::{HashMap, HashSet};

/// A message and what the rules that take it make of it.
#[derive(Debug, Clone)]
pub struct Received {
    pub message: Message,
    pub arrivals: Vec<ArrivalDraft>,
}

impl Store {
    /// Commits messages; what became of each, in their order. When it returns they survive a power cut. One that was taken in before,
    /// under the same name, is left as it is.
    ///
    /// # Errors
    /// When the database refuses; then nothing of them is there.
    pub async fn receive(&self, node: &str, received: Vec<Received>) -> Result<Vec<Kept>, StoreError> {
        self.write(Receive { node: node.to_owned(), received }).await
    }

    /// Those of `ids` under which a message was taken in, as far as history goes back.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn known_messages(&self, ids: &[Ref]) -> Result<HashSet<Ref>, StoreError> {
        let ids = ids.iter().map(|id| hex(&id.0)).collect::<Value>().to_string();
        let rows = sqlx::query(KNOWN_MESSAGES).bind(ids).fetch_all(self.readers()).await?;
        let known = rows.iter().map(|row| row.get::<Vec<u8>, _>(0));
        Ok(known.filter_map(|id| id.try_into().ok().map(Ref)).collect())
    }
}

struct Receive {
    node: String,
    received: Vec<Received>,
}

impl Write for Receive {
    type Answer = Vec<Kept>;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<Vec<Kept>, sqlx::Error> {
        let messages: Vec<&Message> = self.received.iter().map(|received| &received.message).collect();
        let kept = message_keys::take(tx, &messages).await?;
        let fresh = || self.received.iter().zip(&kept).filter(|(_, kept)| **kept == Kept::Now);
        let rows = fresh().map(|(received, _)| message_row(&received.message)).collect::<Value>();
        let rows = sqlx::query(INSERT_MESSAGES).bind(rows.to_string()).fetch_all(&mut *tx.db).await?;
        let new: HashMap<Vec<u8>, i64> = rows.iter().map(|row| (row.get("ref"), row.get("id"))).collect();
        let mut taken = Taken::default();
        let mut id = next_arrival(tx).await?;
        let (mut arrivals, mut jobs, mut over) = (Vec::new(), Vec::new(), Vec::new());
        for (Received { message, arrivals: drafts }, _) in fresh() {
            let Some(message) = new.get(&message.id.0[..]) else { continue };
            for draft in drafts {
                let letters = insert_letters(tx, (&self.node, &draft.rule), &draft.letters, &mut taken).await?;
                let new = |job| NewJob::of_arrival((&self.node, draft), job, (id, None), &letters);
                let made = all_or_handled(&draft.jobs, &letters, new);
                if draft.has_after && !made.iter().any(NewJob::is_open) {
                    over.push(id);
                }
                jobs.extend(made);
                arrivals.push(arrival_row(draft, letters.iter().copied().flatten().next(), (id, Some(*message))));
                id += 1;
            }
        }
        sqlx::query(INSERT_ARRIVALS).bind(Value::from(arrivals).to_string()).execute(&mut *tx.db).await?;
        for jobs in free_of_each_other(&jobs) {
            insert_jobs(tx, jobs).await?;
        }
        if !over.is_empty() {
            after::ripen(tx, &over).await?;
        }
        Ok(kept)
    }
}

fn message_row(message: &Message) -> Value {
    let Message { id, door, account, received_at: Moment(received_at), sender, recipients, bytes, facts, .. } = message;
    json!([
        hex(&id.0),
        door.word(),
        account,
        sender,
        recipients.len(),
        facts.id,
        facts.subject,
        bytes.len(),
        received_at
    ])
}

pub(super) const KNOWN_MESSAGES: &str = "
SELECT ref FROM messages WHERE ref IN (SELECT unhex(value) FROM json_each(?1))";

const INSERT_MESSAGES: &str = "
INSERT INTO messages (ref, door, account, sender, recipients, header_id, subject, size_bytes, received_at)
SELECT unhex(value ->> 0), value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8
  FROM jsonb_each(?1) WHERE true
ON CONFLICT (ref) DO NOTHING RETURNING id, ref";
