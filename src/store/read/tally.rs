//! How many jobs of one rule, or of all, came to which end since a moment: what `once` tells.

use crate::{
    domain::{Moment, NOTICES},
    store::{Store, StoreError, read::filter::rules_with_ended_jobs},
};
use sqlx::Row;

/// Jobs by what has become of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ends {
    /// With a receipt: what moved or deleted a source has none.
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
        let is_of_it = |of: &str| rule.map_or(of != NOTICES, |rule| rule == of);
        let open = self.open_jobs().await?.into_iter().filter(|(of, _)| is_of_it(of));
        let open: u64 = open.map(|(_, jobs)| jobs.on_their_way()).sum();
        let unknown: u64 = self.unknown().await?.into_iter().filter(|(of, _)| is_of_it(of)).map(|(_, jobs)| jobs).sum();
        Ok(Ends { delivered: count("delivered"), failed: count("failed"), open: open + unknown })
    }
}

pub(in crate::store) const ENDS: &str = concat!(
    "SELECT (SELECT count(*) FROM receipts WHERE rule IN (SELECT DISTINCT name FROM rule_versions) AND (?1 IS NULL OR rule = ?1)
               AND delivered_at >= ?2) AS delivered,
            (SELECT count(*) FROM jobs WHERE ended_at >= ?2 AND state = 'failed' AND (?1 IS NULL OR rule = ?1)
               AND rule <> 'notices' AND rule IN (",
    rules_with_ended_jobs!(),
    ")) AS failed"
);
