//! Jobs on their way, by how long they have been.

use crate::{
    domain::{Example, Moment},
    store::{
        Store, StoreError,
        incidents::{example, example_columns},
    },
};
use sqlx::Row;

/// Open jobs of a rule for a server that are not held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub rule: String,
    pub server: String,
    /// When the oldest of them came, or was put back by `retry`.
    pub oldest: Moment,
    pub jobs: u64,
}

impl Store {
    /// By rule and server. Reads every open job.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn waiting(&self) -> Result<Vec<Waiting>, StoreError> {
        let rows = sqlx::query(WAITING).fetch_all(self.readers()).await?;
        let waiting = rows.iter().filter_map(|row| {
            Some(Waiting {
                rule: row.get("rule"),
                server: row.get("server"),
                oldest: Moment(row.get::<Option<i64>, _>("oldest")?),
                jobs: row.get::<i64, _>("jobs").cast_unsigned(),
            })
        });
        Ok(waiting.collect())
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

pub(super) const WAITING: &str = concat!(
    "SELECT rule, server, sum(jobs) AS jobs, min(oldest) AS oldest FROM (
       SELECT rule, server, count(*) AS jobs, min(",
    came_at!(),
    ") AS oldest FROM jobs WHERE state = 'queued' GROUP BY rule, server
     UNION ALL SELECT rule, server, count(*) AS jobs, min(",
    came_at!(),
    ") AS oldest FROM jobs WHERE state = 'waiting' GROUP BY rule, server
     UNION ALL SELECT rule, server, count(*) AS jobs, min(",
    came_at!(),
    ") AS oldest FROM jobs WHERE state = 'running' GROUP BY rule, server) GROUP BY rule, server"
);

const SINCE: &str = concat!(
    "SELECT (SELECT count(*) FROM jobs WHERE state = 'queued' AND rule = ?1 AND server = ?2 AND ",
    came_at!(),
    " <= ?3) + (SELECT count(*) FROM jobs WHERE state = 'waiting' AND rule = ?1 AND server = ?2 AND ",
    came_at!(),
    " <= ?3) + (SELECT count(*) FROM jobs WHERE state = 'running' AND rule = ?1 AND server = ?2 AND ",
    came_at!(),
    " <= ?3)"
);

const EXAMPLES: &str = concat!(
    "SELECT ",
    example_columns!(),
    " FROM jobs j WHERE j.state = 'queued' AND j.server = ?1 AND (?2 IS NULL OR j.rule = ?2) ORDER BY j.id LIMIT 3"
);
