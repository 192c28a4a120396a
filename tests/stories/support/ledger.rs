//! The database of a gateway, asked from outside while it runs or not.

use super::{gateway::Gateway, wait};
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{collections::BTreeMap, time::Duration};

/// Long enough for a busy machine; only a story that fails waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Writes to the database of a gateway that does not run, as time would.
pub async fn change(gateway: &Gateway, sql: &'static str) {
    let mut database = SqliteConnectOptions::new().filename(gateway.database()).connect().await.unwrap();
    sqlx::query(sql).execute(&mut database).await.unwrap();
    database.close().await.unwrap();
}

/// For [`change`]: all schedules were last looked after eight days ago.
pub const EIGHT_DAYS: &str =
    "UPDATE seen SET mtime_ns = mtime_ns - 8 * 86400000000000 WHERE path = CAST('tick' AS BLOB)";

/// A connection that only reads.
pub struct Ledger(SqliteConnection);

impl Ledger {
    /// Waits for the database to be there, with its tables.
    pub async fn open(gateway: &Gateway) -> Self {
        let options = SqliteConnectOptions::new().filename(gateway.database()).read_only(true);
        let mut found = None;
        wait::until_async("there is a database", PATIENCE, async || {
            found = options.connect().await.ok();
            match &mut found {
                Some(database) => sqlx::query("SELECT 1 FROM litter").fetch_optional(database).await.is_ok(),
                None => false,
            }
        })
        .await;
        Self(found.unwrap())
    }

    /// The first column of every row, which must be text.
    pub async fn lines(&mut self, sql: &'static str) -> Vec<String> {
        let rows = sqlx::query(sql).fetch_all(&mut self.0).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    pub async fn count(&mut self, sql: &'static str) -> i64 {
        sqlx::query(sql).fetch_one(&mut self.0).await.unwrap().get(0)
    }

    /// Jobs by state.
    pub async fn by_state(&mut self) -> BTreeMap<String, i64> {
        let rows = sqlx::query("SELECT state, count(*) FROM jobs GROUP BY state").fetch_all(&mut self.0).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }

    /// The same as text: `["delivered 50", "queued 3"]`
    pub async fn states(&mut self) -> Vec<String> {
        self.by_state().await.iter().map(|(state, jobs)| format!("{state} {jobs}")).collect()
    }

    /// The last receipt of each path, its hash and size: what was replaced since is no longer there to be looked at.
    pub async fn receipts(&mut self) -> Vec<(Vec<u8>, Vec<u8>, u64)> {
        let text = "SELECT remote_path, sha256, size_bytes FROM receipts
                     WHERE id IN (SELECT max(id) FROM receipts GROUP BY server, remote_path)";
        let rows = sqlx::query(text).fetch_all(&mut self.0).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1), row.get::<i64, _>(2) as u64)).collect()
    }

    /// Waits until the jobs stand like this.
    pub async fn until_states(&mut self, expected: &[&str]) {
        let what = format!("the jobs are {expected:?}");
        wait::until_async(&what, PATIENCE, async || self.states().await == expected).await;
    }

    /// Waits until the count is one that will do.
    pub async fn until(&mut self, what: &str, sql: &'static str, will_do: impl Fn(i64) -> bool) {
        wait::until_async(what, PATIENCE, async || will_do(self.count(sql).await)).await;
    }
}
