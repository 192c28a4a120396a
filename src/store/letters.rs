//! The messages and texts that are ours until they are sent.

use crate::{
    domain::Letter,
    store::{ClaimedErrand, ClaimedJob, ClaimedPost, ClaimedSend, Store, StoreError, mail_keys::Taken, writer::Tx},
};
use sqlx::Row;
use std::sync::Arc;

impl Store {
    /// The message that `send` carries, as it goes over the wire; `None` when its bytes are gone.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn letter(&self, send: &ClaimedSend) -> Result<Option<Arc<[u8]>>, StoreError> {
        match &send.message {
            Some(message) => Ok(Some(message.clone())),
            None => Ok(self.body(send.payload).await?.map(Arc::from)),
        }
    }

    /// The text that `job` brings in place of a file; `None` when its bytes are gone.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn text(&self, job: &ClaimedJob) -> Result<Option<Vec<u8>>, StoreError> {
        let payload = match &job.errand {
            ClaimedErrand::Upload(upload) => upload.payload,
            ClaimedErrand::Save(save) => save.payload,
            ClaimedErrand::Send(_) | ClaimedErrand::TakeAway(_) | ClaimedErrand::Webhook(_) => None,
        };
        match payload {
            Some(payload) => self.body(payload).await,
            None => Ok(None),
        }
    }

    /// What `post` tells, byte for byte the same at every try; `None` when its bytes are gone.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn posted(&self, post: &ClaimedPost) -> Result<Option<Vec<u8>>, StoreError> {
        self.body(post.payload).await
    }

    async fn body(&self, payload: i64) -> Result<Option<Vec<u8>>, StoreError> {
        let row = sqlx::query("SELECT bytes FROM bodies WHERE payload_id = ?1")
            .bind(payload)
            .fetch_optional(self.readers())
            .await?;
        Ok(row.map(|row| row.get("bytes")))
    }
}

/// The row of each letter of a rule; `None` for one that was mailed before under its key.
pub(super) async fn insert_letters(
    tx: &mut Tx<'_>,
    (node, rule): (&str, &str),
    letters: &[Letter],
    taken: &mut Taken,
) -> Result<Vec<Option<i64>>, sqlx::Error> {
    let mut ids = Vec::with_capacity(letters.len());
    let mut before = 0;
    for letter in letters {
        if let Some(key) = &letter.key
            && !taken.is_free(tx, rule, key).await?
        {
            before += 1;
            ids.push(None);
            continue;
        }
        let id = insert_letter(tx, node, letter).await?;
        if let Some(key) = &letter.key {
            taken.hold(tx, rule, key, id).await?;
        }
        ids.push(Some(id));
    }
    if before > 0 {
        tracing::info!(rule, mails = before, "mailed before under their idempotency_key: not mailed again");
    }
    Ok(ids)
}

/// The row of a letter's bytes.
pub(super) async fn insert_letter(tx: &mut Tx<'_>, node: &str, letter: &Letter) -> Result<i64, sqlx::Error> {
    let size = letter.bytes.len() as i64;
    let row =
        sqlx::query(INSERT_LETTER).bind(node).bind(size).bind(&letter.sha256.0[..]).fetch_one(&mut *tx.db).await?;
    let id: i64 = row.get("id");
    let body = sqlx::query("INSERT INTO bodies (payload_id, bytes) VALUES (?1, ?2)").bind(id).bind(&letter.bytes);
    body.execute(&mut *tx.db).await?;
    Ok(id)
}

const INSERT_LETTER: &str = "
INSERT INTO payloads (place, node, path, size_bytes, mtime_ns, inode, ctime_ns, sha256)
VALUES ('inline', ?1, x'', ?2, 0, 0, 0, ?3) RETURNING id";
