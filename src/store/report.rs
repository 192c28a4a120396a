//! What came to its end in a span of time, rule by rule: the lines of reports and digests.

use crate::{
    domain::{Example, Moment, NOTICES, ReportLine},
    store::{OpenCounts, Store, StoreError, attempts::tries, incidents::example, read::rules_with_ended_jobs},
};
use sqlx::Row;
use std::collections::BTreeMap;

/// What a rule delivered in a span of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivery {
    pub jobs: u64,
    pub bytes: u64,
    /// The last ones, youngest first.
    pub examples: Vec<Example>,
}

impl Store {
    /// When `rule` delivered first and last after `since` and not after `until`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn delivery_span(
        &self,
        rule: &str,
        (since, until): (Moment, Moment),
    ) -> Result<Option<(Moment, Moment)>, StoreError> {
        let row = sqlx::query(SPAN).bind(rule).bind(since.0).bind(until.0).fetch_one(self.readers()).await?;
        Ok(row.get::<Option<Moment>, _>("first").zip(row.get("last")))
    }

    /// What `rule` delivered after `since` and not after `until`, by its receipts.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn deliveries(&self, rule: &str, (since, until): (Moment, Moment)) -> Result<Delivery, StoreError> {
        let bind = |sql| sqlx::query(sql).bind(rule).bind(since.0).bind(until.0);
        let sum = bind(SUM).fetch_one(self.readers()).await?;
        let rows = bind(LAST).fetch_all(self.readers()).await?;
        Ok(Delivery {
            jobs: sum.get::<i64, _>("jobs").cast_unsigned(),
            bytes: sum.get::<i64, _>("bytes").cast_unsigned(),
            examples: rows.iter().map(example).collect(),
        })
    }

    /// What was delivered, by its receipts, and what else ended after `since` and not after `until`, and what is open now, of these rules and of others that did something.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn report(
        &self,
        rules: &[String],
        (since, until): (Moment, Moment),
    ) -> Result<Vec<ReportLine>, StoreError> {
        let rows = sqlx::query(REPORT).bind(since.0).bind(until.0).fetch_all(self.readers()).await?;
        let mut lines: BTreeMap<String, ReportLine> =
            rules.iter().map(|rule| (rule.clone(), ReportLine::default())).collect();
        for row in rows {
            let line = lines.entry(row.get("rule")).or_default();
            let jobs = row.get::<i64, _>("jobs").cast_unsigned();
            match (row.get("state"), row.get::<Option<&str>, _>("reason")) {
                ("failed", _) => line.failed += jobs,
                (_, Some("superseded")) => line.superseded += jobs,
                _ => {}
            }
        }
        for row in sqlx::query(DELIVERED).bind(since.0).bind(until.0).fetch_all(self.readers()).await? {
            let line = lines.entry(row.get("rule")).or_default();
            line.delivered = row.get::<i64, _>("jobs").cast_unsigned();
            line.bytes = row.get::<i64, _>("bytes").cast_unsigned();
            line.last_delivered = row.get("last");
        }
        lines.remove(NOTICES);
        let open = self.open_jobs().await?;
        let expectations = self.expectations().await?;
        for (rule, line) in &mut lines {
            line.rule.clone_from(rule);
            line.waiting = open.get(rule).map_or(0, OpenCounts::on_their_way);
            line.held = open.get(rule).map_or(0, |open| open.held);
            line.expected = expectations.get(rule).and_then(|state| state.due_at);
        }
        Ok(lines.into_values().collect())
    }

    /// Until when each reader of each digest has been told, by address and schedule.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn digests(&self) -> Result<BTreeMap<(String, String), Moment>, StoreError> {
        let rows = sqlx::query("SELECT * FROM digests").fetch_all(self.readers()).await?;
        Ok(rows.iter().map(|row| ((row.get("address"), row.get("schedule")), row.get("covered_until"))).collect())
    }
}

pub(super) const REPORT: &str = concat!(
    "SELECT j.rule, j.state, j.reason, count(*) AS jobs
       FROM jobs j WHERE j.rule IN (",
    rules_with_ended_jobs!(),
    ") AND j.state IN ('failed', 'cancelled') AND j.ended_at > ?1 AND j.ended_at <= ?2
      GROUP BY j.rule, j.state, j.reason"
);

pub(super) const DELIVERED: &str = "
SELECT rule, count(*) AS jobs, sum(size_bytes) AS bytes, max(delivered_at) AS last FROM receipts
 WHERE rule IN (SELECT DISTINCT name FROM rule_versions) AND delivered_at > ?1 AND delivered_at <= ?2 GROUP BY rule";

pub(super) const SPAN: &str = "SELECT
  (SELECT delivered_at FROM receipts WHERE rule = ?1 AND delivered_at > ?2 AND delivered_at <= ?3 ORDER BY delivered_at LIMIT 1) AS first,
  (SELECT delivered_at FROM receipts WHERE rule = ?1 AND delivered_at > ?2 AND delivered_at <= ?3 ORDER BY delivered_at DESC LIMIT 1) AS last";

pub(super) const SUM: &str = "SELECT count(*) AS jobs, coalesce(sum(size_bytes), 0) AS bytes FROM receipts
 WHERE rule = ?1 AND delivered_at > ?2 AND delivered_at <= ?3";

pub(super) const LAST: &str = concat!(
    "SELECT job_ref AS ref, server, reply AS said, remote_path AS target, recipient, source_name AS name, size_bytes, sha256,
  coalesce((SELECT ",
    tries!("jobs.id"),
    " FROM jobs WHERE substr(ref, 12, 5) = substr(job_ref, 12, 5) AND ref = job_ref), 1) AS tries
  FROM receipts WHERE rule = ?1 AND delivered_at > ?2 AND delivered_at <= ?3 ORDER BY delivered_at DESC LIMIT 10"
);
