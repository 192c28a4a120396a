//! Addresses that no mail is sent to: kept by operators, and by what came back from them.

use crate::{
    domain::Moment,
    store::{
        Store, StoreError,
        read::json,
        settle::promote,
        statement::Statement,
        writer::{Tx, Write},
    },
};
use serde::Serialize;
use sqlx::{Row, sqlite::SqliteRow};

/// An address on the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suppression {
    /// In small letters.
    pub address: String,
    /// `hard_bounce` or `by_operator`.
    pub why: String,
    /// The remote's words, or an operator's.
    pub said: String,
    #[serde(serialize_with = "json::moment")]
    pub since: Moment,
    /// `None`: until it is removed.
    #[serde(serialize_with = "json::moment_or_null")]
    pub until: Option<Moment>,
}

/// By whom an address came on the list.
pub const HARD_BOUNCE: &str = "hard_bounce";
pub const BY_OPERATOR: &str = "by_operator";

impl Store {
    /// Puts an address on the list, or gives one that is there new words and another end.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn suppress(&self, suppression: Suppression) -> Result<(), StoreError> {
        self.write(Suppress(suppression)).await
    }

    /// Takes an address off the list; whether it was there.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn unsuppress(&self, address: &str) -> Result<bool, StoreError> {
        self.write(Unsuppress(address.to_lowercase())).await
    }

    /// Those that are on the list now, by address.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn suppressions(&self, now: Moment) -> Result<Vec<Suppression>, StoreError> {
        let rows = sqlx::query("SELECT * FROM suppressions WHERE until IS NULL OR until > ?1 ORDER BY address");
        Ok(rows.bind(now.0).fetch_all(self.readers()).await?.iter().map(line).collect())
    }

    /// Forgets those whose time is over.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_suppressions(&self, now: Moment) -> Result<(), StoreError> {
        self.write(Statement::of("DELETE FROM suppressions WHERE until <= ?1").bind(now.0)).await
    }
}

fn line(row: &SqliteRow) -> Suppression {
    Suppression {
        address: row.get("address"),
        why: row.get("why"),
        said: row.get("said"),
        since: row.get("since"),
        until: row.get("until"),
    }
}

struct Suppress(Suppression);

impl Write for Suppress {
    type Answer = ();

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<(), sqlx::Error> {
        put(tx, &self.0).await
    }
}

/// What an operator has written no bounce takes away, nor shortens.
pub(super) async fn put(tx: &mut Tx<'_>, suppression: &Suppression) -> Result<(), sqlx::Error> {
    let Suppression { address, why, said, since, until } = suppression;
    sqlx::query(PUT)
        .bind(address.to_lowercase())
        .bind(why)
        .bind(said)
        .bind(since.0)
        .bind(until.map(|until| until.0))
        .execute(&mut *tx.db)
        .await?;
    Ok(())
}

struct Unsuppress(String);

impl Write for Unsuppress {
    type Answer = bool;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<bool, sqlx::Error> {
        let removed = sqlx::query("DELETE FROM suppressions WHERE address = ?1").bind(&self.0);
        Ok(removed.execute(&mut *tx.db).await?.rows_affected() > 0)
    }
}

/// The youngest job there is.
pub(super) async fn youngest(tx: &mut Tx<'_>) -> Result<i64, sqlx::Error> {
    Ok(sqlx::query("SELECT coalesce(max(id), 0) FROM jobs").fetch_one(&mut *tx.db).await?.get(0))
}

/// Fails the mails younger than `youngest` whose address is on the list.
pub(super) async fn consult(tx: &mut Tx<'_>, youngest: i64, now: Moment) -> Result<(), sqlx::Error> {
    let failed = sqlx::query(CONSULT).bind(youngest).bind(now.0).fetch_all(&mut *tx.db).await?;
    promote(tx, failed.iter().map(|row| row.get("id")).collect()).await
}

const PUT: &str = "
INSERT INTO suppressions (address, why, said, since, until) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (address) DO UPDATE SET why = excluded.why, said = excluded.said, since = excluded.since, until = excluded.until
 WHERE excluded.why = 'by_operator' OR suppressions.why <> 'by_operator'";

pub(super) const CONSULT: &str = "
UPDATE jobs SET state = 'failed', reason = 'suppressed', ended_at = ?2,
       said = 'nothing is sent to it since ' || strftime('%Y-%m-%d', s.since / 1000, 'unixepoch') || ': ' || s.said ||
              ' (`packetboat suppressions remove ' || s.address || '` lets it have mail again)'
  FROM suppressions s
 WHERE jobs.id > ?1 AND +jobs.action = 'send' AND +jobs.state IN ('queued', 'waiting', 'held') AND s.address = lower(jobs.recipient)
   AND (s.until IS NULL OR s.until > ?2)
RETURNING jobs.id";
