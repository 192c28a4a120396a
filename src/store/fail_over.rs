//! Mail whose relay is in trouble, or is no more, goes to another.

use crate::{
    domain::NOTICES,
    store::{
        QueueKey, Store, StoreError,
        writer::{Tx, Write},
    },
};
use serde_json::Value;

impl Store {
    /// Gives up to 500 mails that wait for `relay` to the first of `open` in each one's own order; answers how many.
    ///
    /// # Errors
    /// When the database refuses; then they wait as they did.
    pub async fn fail_over(&self, relay: &str, open: Vec<String>) -> Result<u64, StoreError> {
        self.write(FailOver { relay: relay.to_owned(), open }).await
    }

    /// Gives the notices that wait for `relay` to `relays`, whose first is tried first; answers how many.
    ///
    /// # Errors
    /// When the database refuses; then they wait as they did.
    pub async fn move_notices(&self, relay: &str, relays: Vec<String>) -> Result<u64, StoreError> {
        self.write(MoveNotices { relay: relay.to_owned(), relays }).await
    }
}

struct FailOver {
    relay: String,
    open: Vec<String>,
}

impl Write for FailOver {
    type Answer = u64;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<u64, sqlx::Error> {
        let open = Value::from(self.open.clone()).to_string();
        let moved = sqlx::query(FAIL_OVER).bind(&self.relay).bind(open).fetch_all(&mut *tx.db).await?;
        tx.touched.extend(moved.iter().map(QueueKey::from_row));
        Ok(moved.len() as u64)
    }
}

struct MoveNotices {
    relay: String,
    relays: Vec<String>,
}

impl Write for MoveNotices {
    type Answer = u64;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<u64, sqlx::Error> {
        let via = Value::from(self.relays.clone()).to_string();
        let moved = sqlx::query(MOVE_NOTICES).bind(&self.relay).bind(NOTICES).bind(via).fetch_all(&mut *tx.db).await?;
        tx.touched.extend(moved.iter().map(QueueKey::from_row));
        Ok(moved.len() as u64)
    }
}

pub(super) const FAIL_OVER: &str = "
UPDATE jobs SET server = (SELECT v.value FROM json_each(jobs.wishes, '$.via') v
                           WHERE v.value IN (SELECT value FROM json_each(?2)) ORDER BY v.key LIMIT 1)
 WHERE id IN (SELECT j.id FROM jobs j WHERE j.state = 'queued' AND j.server = ?1 AND j.action = 'send'
                 AND EXISTS (SELECT 1 FROM json_each(j.wishes, '$.via') v WHERE v.value IN (SELECT value FROM json_each(?2)))
               LIMIT 500)
RETURNING server, class, rule, rank";

/// A handful: so many go to an address in an hour, and each lives for three days.
pub(super) const MOVE_NOTICES: &str = "
UPDATE jobs SET server = json_extract(?3, '$[0]'), wishes = json_set(wishes, '$.via', json(?3))
 WHERE state = 'queued' AND server = ?1 AND rule = ?2 AND action = 'send'
RETURNING server, class, rule, rank";
