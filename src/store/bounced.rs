//! Mails that came back after a relay had taken them: delivered, and failed after all.

use crate::{
    domain::{Moment, Reason, Ref},
    store::{
        Store, StoreError,
        writer::{Tx, Write},
    },
};
use sqlx::Row;

/// What came back of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounced {
    pub job: Ref,
    /// The remote's words.
    pub said: String,
    /// Three digits of its reply, where they are told.
    pub code: Option<u16>,
}

impl Store {
    /// Fails a mail that was delivered; whether it was. Another one is left as it is: so this may be called twice.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn bounced(&self, bounced: Bounced, now: Moment) -> Result<bool, StoreError> {
        self.write(Bounce { bounced, now }).await
    }
}

struct Bounce {
    bounced: Bounced,
    now: Moment,
}

impl Write for Bounce {
    type Answer = bool;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<bool, sqlx::Error> {
        let Bounced { job, said, code } = &self.bounced;
        let failed = sqlx::query(FAIL)
            .bind(&job.0[..])
            .bind(&job.tail()[..])
            .bind(Reason::Bounced.word())
            .bind(said)
            .bind(self.now.0)
            .fetch_optional(&mut *tx.db)
            .await?;
        let Some(row) = failed else { return Ok(false) };
        sqlx::query(RECORD)
            .bind(row.get::<i64, _>("id"))
            .bind(row.get::<i64, _>("claim_no"))
            .bind(self.now.0)
            .bind(code.map(i64::from))
            .bind(said)
            .execute(&mut *tx.db)
            .await?;
        Ok(true)
    }
}

pub(super) const FAIL: &str = "
UPDATE jobs SET state = 'failed', reason = ?3, said = ?4, ended_at = ?5, claim_no = claim_no + 1
 WHERE ref = ?1 AND substr(ref, 12, 5) = ?2 AND state = 'delivered' AND action = 'send'
RETURNING id, claim_no";

/// As an attempt, so that it stands in the job's history.
const RECORD: &str = "
INSERT INTO attempts (job_id, claim_no, started_at, ended_at, outcome, counted, kind, code, said, tls, bytes)
VALUES (?1, ?2, ?3, ?3, 'failed', 0, 'bounced', ?4, ?5, NULL, 0)";
