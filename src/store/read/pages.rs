//! Long lists: first the ids that are meant, then the rows a page at a time. Whoever takes the rows may be slow (a pager, a
//! pipe that nobody empties), and a read that stays open meanwhile would keep the log from being used again: it would grow.

use crate::store::{Store, StoreError};
use futures_util::TryStreamExt;
use sqlx::{QueryBuilder, Row, Sqlite, sqlite::SqliteRow};

/// Ids in the order of a list, eight bytes each.
pub(super) struct Ids(Vec<i64>);

/// Rows read at once.
const PAGE: usize = 256;

impl Store {
    /// The ids that `sql` answers.
    pub(super) async fn ids(&self, mut sql: QueryBuilder<Sqlite>) -> Result<Ids, StoreError> {
        let mut rows = sql.build().fetch(self.readers());
        let mut ids = vec![];
        while let Some(row) = rows.try_next().await? {
            ids.push(row.get(0));
        }
        Ok(Ids(ids))
    }

    /// The rows of the next ids; `sql` finds them by the ids in the JSON array `?1` and keeps their order. `None`: no more.
    pub(super) async fn page(&self, ids: &mut Ids, sql: &'static str) -> Result<Option<Vec<SqliteRow>>, StoreError> {
        if ids.0.is_empty() {
            return Ok(None);
        }
        let rest = ids.0.split_off(ids.0.len().min(PAGE));
        let page = std::mem::replace(&mut ids.0, rest);
        let page = serde_json::Value::from(page);
        Ok(Some(sqlx::query(sql).bind(page.to_string()).fetch_all(self.readers()).await?))
    }
}
