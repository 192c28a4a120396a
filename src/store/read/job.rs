//! `job ID`: one job with every attempt, its source and its receipt.

use crate::{
    domain::{Moment, Original, Ref, RefTail, Sha256},
    store::{
        LeftAlone, Store, StoreError, TryOutcome,
        means::{lacking, means},
        originals::{original, original_columns},
        read::{JobLine, ReceiptLine, jobs::COLUMNS, json},
    },
};
use serde::Serialize;
use sqlx::{AssertSqlSafe, Row, sqlite::SqliteRow};

/// All that is known of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobDetail {
    #[serde(flatten)]
    pub job: JobLine,
    /// The rule's folder.
    #[serde(serialize_with = "json::name_or_null")]
    pub folder: Option<Vec<u8>>,
    /// Of the source, once it was read.
    #[serde(serialize_with = "hash_or_null")]
    pub sha256: Option<Sha256>,
    /// The job that it waits for.
    #[serde(serialize_with = "id_or_null")]
    pub waits_for: Option<Ref>,
    /// What it was made of.
    pub original: Original,
    /// Why `retry` leaves it alone for good, if it does.
    pub left_alone: Option<LeftAlone>,
    pub attempts: Vec<Attempt>,
    pub receipt: Option<ReceiptLine>,
}

/// One try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attempt {
    #[serde(serialize_with = "json::moment")]
    pub started_at: Moment,
    #[serde(serialize_with = "json::moment")]
    pub ended_at: Moment,
    pub outcome: String,
    pub is_counted: bool,
    /// A word of `TroubleKind`.
    pub kind: Option<String>,
    /// The reply's three digits.
    pub code: Option<u16>,
    /// The server's words, else ours; unescaped.
    pub said: Option<String>,
    pub tls: Option<String>,
    /// What went over the wire.
    pub bytes: u64,
}

#[expect(clippy::ref_option, reason = "serde hands a reference to the field")]
fn hash_or_null<S: serde::Serializer>(hash: &Option<Sha256>, out: S) -> Result<S::Ok, S::Error> {
    hash.map(|hash| hash.to_string()).serialize(out)
}

#[expect(clippy::ref_option, reason = "serde hands a reference to the field")]
fn id_or_null<S: serde::Serializer>(id: &Option<Ref>, out: S) -> Result<S::Ok, S::Error> {
    id.map(|id| id.to_string()).serialize(out)
}

impl Store {
    /// The jobs with these eight letters: none, one, or, once in a while among a million, two.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn job(&self, typed: RefTail) -> Result<Vec<JobDetail>, StoreError> {
        let sql = format!("{COLUMNS} WHERE substr(j.ref, 12, 5) = ?1");
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(&typed.0[..]).fetch_all(self.readers()).await?;
        let mut details = Vec::with_capacity(rows.len());
        for row in &rows {
            details.push(self.detail(row).await?);
        }
        Ok(details)
    }

    async fn detail(&self, row: &SqliteRow) -> Result<JobDetail, StoreError> {
        let (job, id) = (JobLine::from_row(row)?, row.get::<i64, _>("id"));
        let attempts = sqlx::query("SELECT * FROM attempts WHERE job_id = ?1 ORDER BY claim_no")
            .bind(id)
            .fetch_all(self.readers())
            .await?;
        let more = sqlx::query(MORE).bind(id).fetch_optional(self.readers()).await?;
        let bytes = |column: &str| more.as_ref().and_then(|row| row.get::<Option<Vec<u8>>, _>(column));
        let receipt = self.receipt_of(&job).await?;
        let hash = bytes("sha256").and_then(|hash| hash.try_into().ok()).map(Sha256);
        Ok(JobDetail {
            folder: row.get("folder"),
            sha256: hash.or(receipt.as_ref().map(|receipt| receipt.sha256)),
            waits_for: bytes("waits_for").and_then(|id| id.try_into().ok()).map(Ref),
            original: more.as_ref().map(original).unwrap_or_default(),
            left_alone: more.as_ref().and_then(lacking),
            attempts: attempts.iter().map(Attempt::from_row).collect(),
            receipt,
            job,
        })
    }
}

impl Attempt {
    /// Untried, or interrupted by us: it says nothing of the job, and is not one of [`JobLine::tries`].
    #[must_use]
    pub fn is_handed_back(&self) -> bool {
        self.outcome == TryOutcome::Returned.word()
    }

    pub(super) fn from_row(row: &SqliteRow) -> Self {
        Self {
            started_at: row.get("started_at"),
            ended_at: row.get("ended_at"),
            outcome: row.get("outcome"),
            is_counted: row.get::<i64, _>("counted") > 0,
            kind: row.get("kind"),
            code: row.get::<Option<i64>, _>("code").and_then(|code| u16::try_from(code).ok()),
            said: row.get("said"),
            tls: row.get("tls"),
            bytes: row.get::<i64, _>("bytes").cast_unsigned(),
        }
    }
}

const MORE: &str = concat!(
    "SELECT (SELECT sha256 FROM payloads WHERE id = jobs.payload_id) AS sha256,
            (SELECT b.ref FROM jobs b WHERE b.id = jobs.waits_for) AS waits_for, ",
    means!(),
    ", ",
    original_columns!(),
    " FROM jobs WHERE id = ?1"
);
