//! How many jobs of one rule, or of all, came to which end since a moment: what `once` tells.

use crate::{
    domain::Moment,
    store::{Store, StoreError, read::filter::rules_with_ended_jobs},
};
use sqlx::Row;

/// Jobs by what has become of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ends {
    pub delivered: u64,
    pub failed: u64,
    /// Not ended, and not held because an operator or a rule says so.
    pub open: u64,
}

impl Store {
    /// Counts the jobs of `rule`, or of all rules: those that ended at `since` or later, and those that are open. Reads
    /// indexes only.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn ends(&self, rule: Option<&str>, since: Moment) -> Result<Ends, StoreError> {
        let row = sqlx::query(ENDS).bind(rule).bind(since.0).fetch_one(self.readers()).await?;
        let count = |column| row.get::<i64, _>(column).cast_unsigned();
        Ok(Ends { delivered: count("delivered"), failed: count("failed"), open: count("open") })
    }
}

macro_rules! ended {
    ($state:literal) => {
        concat!(
            "(SELECT count(*) FROM jobs WHERE ended_at >= ?2 AND state = '",
            $state,
            "' AND (?1 IS NULL OR rule = ?1) AND rule <> 'notices' AND rule IN (",
            rules_with_ended_jobs!(),
            ")) AS ",
            $state
        )
    };
}

const ENDS: &str = concat!(
    "SELECT ",
    ended!("delivered"),
    ", ",
    ended!("failed"),
    ", (SELECT count(*) FROM jobs WHERE state IN ('waiting', 'queued', 'running') AND (?1 IS NULL OR rule = ?1) AND rule <> 'notices')",
    " + (SELECT count(*) FROM jobs WHERE state = 'held' AND reason = 'unknown' AND (?1 IS NULL OR rule = ?1)) AS open"
);
