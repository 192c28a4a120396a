//! A place: a folder as one rule watches it, and whether a scan of it has ever been completed.

use crate::{
    domain::Moment,
    store::{
        Store, StoreError,
        writer::{Tx, Write},
    },
};
use sqlx::Row;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub id: i64,
    /// `None`: what a scan finds now was there before the rule was.
    pub first_scan_at: Option<Moment>,
}

impl Store {
    /// The row of (rule, folder), made if there is none.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn place(&self, rule: &str, folder: &[u8]) -> Result<Place, StoreError> {
        self.write(Find { rule: rule.to_owned(), folder: folder.to_vec() }).await
    }

    /// A scan of the whole place has been completed, and all that it found is committed.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn place_scanned(&self, place: i64, now: Moment) -> Result<(), StoreError> {
        self.write(Scanned { place, now }).await
    }
}

struct Find {
    rule: String,
    folder: Vec<u8>,
}

impl Write for Find {
    type Answer = Place;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<Place, sqlx::Error> {
        let row = sqlx::query(
            "INSERT INTO places (rule, folder) VALUES (?1, ?2)
             ON CONFLICT (rule, folder) DO UPDATE SET rule = excluded.rule RETURNING id, first_scan_at",
        )
        .bind(&self.rule)
        .bind(&self.folder)
        .fetch_one(&mut *tx.db)
        .await?;
        Ok(Place { id: row.get("id"), first_scan_at: row.get::<Option<i64>, _>("first_scan_at").map(Moment) })
    }
}

struct Scanned {
    place: i64,
    now: Moment,
}

impl Write for Scanned {
    type Answer = ();

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<(), sqlx::Error> {
        sqlx::query("UPDATE places SET first_scan_at = ?1 WHERE id = ?2 AND first_scan_at IS NULL")
            .bind(self.now.0)
            .bind(self.place)
            .execute(&mut *tx.db)
            .await?;
        Ok(())
    }
}
