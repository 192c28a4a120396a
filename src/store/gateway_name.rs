//! Who this gateway is: a name made with the database, the same wherever and however often it is started.

use crate::{
    domain::BounceKey,
    store::{Store, StoreError, litter::hex},
};
use sqlx::Row;

impl Store {
    /// Sixteen hexadecimal digits that no other gateway has.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn gateway_name(&self) -> Result<String, StoreError> {
        let row = sqlx::query("SELECT name FROM gateway").fetch_one(self.readers()).await?;
        Ok(hex(row.get::<&[u8], _>(0)))
    }

    /// What the return paths of its mails are signed with.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn bounce_key(&self) -> Result<BounceKey, StoreError> {
        let row = sqlx::query("SELECT key FROM gateway").fetch_one(self.readers()).await?;
        Ok(BounceKey::new(row.get(0)))
    }
}
