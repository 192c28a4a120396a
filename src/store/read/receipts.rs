//! `receipts`: the proofs of what was delivered, newest first.

use crate::{
    domain::{JobState, Moment, Ref, Sha256},
    store::{
        Store, StoreError,
        error::bytes,
        read::{JobLine, filter::Sieve, json},
    },
};
use serde::Serialize;
use sqlx::{QueryBuilder, Row, Sqlite, sqlite::SqliteRow};
use std::ops::ControlFlow;

/// One proof; it means the same when rule, job and server are long gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReceiptLine {
    #[serde(serialize_with = "json::id")]
    pub job: Ref,
    pub rule: String,
    pub server: String,
    /// Below the rule's folder.
    #[serde(serialize_with = "json::name_or_null")]
    pub name: Option<Vec<u8>>,
    #[serde(serialize_with = "json::name_or_null")]
    pub path: Option<Vec<u8>>,
    /// Of a mail.
    pub recipient: Option<String>,
    pub size_bytes: u64,
    #[serde(serialize_with = "json::hash")]
    pub sha256: Sha256,
    /// A word of `Proof`.
    pub proof: String,
    /// The server's last words; unescaped.
    pub reply: String,
    #[serde(serialize_with = "json::moment")]
    pub delivered_at: Moment,
    /// The copy is no longer there, by our own doing.
    #[serde(serialize_with = "json::moment_or_null")]
    pub removed_at: Option<Moment>,
}

/// All that are given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReceiptFilter {
    pub rule: Option<String>,
    pub server: Option<String>,
    /// Globs, as in [`crate::store::JobFilter`].
    pub name: Option<String>,
    pub to: Option<String>,
    pub since: Option<Moment>,
    pub text: Option<String>,
}

const PAGE: &str = "SELECT * FROM receipts WHERE id IN (SELECT value FROM json_each(?1)) ORDER BY id DESC";

impl Store {
    /// Hands the first `limit` receipts that `filter` means to `each`, newest first, and answers whether there are more.
    ///
    /// `each` breaks off where nobody takes more; the answer is then that there are more.
    ///
    /// # Errors
    /// When the database cannot be read, or a pattern of the filter is none.
    pub async fn receipts(
        &self,
        filter: &ReceiptFilter,
        limit: u64,
        each: impl FnMut(ReceiptLine) -> ControlFlow<()> + Send,
    ) -> Result<bool, StoreError> {
        let sieve = Sieve::new(filter.name.as_deref(), filter.to.as_deref(), filter.text.as_deref())?;
        let mut sql: QueryBuilder<Sqlite> = QueryBuilder::new("SELECT id FROM receipts WHERE 1");
        for (column, value) in [("rule", &filter.rule), ("server", &filter.server)] {
            if let Some(value) = value {
                sql.push(format!(" AND {column} = ")).push_bind(value.clone());
            }
        }
        if let Some(since) = filter.since {
            sql.push(" AND delivered_at >= ").push_bind(since.0);
        }
        sql.push(" ORDER BY id DESC");
        if sieve.is_open() {
            sql.push(" LIMIT ").push_bind(i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1));
        }
        let read = |row: &SqliteRow| {
            let line = ReceiptLine::from_row(row)?;
            let recipient = line.recipient.as_deref().map(str::as_bytes);
            let to = line.path.as_deref().or(recipient).unwrap_or_default();
            Ok(sieve.lets_through(line.name.as_deref().unwrap_or_default(), to, &line.reply).then_some(line))
        };
        Ok(self.list((sql, PAGE), limit, read, each).await?.is_none())
    }

    /// The receipt of a delivered job: looked for by its rule from its end on, which an index answers.
    pub(super) async fn receipt_of(&self, job: &JobLine) -> Result<Option<ReceiptLine>, StoreError> {
        let (JobState::Delivered, Some(ended_at)) = (job.state, job.ended_at) else { return Ok(None) };
        let row = sqlx::query(RECEIPT_OF)
            .bind(&job.rule)
            .bind(ended_at.0 - 60_000)
            .bind(ended_at.0 + 60_000)
            .bind(&job.id.0[..])
            .fetch_optional(self.readers())
            .await?;
        Ok(row.as_ref().map(ReceiptLine::from_row).transpose()?)
    }
}

pub(in crate::store) const RECEIPT_OF: &str =
    "SELECT * FROM receipts WHERE rule = ?1 AND delivered_at BETWEEN ?2 AND ?3 AND job_ref = ?4 LIMIT 1";

impl ReceiptLine {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            job: Ref(bytes("job id", row.get("job_ref"))?),
            rule: row.get("rule"),
            server: row.get("server"),
            name: row.get("source_name"),
            path: row.get("remote_path"),
            recipient: row.get("recipient"),
            size_bytes: row.get::<i64, _>("size_bytes").cast_unsigned(),
            sha256: Sha256(bytes("hash", row.get("sha256"))?),
            proof: row.get("proof"),
            reply: row.get("reply"),
            delivered_at: row.get("delivered_at"),
            removed_at: row.get("removed_at"),
        })
    }
}
