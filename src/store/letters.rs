//! The messages and texts that are ours until they are sent.

use crate::store::{ClaimedPost, ClaimedSend, ClaimedUpload, Store, StoreError};
use sqlx::Row;

impl Store {
    /// The message that `send` carries, as it goes over the wire; `None` when its bytes are gone.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn letter(&self, send: &ClaimedSend) -> Result<Option<Vec<u8>>, StoreError> {
        self.body(send.payload).await
    }

    /// The text that `upload` brings in place of a file; `None` when its bytes are gone.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn text(&self, upload: &ClaimedUpload) -> Result<Option<Vec<u8>>, StoreError> {
        match upload.payload {
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
