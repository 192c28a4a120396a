//! A message that somebody gave in: to whom it goes, and how far it is with each.

use crate::{
    domain::{Moment, Ref},
    store::{
        Store, StoreError,
        error::bytes,
        read::{Attempt, JobLine, jobs::COLUMNS, json},
    },
};
use serde::Serialize;
use sqlx::{AssertSqlSafe, Row};

/// All that is known of a message; its JSON has the words of [`JobLine`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MessageDetail {
    #[serde(serialize_with = "long")]
    pub id: Ref,
    pub door: String,
    pub account: Option<String>,
    /// Of the envelope; `None`: the null sender.
    pub sender: Option<String>,
    pub subject: String,
    /// Without brackets.
    pub message_id: String,
    pub size_bytes: u64,
    #[serde(serialize_with = "json::moment")]
    pub received_at: Moment,
    /// One for each job that mails it: two rules may mail it to the same address.
    pub recipients: Vec<Recipient>,
}

/// One of those it goes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recipient {
    pub recipient: String,
    pub state: String,
    #[serde(serialize_with = "json::id")]
    pub job: Ref,
    pub rule: String,
    /// The relay that has it, or is to have it.
    pub server: String,
    pub reason: Option<String>,
    pub tries: u32,
    /// The last words about it; unescaped.
    pub said: Option<String>,
    #[serde(serialize_with = "json::moment")]
    pub due_at: Moment,
    #[serde(serialize_with = "json::moment")]
    pub expires_at: Moment,
    #[serde(serialize_with = "json::moment_or_null")]
    pub ended_at: Option<Moment>,
}

/// One try to mail a message to somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MessageAttempt {
    #[serde(serialize_with = "json::id")]
    pub job: Ref,
    pub recipient: String,
    /// The job's by now.
    pub server: String,
    /// RFC 3463, where the server says one.
    pub enhanced_code: Option<String>,
    #[serde(flatten)]
    pub attempt: Attempt,
}

fn long<S: serde::Serializer>(id: &Ref, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(&id.long())
}

impl Store {
    /// The message that was taken in under this name, as far as history goes back.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn message(&self, id: Ref) -> Result<Option<MessageDetail>, StoreError> {
        let Some(row) = sqlx::query(MESSAGE).bind(&id.0[..]).fetch_optional(self.readers()).await? else {
            return Ok(None);
        };
        let jobs = format!("{COLUMNS} WHERE j.action = 'send' AND j.arrival_id IN {OF_MESSAGE} ORDER BY j.id");
        let jobs = sqlx::query(AssertSqlSafe(jobs)).bind(row.get::<i64, _>("id")).fetch_all(self.readers()).await?;
        let recipients = jobs.iter().map(|row| JobLine::from_row(row).map(Recipient::of)).collect::<Result<_, _>>()?;
        Ok(Some(MessageDetail {
            id,
            door: row.get("door"),
            account: row.get("account"),
            sender: row.get("sender"),
            subject: row.get("subject"),
            message_id: row.get("header_id"),
            size_bytes: row.get::<i64, _>("size_bytes").cast_unsigned(),
            received_at: row.get("received_at"),
            recipients,
        }))
    }

    /// Every try to mail it, oldest first; `None`: there is no such message.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn message_attempts(&self, id: Ref) -> Result<Option<Vec<MessageAttempt>>, StoreError> {
        let Some(row) = sqlx::query(MESSAGE).bind(&id.0[..]).fetch_optional(self.readers()).await? else {
            return Ok(None);
        };
        let rows = sqlx::query(ATTEMPTS).bind(row.get::<i64, _>("id")).fetch_all(self.readers()).await?;
        let attempt = |row| {
            let attempt = Attempt::from_row(row);
            // of a delivery the words alone are kept
            let attempt = Attempt { code: attempt.code.or_else(|| code(attempt.said.as_deref()?)), ..attempt };
            Ok(MessageAttempt {
                job: Ref(bytes("job id", row.get("ref"))?),
                recipient: row.get("recipient"),
                server: row.get("server"),
                enhanced_code: attempt.said.as_deref().and_then(enhanced_code),
                attempt,
            })
        };
        rows.iter().map(attempt).collect::<Result<_, StoreError>>().map(Some)
    }
}

impl Recipient {
    fn of(line: JobLine) -> Self {
        Self {
            recipient: line.recipient.unwrap_or_default(),
            state: line.state.word().to_owned(),
            job: line.id,
            rule: line.rule,
            server: line.server,
            reason: line.reason,
            tries: line.tries,
            said: line.said,
            due_at: line.due_at,
            expires_at: line.expires_at,
            ended_at: line.ended_at,
        }
    }
}

/// The three digits that a reply begins with (RFC 5321 section 4.2).
fn code(said: &str) -> Option<u16> {
    let digits = said.get(..3).filter(|_| said[3..].is_empty() || said[3..].starts_with([' ', '-']))?;
    digits.parse().ok().filter(|code| (200..600).contains(code))
}

/// The first word of a reply that is one, near its begin: behind the three digits.
fn enhanced_code(said: &str) -> Option<String> {
    let is_code = |word: &&str| {
        let parts: Vec<&str> = word.split('.').collect();
        let is_number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        parts.len() == 3 && ["2", "4", "5"].contains(&parts[0]) && parts[1..].iter().all(|part| is_number(part))
    };
    said.split(|letter: char| letter.is_ascii_whitespace() || letter == '-').take(3).find(is_code).map(str::to_owned)
}

pub(in crate::store) const MESSAGE: &str = "SELECT * FROM messages WHERE ref = ?1";

const OF_MESSAGE: &str = "(SELECT id FROM arrivals WHERE message_id = ?1)";

pub(in crate::store) const ATTEMPTS: &str = "
SELECT t.*, j.ref, j.recipient, j.server FROM attempts t JOIN jobs j ON j.id = t.job_id
 WHERE j.action = 'send' AND j.arrival_id IN (SELECT id FROM arrivals WHERE message_id = ?1)
 ORDER BY t.started_at, t.id";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_enhanced_code_stands_behind_the_three_digits() {
        assert_eq!(
            ["250 Ok", "250-a", "250", "2500 x", "ok", "äö", "+50 x"].map(code),
            [Some(250), Some(250), Some(250), None, None, None, None]
        );
        for (said, code) in [
            ("250 2.0.0 Ok: queued as 4F2", Some("2.0.0")),
            ("550-5.1.1 no such user", Some("5.1.1")),
            ("4.7.1 later", Some("4.7.1")),
            ("250 Ok", None),
            ("550 10.0.0.1 is listed", None),
            ("250 3.0.0 x", None),
            ("connection refused by 2.0.0", None),
            ("", None),
        ] {
            assert_eq!(enhanced_code(said).as_deref(), code, "{said}");
        }
    }
}
