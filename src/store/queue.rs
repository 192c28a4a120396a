//! A queue: the jobs of one rule for one server that are claimed in one order.

use crate::{
    domain::{HERE, Moment, Priority},
    store::{Store, StoreError},
};
use sqlx::Row;

/// The prefix of the index that a claim seeks in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueKey {
    pub server: String,
    pub priority: Priority,
    pub rule: String,
    /// Place in the rule's `order`.
    pub rank: i64,
}

/// A queue that has jobs, and when its first is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueRow {
    pub key: QueueKey,
    pub due_at: Moment,
}

impl Store {
    /// All queues with queued jobs. Reads the whole index of queued jobs: once, at start.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn queues(&self) -> Result<Vec<QueueRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT server, class, rule, rank, min(due_at) AS due_at FROM jobs
              WHERE state = 'queued' GROUP BY server, class, rule, rank",
        )
        .fetch_all(self.readers())
        .await?;
        Ok(rows.iter().map(|row| QueueRow { key: QueueKey::from_row(row), due_at: row.get("due_at") }).collect())
    }

    /// When the first job of a queue is due; `None` when it is empty. One seek.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn next_due(&self, key: &QueueKey) -> Result<Option<Moment>, StoreError> {
        let row = sqlx::query(NEXT_DUE)
            .bind(&key.server)
            .bind(key.priority.class())
            .bind(&key.rule)
            .bind(key.rank)
            .fetch_optional(self.readers())
            .await?;
        Ok(row.map(|row| row.get(0)))
    }
}

pub(super) const NEXT_DUE: &str = "SELECT due_at FROM jobs
  WHERE state = 'queued' AND server = ?1 AND class = ?2 AND rule = ?3 AND rank = ?4
  ORDER BY due_at LIMIT 1";

impl QueueKey {
    /// No queue of jobs: that an arrival is ready for its next step is heard as work for this machine.
    pub(super) fn of_after() -> Self {
        Self { server: HERE.to_owned(), priority: Priority::Normal, rule: String::new(), rank: 0 }
    }

    /// From a row with server, class, rule and rank.
    pub(super) fn from_row(row: &sqlx::sqlite::SqliteRow) -> Self {
        Self {
            server: row.get("server"),
            priority: Priority::from_class(row.get("class")),
            rule: row.get("rule"),
            rank: row.get("rank"),
        }
    }
}
