//! The ledger of what a place has shown us, so that nothing is taken twice or forgotten.

use crate::{
    domain::{Identity, Moment, Sha256},
    store::{
        Store, StoreError, expansions,
        writer::{Tx, Write},
    },
};
use sqlx::{Row, sqlite::SqliteRow};

/// One path as it was last seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenRow {
    /// Below the place's folder.
    pub path: Vec<u8>,
    pub identity: Identity,
    /// Of this version, once it was sent or hashed.
    pub sha256: Option<Sha256>,
    /// It was gone; if it is there again it is new.
    pub is_gone: bool,
}

/// A known path whose bytes were found to be the same under another inode or ctime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    pub path: Vec<u8>,
    pub identity: Identity,
    /// Of the bytes as they were read just now; if the ledger has come to know another, nothing is changed.
    pub sha256: Sha256,
}

impl Store {
    /// The next `limit` paths of a place after `after` (none: from the first), in the order of their bytes.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn seen_after(&self, place: i64, after: Option<&[u8]>, limit: u32) -> Result<Vec<SeenRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT path, size_bytes, mtime_ns, inode, ctime_ns, sha256, gone_at FROM seen
              WHERE place_id = ?1 AND path > ?2 ORDER BY path LIMIT ?3",
        )
        .bind(place)
        .bind(after.unwrap_or_default())
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        Ok(rows.iter().map(SeenRow::from_row).collect())
    }

    /// One path of a place.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn seen(&self, place: i64, path: &[u8]) -> Result<Option<SeenRow>, StoreError> {
        let row = sqlx::query(
            "SELECT path, size_bytes, mtime_ns, inode, ctime_ns, sha256, gone_at FROM seen WHERE place_id = ?1 AND path = ?2",
        )
        .bind(place)
        .bind(path)
        .fetch_optional(self.readers())
        .await?;
        Ok(row.as_ref().map(SeenRow::from_row))
    }

    /// Same bytes (known by their hash, so they were sent) under another inode or ctime: the ledger follows, no arrival.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn touch_seen(&self, place: i64, touched: Vec<Touched>) -> Result<(), StoreError> {
        self.write(Touch { place, touched }).await
    }

    /// These paths were not found by a scan that was complete. May be called twice.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn mark_gone(&self, place: i64, paths: Vec<Vec<u8>>, now: Moment) -> Result<(), StoreError> {
        self.write(Gone { place, paths, now }).await
    }
}

impl SeenRow {
    fn from_row(row: &SqliteRow) -> Self {
        Self {
            path: row.get("path"),
            identity: identity_from(row),
            sha256: row.get::<Option<Vec<u8>>, _>("sha256").and_then(|bytes| bytes.try_into().ok()).map(Sha256),
            is_gone: row.get::<Option<i64>, _>("gone_at").is_some(),
        }
    }
}

/// An [`Identity`] from a row with its four columns.
pub(super) fn identity_from(row: &SqliteRow) -> Identity {
    Identity {
        size_bytes: row.get::<i64, _>("size_bytes").cast_unsigned(),
        mtime_ns: row.get("mtime_ns"),
        inode: row.get::<i64, _>("inode").cast_unsigned(),
        ctime_ns: row.get("ctime_ns"),
    }
}

struct Touch {
    place: i64,
    touched: Vec<Touched>,
}

impl Write for Touch {
    type Answer = ();

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<(), sqlx::Error> {
        for Touched { path, identity, sha256 } in &self.touched {
            sqlx::query(
                "UPDATE seen SET inode = ?3, ctime_ns = ?4, mtime_ns = ?5, size_bytes = ?6, gone_at = NULL
                  WHERE place_id = ?1 AND path = ?2 AND sha256 = ?7",
            )
            .bind(self.place)
            .bind(path)
            .bind(identity.inode.cast_signed())
            .bind(identity.ctime_ns)
            .bind(identity.mtime_ns)
            .bind(identity.size_bytes.cast_signed())
            .bind(&sha256.0[..])
            .execute(&mut *tx.db)
            .await?;
        }
        Ok(())
    }
}

struct Gone {
    place: i64,
    paths: Vec<Vec<u8>>,
    now: Moment,
}

impl Write for Gone {
    type Answer = ();

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<(), sqlx::Error> {
        for path in &self.paths {
            sqlx::query("UPDATE seen SET gone_at = ?3 WHERE place_id = ?1 AND path = ?2 AND gone_at IS NULL")
                .bind(self.place)
                .bind(path)
                .bind(self.now.0)
                .execute(&mut *tx.db)
                .await?;
        }
        expansions::give_up_gone(tx, self.place, &self.paths, self.now).await
    }
}
