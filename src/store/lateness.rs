//! Jobs on their way, by how long they have been.

use crate::{
    domain::{Example, Moment},
    store::{
        Store, StoreError,
        incidents::{example, example_columns},
    },
};
use futures_util::{StreamExt, TryStreamExt};
use sqlx::Row;
use std::collections::BTreeMap;

/// Open jobs of a rule for a server that nobody holds: those that may have been mailed wait for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub rule: String,
    pub server: String,
    /// When the oldest of them came, or was put back by `retry`.
    pub oldest: Moment,
}

impl Store {
    /// By rule and server. Reads every open job, and holds none of them: sorted for a GROUP BY, a hundred thousand would take 30 MB.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn waiting(&self) -> Result<Vec<Waiting>, StoreError> {
        let mut all: BTreeMap<(String, String), Moment> = BTreeMap::new();
        let mut rows = sqlx::query(QUEUED).fetch(self.readers()).chain(sqlx::query(OTHERS).fetch(self.readers()));
        while let Some(row) = rows.try_next().await? {
            let Some(oldest) = row.get("oldest") else { continue }; // a row that somebody's hand wrote
            let known = all.entry((row.get("rule"), row.get("server"))).or_insert(Moment(i64::MAX));
            *known = (*known).min(oldest);
        }
        Ok(all.into_iter().map(|((rule, server), oldest)| Waiting { rule, server, oldest }).collect())
    }

    /// How many open jobs of `rule` for `server` came at `until` or before.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn waiting_since(&self, rule: &str, server: &str, until: Moment) -> Result<u64, StoreError> {
        let row = sqlx::query(SINCE).bind(rule).bind(server).bind(until.0).fetch_one(self.readers()).await?;
        Ok(row.get::<i64, _>(0).cast_unsigned())
    }

    /// A few of the oldest jobs that wait for `server`, of one rule or of all.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn waiting_examples(&self, server: &str, rule: Option<&str>) -> Result<Vec<Example>, StoreError> {
        let rows = sqlx::query(EXAMPLES).bind(server).bind(rule).fetch_all(self.readers()).await?;
        Ok(rows.iter().map(example).collect())
    }
}

/// A job's deadline counts from when it came, and anew from each `retry`.
macro_rules! came_at {
    () => {
        "expires_at - 1000 * iif(json_valid(wishes), wishes ->> '$.deadline.secs', NULL)"
    };
}

/// In the order of their index, so that nothing is sorted.
pub(super) const QUEUED: &str = concat!(
    "SELECT rule, server, min(",
    came_at!(),
    ") AS oldest FROM jobs WHERE state = 'queued' GROUP BY server, class, rule"
);

/// Each by itself: no index has them by rule and server.
pub(super) const OTHERS: &str = concat!(
    "SELECT rule, server, ",
    came_at!(),
    " AS oldest FROM jobs WHERE state = 'waiting'
     UNION ALL SELECT rule, server, ",
    came_at!(),
    " AS oldest FROM jobs WHERE state = 'running'
     UNION ALL SELECT rule, server, ",
    came_at!(),
    " AS oldest FROM jobs WHERE state = 'held' AND reason = 'unknown'"
);

const SINCE: &str = concat!(
    "SELECT (SELECT count(*) FROM jobs WHERE state = 'queued' AND rule = ?1 AND server = ?2 AND ",
    came_at!(),
    " <= ?3) + (SELECT count(*) FROM jobs WHERE state = 'waiting' AND rule = ?1 AND server = ?2 AND ",
    came_at!(),
    " <= ?3) + (SELECT count(*) FROM jobs WHERE state = 'running' AND rule = ?1 AND server = ?2 AND ",
    came_at!(),
    " <= ?3) + (SELECT count(*) FROM jobs WHERE state = 'held' AND reason = 'unknown' AND rule = ?1 AND server = ?2 AND ",
    came_at!(),
    " <= ?3)"
);

const EXAMPLES: &str = concat!(
    "SELECT ",
    example_columns!(),
    " FROM jobs j WHERE j.state = 'queued' AND j.server = ?1 AND (?2 IS NULL OR j.rule = ?2) ORDER BY j.id LIMIT 3"
);
