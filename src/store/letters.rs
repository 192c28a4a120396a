//! The messages that are ours until they are sent.

use crate::store::{ClaimedSend, Store, StoreError};
use sqlx::Row;

impl Store {
    /// The message that `send` carries, as it goes over the wire; `None` when its bytes are gone.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn letter(&self, send: &ClaimedSend) -> Result<Option<Vec<u8>>, StoreError> {
        let row = sqlx::query("SELECT bytes FROM bodies WHERE payload_id = ?1")
            .bind(send.payload)
            .fetch_optional(self.readers())
            .await?;
        Ok(row.map(|row| row.get("bytes")))
    }
}
