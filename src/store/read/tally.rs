//! How many jobs of one rule, or of all, have come to which end: what `once` compares before and after.

use crate::store::{Store, StoreError};
use sqlx::Row;

/// Jobs by what has become of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ends {
    pub delivered: u64,
    pub failed: u64,
    /// Not ended and not held.
    pub open: u64,
}

impl Store {
    /// Counts the jobs of `rule`, or of all rules. Reads indexes only.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn ends(&self, rule: Option<&str>) -> Result<Ends, StoreError> {
        let row = sqlx::query(ENDS).bind(rule).fetch_one(self.readers()).await?;
        let count = |column| row.get::<i64, _>(column).cast_unsigned();
        Ok(Ends { delivered: count("delivered"), failed: count("failed"), open: count("open") })
    }
}

const ENDS: &str = "SELECT
  (SELECT count(*) FROM jobs WHERE ended_at IS NOT NULL AND state = 'delivered' AND (?1 IS NULL OR rule = ?1)) AS delivered,
  (SELECT count(*) FROM jobs WHERE ended_at IS NOT NULL AND state = 'failed' AND (?1 IS NULL OR rule = ?1)) AS failed,
  (SELECT count(*) FROM jobs WHERE state IN ('waiting', 'queued', 'running') AND (?1 IS NULL OR rule = ?1)) AS open";
