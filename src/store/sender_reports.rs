//! What the senders of messages are owed: which of their mails failed or wait too long, and that they have been told.

use crate::{
    domain::{Moment, Priority},
    store::{
        NoticeJob, Store, StoreError,
        attempts::tries,
        tell::queue_notice,
        writer::{Tx, Write},
    },
};
use serde_json::Value;
use sqlx::{Row, sqlite::SqliteRow};
use std::{collections::BTreeSet, time::Duration};

/// Messages looked at together.
const CHUNK: i64 = 100;

/// What is told of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    Delayed,
    Failed,
}

/// A message whose sender is owed a word.
#[derive(Debug, Clone)]
pub struct OwedReport {
    pub(super) message: i64,
    /// `None`: nobody.
    pub sender: Option<String>,
    pub header_id: String,
    pub subject: String,
    pub received_at: Moment,
    /// Its header as it was to go out, and more; `None`: gone.
    pub original: Option<Vec<u8>>,
    /// In their order.
    pub mails: Vec<OwedMail>,
}

/// One recipient's job.
#[derive(Debug, Clone)]
pub struct OwedMail {
    pub(super) id: i64,
    pub recipient: String,
    pub server: String,
    pub reason: Option<String>,
    pub said: String,
    /// Of the last attempt.
    pub code: Option<u16>,
    pub tried_at: Option<Moment>,
    pub tries: u32,
    pub expires_at: Moment,
    /// Relays, in order.
    pub via: Vec<String>,
}

/// One word to one sender; without a mail it is only noted that nothing is owed any more.
#[derive(Debug, Clone)]
pub struct Reported {
    pub word: Word,
    pub owed: OwedReport,
    pub mail: Option<NoticeJob>,
}

impl Store {
    /// Messages of which mails failed, at most 100: those whose last failure is `quiet` ago or whose first is `longest` ago, so that one
    /// report names all who failed together.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn owed_failures(
        &self,
        now: Moment,
        (quiet, longest): (Duration, Duration),
    ) -> Result<Vec<OwedReport>, StoreError> {
        // one that lies ahead was written before the clock was set back
        let rows = sqlx::query(OWED_FAILURES)
            .bind(now.minus(quiet).0)
            .bind(now.plus(Duration::from_secs(10)).0)
            .bind(now.minus(longest).0)
            .bind(CHUNK)
            .fetch_all(self.readers())
            .await?;
        self.owed(&rows, FAILED_MAILS, now).await
    }

    /// Messages of which mails have waited too long, at most 100; not those that wait for one of the `closed` servers. Reads all that is
    /// open: not for every look.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn owed_warnings(&self, now: Moment, closed: &[String]) -> Result<Vec<OwedReport>, StoreError> {
        let closed = Value::from(closed).to_string();
        let rows = sqlx::query(OWED_WARNINGS).bind(now.0).bind(closed).bind(CHUNK).fetch_all(self.readers()).await?;
        self.owed(&rows, LATE_MAILS, now).await
    }

    async fn owed(
        &self,
        messages: &[SqliteRow],
        mails: &'static str,
        now: Moment,
    ) -> Result<Vec<OwedReport>, StoreError> {
        let mut all = Vec::with_capacity(messages.len());
        for row in messages {
            let message: i64 = row.get("message_id");
            let about = sqlx::query(MESSAGE).bind(message).fetch_optional(self.readers()).await?;
            let mails = sqlx::query(mails).bind(message).bind(now.0).fetch_all(self.readers()).await?;
            let payload = mails.iter().find_map(|row| row.get::<Option<i64>, _>("payload_id"));
            let original = sqlx::query(ORIGINAL).bind(payload).fetch_optional(self.readers()).await?;
            let text = |column: &str| about.as_ref().map(|row| row.get::<String, _>(column)).unwrap_or_default();
            all.push(OwedReport {
                message,
                sender: about.as_ref().and_then(|row| row.get("sender")),
                header_id: text("header_id"),
                subject: text("subject"),
                received_at: about.as_ref().map(|row| row.get("received_at")).unwrap_or(now),
                original: original.and_then(|row| row.get(0)),
                mails: mails.iter().map(owed_mail).collect(),
            });
        }
        Ok(all)
    }

    /// Commits reports and that they were made, all or nothing. One of whose mails something has become meanwhile is left for the next
    /// look. May be called twice.
    ///
    /// # Errors
    /// When the database refuses; then nobody was told, and the next look says the same.
    pub async fn tell_senders(&self, node: &str, now: Moment, reported: Vec<Reported>) -> Result<(), StoreError> {
        self.write(TellSenders { node: node.to_owned(), now, reported }).await
    }
}

