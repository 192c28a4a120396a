//! Mails of which it is not known whether their relay has them, and which their rule does not want twice (`on_unknown: hold`).
//!
//! A try that has begun says so in its row before anything is sent: so a death is told from one that claimed and did not begin.

use crate::{
    domain::{JobState, Moment, Reason},
    store::{ClaimedJob, Settle, Store, StoreError, mail_keys, statement::Statement, writer::Tx},
};
use serde_json::Value;

impl Store {
    /// These claimed jobs are about to be sent. When it returns, that survives a power cut.
    ///
    /// # Errors
    /// When the database refuses: they are not to be sent.
    pub async fn begin_to_send(&self, jobs: &[ClaimedJob]) -> Result<(), StoreError> {
        let jobs: Value = jobs.iter().map(|job| job.id).collect();
        self.write(Statement::of(BEGUN).bind(jobs.to_string())).await
    }
}

const BEGUN: &str =
    "UPDATE jobs SET reason = 'unknown' WHERE id IN (SELECT value FROM json_each(?1)) AND state = 'running'";

/// Settled so: what is held may have been mailed.
pub(super) async fn remember(tx: &mut Tx<'_>, settles: &[&Settle]) -> Result<(), sqlx::Error> {
    let is_unknown = |settle: &&&Settle| {
        (settle.settlement.state, settle.settlement.reason) == (JobState::Held, Some(Reason::Unknown))
    };
    let letters: Vec<i64> = settles.iter().filter(is_unknown).filter_map(|settle| settle.job.letter()).collect();
    mail_keys::keep(tx, &letters).await
}

/// Whoever lets such a job go has looked: it has its whole deadline again.
pub(super) async fn renew(tx: &mut Tx<'_>, row: i64, now: Moment) -> Result<(), sqlx::Error> {
    sqlx::query(RENEW).bind(row).bind(now.0).execute(&mut *tx.db).await?;
    Ok(())
}

const RENEW: &str = "
UPDATE jobs SET expires_at = max(expires_at, ?2 + coalesce(iif(json_valid(wishes), (wishes ->> '$.deadline.secs') * 1000, NULL), 0))
 WHERE id = ?1 AND state = 'held' AND reason = 'unknown'";
