//! `jobs`: one line a job, newest first.

use crate::{
    domain::{JobState, Moment, Ref},
    store::{
        Store, StoreError,
        attempts::tries,
        error::{bytes, unreadable},
        read::{JobFilter, json},
    },
};
use serde::Serialize;
use sqlx::{QueryBuilder, Row, Sqlite, sqlite::SqliteRow};
use std::ops::ControlFlow;

/// What a list shows of a job; its JSON has the same words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobLine {
    #[serde(serialize_with = "json::id")]
    pub id: Ref,
    pub rule: String,
    pub action: String,
    /// The source, below the rule's folder.
    #[serde(serialize_with = "json::name_or_null")]
    pub name: Option<Vec<u8>>,
    pub server: String,
    #[serde(serialize_with = "json::name_or_null")]
    pub target: Option<Vec<u8>>,
    /// Of a mail.
    pub recipient: Option<String>,
    pub state: JobState,
    /// A word of `Reason`.
    pub reason: Option<String>,
    /// Attempts on record, without those that were handed back untried or interrupted by us.
    pub tries: u32,
    /// Those since the last `retry` that count against `retry.attempts`: a server's trouble does not.
    pub counted_tries: u32,
    /// The last words about it, the server's or ours; unescaped.
    pub said: Option<String>,
    pub size_bytes: Option<u64>,
    #[serde(serialize_with = "json::moment_or_null")]
    pub arrived_at: Option<Moment>,
    #[serde(serialize_with = "json::moment")]
    pub due_at: Moment,
    #[serde(serialize_with = "json::moment")]
    pub expires_at: Moment,
    #[serde(serialize_with = "json::moment_or_null")]
    pub ended_at: Option<Moment>,
}

/// What a list leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Rest {
    /// So many.
    Jobs(u64),
    /// At least one; in JSON `null`.
    Some,
}

macro_rules! columns {
    () => {
        concat!(
            "SELECT j.id, j.ref, j.rule, j.action, j.server, j.target, j.recipient, j.state, j.reason, ",
            tries!("j.id"),
            " AS tries,
       j.counted_tries, j.said, j.due_at, j.expires_at, j.ended_at, a.name, a.folder, a.arrived_at, p.size_bytes
  FROM jobs j LEFT JOIN arrivals a ON a.id = j.arrival_id LEFT JOIN payloads p ON p.id = j.payload_id"
        )
    };
}
pub(super) const COLUMNS: &str = columns!();
const PAGE: &str = concat!(columns!(), " WHERE j.id IN (SELECT value FROM json_each(?1)) ORDER BY j.id DESC");

impl Store {
    /// Hands the first `limit` jobs that `filter` means to `each`, newest first, and answers what else there is. With a glob
    /// or a text it stops at the first that is too many: counting would read all there are.
    ///
    /// `each` breaks off where nobody takes more; the answer is then that there are more.
    ///
    /// # Errors
    /// When the database cannot be read, or a pattern of the filter is none.
    pub async fn jobs(
        &self,
        filter: &JobFilter,
        limit: u64,
        each: impl FnMut(JobLine) -> ControlFlow<()> + Send,
    ) -> Result<Rest, StoreError> {
        let sieve = filter.sieve()?;
        let mut sql: QueryBuilder<Sqlite> = QueryBuilder::new("SELECT j.id FROM jobs j");
        filter.push_where(&mut sql);
        sql.push(" ORDER BY j.id DESC");
        if sieve.is_open() {
            sql.push(" LIMIT ").push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
        }
        let read = |row: &SqliteRow| {
            let line = JobLine::from_row(row)?;
            let recipient = line.recipient.as_deref().map(str::as_bytes);
            let to = line.target.as_deref().or(recipient).unwrap_or_default();
            let (name, said) = (line.name.as_deref().unwrap_or_default(), line.said.as_deref().unwrap_or_default());
            Ok(sieve.lets_through(name, to, said).then_some(line))
        };
        let Some(shown) = self.list((sql, PAGE), limit, read, each).await? else { return Ok(Rest::Some) };
        let is_full = sieve.is_open() && shown == limit;
        Ok(Rest::Jobs(if is_full { self.count_jobs(filter).await?.saturating_sub(shown) } else { 0 }))
    }

    async fn count_jobs(&self, filter: &JobFilter) -> Result<u64, StoreError> {
        let mut sql: QueryBuilder<Sqlite> = QueryBuilder::new("SELECT count(*) FROM jobs j");
        filter.push_where(&mut sql);
        let row = sql.build().fetch_one(self.readers()).await?;
        Ok(row.get::<i64, _>(0).cast_unsigned())
    }
}

impl JobLine {
    pub(super) fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let state = row.get("state");
        Ok(Self {
            id: Ref(bytes("job id", row.get("ref"))?),
            rule: row.get("rule"),
            action: row.get("action"),
            name: row.get("name"),
            server: row.get("server"),
            target: row.get("target"),
            recipient: row.get("recipient"),
            state: JobState::from_word(state).ok_or_else(|| unreadable("state", state))?,
            reason: row.get("reason"),
            tries: row.get("tries"),
            counted_tries: row.get("counted_tries"),
            said: row.get("said"),
            size_bytes: row.get::<Option<i64>, _>("size_bytes").map(i64::cast_unsigned),
            arrived_at: row.get("arrived_at"),
            due_at: row.get("due_at"),
            expires_at: row.get("expires_at"),
            ended_at: row.get("ended_at"),
        })
    }
}
