//! A rule as an arrival met it: kept, so that history says what was asked and not what is asked now.

use crate::{
    domain::{Moment, Sha256},
    store::{
        Store, StoreError,
        writer::{Tx, Write},
    },
};
use sqlx::Row;

impl Store {
    /// The row of this text of a rule; the same text has the same row.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn rule_version(&self, name: &str, sha256: Sha256, body: &str, now: Moment) -> Result<i64, StoreError> {
        self.write(Remember { name: name.to_owned(), sha256, body: body.to_owned(), now }).await
    }
}

struct Remember {
    name: String,
    sha256: Sha256,
    body: String,
    now: Moment,
}

impl Write for Remember {
    type Answer = i64;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<i64, sqlx::Error> {
        let row = sqlx::query(
            "INSERT INTO rule_versions (name, sha256, body, loaded_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (name, sha256) DO UPDATE SET loaded_at = excluded.loaded_at RETURNING id",
        )
        .bind(&self.name)
        .bind(&self.sha256.0[..])
        .bind(&self.body)
        .bind(self.now.0)
        .fetch_one(&mut *tx.db)
        .await?;
        Ok(row.get("id"))
    }
}
