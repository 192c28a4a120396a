//! Under which keys messages were taken in: the same content again is the same message, other content is refused.

use crate::{
    domain::{Message, MessageKey, Moment, Ref, Sha256},
    store::{Store, StoreError, litter::hex, statement::Statement, writer::Tx},
};
use serde_json::{Value, json};
use sqlx::{Row, sqlite::SqliteRow};
use std::collections::HashMap;

/// How long keys are kept.
const KEPT_MS: i64 = 7 * 86_400_000;

/// What became of a message in its transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// It was taken in, now or before under the same name.
    Now,
    /// The same content came before under its key: it is this message.
    Before(Ref),
    /// Its key has been used for other content: it was not taken in.
    OtherContent,
}

/// A message that was taken in under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedMessage {
    pub id: Ref,
    pub content: Sha256,
    pub recipients: Vec<String>,
}

impl Store {
    /// The message that was taken in under a key, if one was.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn keyed_message(&self, holder: &str, key: &str) -> Result<Option<KeyedMessage>, StoreError> {
        let row = sqlx::query(BY_KEY).bind(holder).bind(key).fetch_optional(self.readers()).await?;
        Ok(row.as_ref().and_then(keyed))
    }

    /// Forgets keys that have been kept for a week.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_message_keys(&self, now: Moment) -> Result<(), StoreError> {
        let before = now.0 - KEPT_MS;
        let are_old = sqlx::query(ARE_OLD).bind(before).fetch_one(self.readers()).await?.get::<bool, _>(0);
        if are_old { self.write(Statement::of(FORGET_KEYS).bind(before)).await } else { Ok(()) } // mostly nothing: no commit for it
    }
}

/// Takes the keys of these messages, and says of each what becomes of it.
pub(super) async fn take(tx: &mut Tx<'_>, messages: &[&Message]) -> Result<Vec<Kept>, sqlx::Error> {
    let keys = messages.iter().filter_map(|message| Some((*message, message.instructions.key.as_ref()?)));
    let rows: Vec<Value> = keys.map(|(message, key)| row(message, key)).collect();
    if rows.is_empty() {
        return Ok(vec![Kept::Now; messages.len()]);
    }
    let rows = Value::from(rows).to_string();
    sqlx::query(TAKE_KEYS).bind(&rows).execute(&mut *tx.db).await?;
    let held = sqlx::query(HOLDERS).bind(&rows).fetch_all(&mut *tx.db).await?;
    let held: HashMap<(String, String), KeyedMessage> =
        held.iter().filter_map(|row| Some(((row.get("holder"), row.get("key")), keyed(row)?))).collect();
    let kept = |message: &Message| {
        let Some(key) = &message.instructions.key else { return Kept::Now };
        match held.get(&(key.holder.clone(), key.text.clone())) {
            Some(first) if first.id == message.id => Kept::Now,
            Some(first) if first.content == key.content => Kept::Before(first.id),
            Some(_) => Kept::OtherContent,
            None => Kept::Now,
        }
    };
    Ok(messages.iter().map(|message| kept(message)).collect())
}

fn row(message: &Message, key: &MessageKey) -> Value {
    json!([
        key.holder,
        key.text,
        hex(&key.content.0),
        hex(&message.id.0),
        Value::from(message.recipients.clone()).to_string(),
        message.received_at.0
    ])
}

fn keyed(row: &SqliteRow) -> Option<KeyedMessage> {
    Some(KeyedMessage {
        id: Ref(row.get::<Vec<u8>, _>("message").try_into().ok()?),
        content: Sha256(row.get::<Vec<u8>, _>("content").try_into().ok()?),
        recipients: serde_json::from_str(row.get("recipients")).ok()?,
    })
}

pub(super) const BY_KEY: &str = "SELECT message, content, recipients FROM message_keys WHERE holder = ?1 AND key = ?2";

const TAKE_KEYS: &str = "
INSERT INTO message_keys (holder, key, content, message, recipients, taken_at)
SELECT value ->> 0, value ->> 1, unhex(value ->> 2), unhex(value ->> 3), value ->> 4, value ->> 5 FROM jsonb_each(?1) WHERE true
ON CONFLICT (holder, key) DO NOTHING";

pub(super) const HOLDERS: &str = "
SELECT k.holder, k.key, k.message, k.content, k.recipients
  FROM jsonb_each(?1) e CROSS JOIN message_keys k ON k.holder = e.value ->> 0 AND k.key = e.value ->> 1";

pub(super) const ARE_OLD: &str = "SELECT EXISTS (SELECT 1 FROM message_keys WHERE taken_at < ?1)";

pub(super) const FORGET_KEYS: &str = "DELETE FROM message_keys WHERE taken_at < ?1";
