//! What jobs were made of, and what became of that.

use crate::{
    domain::{Example, Original, RefTail},
    store::{Store, StoreError},
};
use sqlx::{Row, sqlite::SqliteRow};

impl Store {
    /// Of each of these jobs, in their order.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn originals(&self, jobs: &[Example]) -> Result<Vec<Original>, StoreError> {
        let mut originals = Vec::with_capacity(jobs.len());
        for example in jobs {
            let typed = example.job.parse::<RefTail>().map_or_else(|_| Vec::new(), |tail| tail.0.to_vec());
            let row = sqlx::query(ORIGINAL).bind(typed).fetch_optional(self.readers()).await?;
            originals.push(row.as_ref().map(original).unwrap_or_default());
        }
        Ok(originals)
    }
}

/// Of a row with the columns of [`original_columns`].
pub(super) fn original(row: &SqliteRow) -> Original {
    Original::of(row.get::<Option<&[u8]>, _>("folder"), row.get("taken"))
}

/// Of a row of `jobs`. Whichever rule took the file away: it is gone for all.
macro_rules! original_columns {
    () => {
        "(SELECT folder FROM arrivals WHERE id = jobs.arrival_id) AS folder,
         (SELECT t.said FROM jobs t WHERE t.payload_id = (SELECT payload_id FROM arrivals WHERE id = jobs.arrival_id)
             AND t.action = 'after' AND t.state = 'delivered' ORDER BY t.id DESC LIMIT 1) AS taken"
    };
}
pub(super) use original_columns;

pub(super) const ORIGINAL: &str =
    concat!("SELECT ", original_columns!(), " FROM jobs WHERE substr(ref, 12, 5) = ?1 LIMIT 1");
