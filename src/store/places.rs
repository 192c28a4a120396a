//! A place: a folder as one rule watches it, whether a scan of it has ever been completed, and on what it stood then.

use crate::{
    domain::Moment,
    store::{
        Store, StoreError,
        statement::Statement,
        writer::{Tx, Write},
    },
};
use sqlx::{Row, sqlite::SqliteRow};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub id: i64,
    /// When the rule first met it.
    pub since: Moment,
    /// `None`: what a scan finds now was there before the rule was.
    pub first_scan_at: Option<Moment>,
    /// What the folder stood on when everything known of it was last met there; the watch's own words.
    pub ground: Option<String>,
}

impl Store {
    /// The row of (rule, folder), made if there is none.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn place(&self, rule: &str, folder: &[u8], now: Moment) -> Result<Place, StoreError> {
        self.write(Find { rule: rule.to_owned(), folder: folder.to_vec(), now }).await
    }

    /// The row of (rule, folder), if there is one.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn find_place(&self, rule: &str, folder: &[u8]) -> Result<Option<Place>, StoreError> {
        let row = sqlx::query("SELECT id, since, first_scan_at, ground FROM places WHERE rule = ?1 AND folder = ?2")
            .bind(rule)
            .bind(folder)
            .fetch_optional(self.readers())
            .await?;
        Ok(row.as_ref().map(Place::from_row))
    }

    /// A scan of the whole place has been completed, and all that it found is committed.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn place_scanned(&self, place: i64, now: Moment) -> Result<(), StoreError> {
        let scanned = "UPDATE places SET first_scan_at = ?1 WHERE id = ?2 AND first_scan_at IS NULL";
        self.write(Statement::of(scanned).bind(now.0).bind(place)).await
    }

    /// Everything known of the place was met on this ground.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn place_stands_on(&self, place: i64, ground: String) -> Result<(), StoreError> {
        self.write(Statement::of("UPDATE places SET ground = ?1 WHERE id = ?2").bind(ground).bind(place)).await
    }
}

impl Place {
    fn from_row(row: &SqliteRow) -> Self {
        Self {
            id: row.get("id"),
            since: row.get("since"),
            first_scan_at: row.get("first_scan_at"),
            ground: row.get("ground"),
        }
    }
}

struct Find {
    rule: String,
    folder: Vec<u8>,
    now: Moment,
}

impl Write for Find {
    type Answer = Place;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<Place, sqlx::Error> {
        let row = sqlx::query(
            "INSERT INTO places (rule, folder, since) VALUES (?1, ?2, ?3)
             ON CONFLICT (rule, folder) DO UPDATE SET rule = excluded.rule RETURNING id, since, first_scan_at, ground",
        )
        .bind(&self.rule)
        .bind(&self.folder)
        .bind(self.now.0)
        .fetch_one(&mut *tx.db)
        .await?;
        Ok(Place::from_row(&row))
    }
}
