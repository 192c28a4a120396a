//! The rows that a verb acts on: by typed ids or by filter, oldest first.

use crate::{
    domain::RefTail,
    store::{Store, StoreError, read::JobFilter},
};
use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};
use sqlx::{QueryBuilder, Row, Sqlite};

/// Which jobs an operator means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    Ids(Vec<RefTail>),
    Filter(JobFilter),
}

/// The rows meant, and the ids that mean none or not one alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Oldest first.
    pub(in crate::store) rows: Vec<i64>,
    pub unknown: Vec<RefTail>,
    /// Two jobs have these eight letters: neither is meant.
    pub ambiguous: Vec<RefTail>,
}

pub(in crate::store) const BY_TYPED_ID: &str = "SELECT id FROM jobs WHERE substr(ref, 12, 5) = ?1";

impl Store {
    /// Finds the jobs that `which` means.
    ///
    /// # Errors
    /// When the database cannot be read, or a pattern of the filter is none.
    pub async fn find(&self, which: &Which) -> Result<Found, StoreError> {
        match which {
            Which::Ids(ids) => self.find_ids(ids).await,
            Which::Filter(filter) => self.find_filtered(filter).await,
        }
    }

    async fn find_ids(&self, ids: &[RefTail]) -> Result<Found, StoreError> {
        let mut found = Found::default();
        for id in ids {
            let rows = sqlx::query(BY_TYPED_ID).bind(&id.0[..]).fetch_all(self.readers()).await?;
            match &rows[..] {
                [] => found.unknown.push(*id),
                [row] => found.rows.push(row.get("id")),
                _ => found.ambiguous.push(*id),
            }
        }
        found.rows.sort_unstable();
        found.rows.dedup();
        Ok(found)
    }

    async fn find_filtered(&self, filter: &JobFilter) -> Result<Found, StoreError> {
        let sieve = filter.sieve()?;
        let mut sql: QueryBuilder<Sqlite> = QueryBuilder::new("SELECT j.id");
        if !sieve.is_open() {
            sql.push(", (SELECT name FROM arrivals WHERE id = j.arrival_id) AS name, coalesce(j.target, CAST(j.recipient AS BLOB)) AS target, j.said");
        }
        sql.push(" FROM jobs j");
        filter.push_where(&mut sql);
        sql.push(" ORDER BY j.id");
        let mut found = Found::default();
        let mut rows = sql.build().fetch(self.readers());
        while let Some(row) = rows.try_next().await? {
            let text = |column: &str| row.get::<Option<Vec<u8>>, _>(column).unwrap_or_default();
            let is_meant = sieve.is_open()
                || sieve.lets_through(
                    &text("name"),
                    &text("target"),
                    row.get::<Option<&str>, _>("said").unwrap_or_default(),
                );
            if is_meant {
                found.rows.push(row.get("id"));
            }
        }
        Ok(found)
    }
}
