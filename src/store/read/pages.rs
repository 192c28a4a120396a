//! Long lists: first the ids that are meant, then the rows a page at a time. Whoever takes the rows may be slow (a pager, a
//! pipe that nobody empties), and a read that stays open meanwhile would keep the log from being used again: it would grow.

use crate::store::{Store, StoreError};
use futures_util::TryStreamExt;
use serde_json::Value;
use sqlx::{QueryBuilder, Row, Sqlite, sqlite::SqliteRow};
use std::ops::ControlFlow;

/// Rows read at once.
const PAGE: usize = 256;

impl Store {
    /// Hands the first `limit` lines to `each` and answers how many there were; `None`: there are more, or `each` broke off.
    ///
    /// `ids` answers the ids of a list in its order; `rows` finds the rows by the ids in the JSON array `?1` and keeps it. `read`
    /// makes the line of a row, `None` where it is not meant.
    pub(super) async fn list<T>(
        &self,
        (ids, rows): (QueryBuilder<Sqlite>, &'static str),
        limit: u64,
        read: impl Fn(&SqliteRow) -> Result<Option<T>, sqlx::Error> + Send,
        mut each: impl FnMut(T) -> ControlFlow<()> + Send,
    ) -> Result<Option<u64>, StoreError> {
        let mut shown = 0;
        for page in self.ids(ids).await?.chunks(PAGE) {
            for row in sqlx::query(rows).bind(Value::from(page).to_string()).fetch_all(self.readers()).await? {
                let Some(line) = read(&row)? else { continue };
                if shown == limit {
                    return Ok(None);
                }
                shown += 1;
                if each(line).is_break() {
                    return Ok(None);
                }
            }
        }
        Ok(Some(shown))
    }

    async fn ids(&self, mut sql: QueryBuilder<Sqlite>) -> Result<Vec<i64>, StoreError> {
        let mut rows = sql.build().fetch(self.readers());
        let mut ids = vec![];
        while let Some(row) = rows.try_next().await? {
            ids.push(row.get(0));
        }
        Ok(ids)
    }
}