fn owed_mail(row: &SqliteRow) -> OwedMail {
    let text = |column: &str| row.get::<Option<String>, _>(column);
    let via = text("via").and_then(|via| serde_json::from_str(&via).ok());
    OwedMail {
        id: row.get("id"),
        recipient: text("recipient").unwrap_or_default(),
        server: row.get("server"),
        reason: text("reason"),
        said: text("said").unwrap_or_default(),
        code: row.get::<Option<i64>, _>("code").and_then(|code| u16::try_from(code).ok()),
        tried_at: row.get("tried_at"),
        tries: row.get("tries"),
        expires_at: row.get("expires_at"),
        via: via.unwrap_or_default(),
    }
}

struct TellSenders {
    node: String,
    now: Moment,
    reported: Vec<Reported>,
}

impl Write for TellSenders {
    type Answer = ();

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<(), sqlx::Error> {
        for Reported { word, owed, mail } in &self.reported {
            let ids: BTreeSet<i64> = owed.mails.iter().map(|mail| mail.id).collect();
            let listed = ids.iter().copied().collect::<Value>().to_string();
            let still = if *word == Word::Failed { STILL_FAILED } else { STILL_LATE };
            let still = sqlx::query(still).bind(&listed).fetch_one(&mut *tx.db).await?;
            if still.get::<i64, _>(0) != ids.len() as i64 {
                continue;
            }
            match word {
                Word::Failed => sqlx::query(REPORT_FAILED).bind(listed).execute(&mut *tx.db).await?,
                Word::Delayed => sqlx::query(REPORT_LATE).bind(owed.message).execute(&mut *tx.db).await?,
            };
            if let Some(mail) = mail {
                queue_notice(tx, (&self.node, self.now), mail, Priority::Normal).await?;
            }
        }
        Ok(())
    }
}

pub(super) const OWED_FAILURES: &str = "
SELECT a.message_id FROM jobs j JOIN arrivals a ON a.id = j.arrival_id
 WHERE j.state = 'failed' AND j.owes_report = 1 AND a.message_id IS NOT NULL
 GROUP BY a.message_id HAVING max(j.ended_at) NOT BETWEEN ?1 AND ?2 OR min(j.ended_at) <= ?3
 ORDER BY a.message_id LIMIT ?4";

/// Of what may have been delivered nobody is told that it was not.
pub(super) const OWED_WARNINGS: &str = "
SELECT DISTINCT a.message_id FROM jobs j JOIN arrivals a ON a.id = j.arrival_id
 WHERE j.state IN ('waiting', 'queued', 'held') AND j.expires_at > ?1 AND j.warn_at <= ?1 AND j.reason IS NOT 'unknown'
   AND a.message_id IS NOT NULL AND j.server NOT IN (SELECT value FROM json_each(?2))
 LIMIT ?3";

const MESSAGE: &str = "SELECT sender, header_id, subject, received_at FROM messages WHERE id = ?1";

/// Longer than any header that comes in.
const ORIGINAL: &str = "SELECT substr(bytes, 1, 131072) FROM bodies WHERE payload_id = ?1";

macro_rules! mails {
    ($which:literal) => {
        concat!(
            "SELECT j.id, j.recipient, j.server, j.reason, j.said, j.expires_at, j.payload_id, ",
            tries!("j.id"),
            " AS tries, iif(json_valid(j.wishes), j.wishes -> '$.via', NULL) AS via,
  (SELECT t.code FROM attempts t WHERE t.job_id = j.id AND t.outcome <> 'returned' ORDER BY t.claim_no DESC LIMIT 1) AS code,
  (SELECT t.ended_at FROM attempts t WHERE t.job_id = j.id AND t.outcome <> 'returned' ORDER BY t.claim_no DESC LIMIT 1) AS tried_at
  FROM arrivals a JOIN jobs j ON j.arrival_id = a.id WHERE a.message_id = ?1 AND ",
            $which,
            " ORDER BY j.id"
        )
    };
}

pub(super) const FAILED_MAILS: &str = mails!("?2 IS NOT NULL AND j.state = 'failed' AND j.owes_report = 1");

pub(super) const LATE_MAILS: &str =
    mails!("+j.state IN ('waiting', 'queued', 'held') AND j.warn_at <= ?2 AND j.reason IS NOT 'unknown'");

const STILL_FAILED: &str = "SELECT count(*) FROM jobs
 WHERE id IN (SELECT value FROM json_each(?1)) AND +state = 'failed' AND owes_report = 1";

const STILL_LATE: &str = "SELECT count(*) FROM jobs
 WHERE id IN (SELECT value FROM json_each(?1)) AND +state IN ('waiting', 'queued', 'held') AND warn_at IS NOT NULL";

/// Who has heard that it failed hears no more of it, even if somebody has it tried again.
const REPORT_FAILED: &str =
    "UPDATE jobs SET owes_report = 0, warn_at = NULL WHERE id IN (SELECT value FROM json_each(?1))";

/// One warning a message.
pub(super) const REPORT_LATE: &str = "UPDATE jobs SET warn_at = NULL WHERE arrival_id IN (SELECT id FROM arrivals WHERE message_id = ?1) AND warn_at IS NOT NULL";
