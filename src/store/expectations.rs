//! How the expectations stand, and what arrived since they were last looked at.

use crate::{
    domain::{Came, Expectation},
    store::{Store, StoreError, error::unreadable, writer::Tx},
};
use sqlx::Row;
use std::collections::BTreeMap;

/// Arrivals that were not counted yet, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arrived {
    pub came: Vec<Came>,
    /// The last of them, of whatever rule.
    pub until: i64,
    /// There are more.
    pub is_more: bool,
}

/// Arrivals looked at together.
const CHUNK: i64 = 10_000;

impl Store {
    /// By rule.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn expectations(&self) -> Result<BTreeMap<String, Expectation>, StoreError> {
        let rows = sqlx::query("SELECT * FROM expectations").fetch_all(self.readers()).await?;
        let mut expectations = BTreeMap::new();
        for row in rows {
            let came: String = row.get("came");
            let expectation = Expectation {
                rule: row.get("rule"),
                spec: row.get("spec"),
                counts_from: row.get("counts_from"),
                came: serde_json::from_str(&came).map_err(|_| unreadable("came", came))?,
                last_size: row.get::<Option<i64>, _>("last_size").map(i64::cast_unsigned),
                unfit: row.get("unfit"),
                missed_at: row.get("missed_at"),
                due_at: row.get("due_at"),
            };
            expectations.insert(expectation.rule.clone(), expectation);
        }
        Ok(expectations)
    }

    /// What arrived since expectations were last counted, or after the arrival `since`; at most 10,000.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn arrived(&self, since: Option<i64>) -> Result<Arrived, StoreError> {
        let rows = sqlx::query(ARRIVED).bind(since).bind(CHUNK).fetch_all(self.readers()).await?;
        let name = |bytes: Option<Vec<u8>>| String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned();
        let came = rows.iter().map(|row| Came {
            rule: row.get("rule"),
            name: name(row.get("name")),
            at: row.get("arrived_at"),
            size_bytes: row.get::<Option<i64>, _>("size_bytes").map(i64::cast_unsigned),
        });
        Ok(Arrived {
            came: came.collect(),
            until: rows.last().map(|row| row.get("id")).or(since).unwrap_or_default(),
            is_more: rows.len() as i64 == CHUNK,
        })
    }
}

/// Part of a look's transaction.
pub(super) async fn save(
    tx: &mut Tx<'_>,
    expectations: &[Expectation],
    unexpected: &[String],
    counted_until: Option<i64>,
) -> Result<(), sqlx::Error> {
    for state in expectations {
        let came = serde_json::to_string(&state.came).map_err(|why| sqlx::Error::Encode(why.into()))?;
        sqlx::query(SAVE)
            .bind(&state.rule)
            .bind(&state.spec)
            .bind(state.counts_from.0)
            .bind(came)
            .bind(state.last_size.map(u64::cast_signed))
            .bind(&state.unfit)
            .bind(state.missed_at.map(|moment| moment.0))
            .bind(state.due_at.map(|moment| moment.0))
            .execute(&mut *tx.db)
            .await?;
    }
    for rule in unexpected {
        sqlx::query("DELETE FROM expectations WHERE rule = ?1").bind(rule).execute(&mut *tx.db).await?;
    }
    if let Some(until) = counted_until {
        sqlx::query("UPDATE counted_arrivals SET arrival_id = ?1").bind(until).execute(&mut *tx.db).await?;
    }
    Ok(())
}

pub(super) const ARRIVED: &str = "
SELECT a.id, a.name, a.arrived_at, (SELECT name FROM rule_versions WHERE id = a.rule_version_id) AS rule,
       (SELECT size_bytes FROM payloads WHERE id = a.payload_id) AS size_bytes
  FROM arrivals a WHERE a.id > coalesce(?1, (SELECT arrival_id FROM counted_arrivals)) ORDER BY a.id LIMIT ?2";

const SAVE: &str = "
INSERT INTO expectations (rule, spec, counts_from, came, last_size, unfit, missed_at, due_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (rule) DO UPDATE SET spec = excluded.spec, counts_from = excluded.counts_from, came = excluded.came,
  last_size = excluded.last_size, unfit = excluded.unfit, missed_at = excluded.missed_at, due_at = excluded.due_at";
