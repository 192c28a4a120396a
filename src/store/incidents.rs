//! Incidents, whom they were told, and the jobs that failed since the last look: what is read of them.

use crate::{
    domain::{Event, Example, Failure, Incident, Moment, Reader, Reason, Ref, Sha256, StartMail},
    store::{
        LeftAlone, Store, StoreError,
        error::unreadable,
        means::{lacking, means},
        statement::Statement,
    },
};
use sqlx::{Row, sqlite::SqliteRow};
use std::time::Duration;

/// Failed jobs looked at together.
const CHUNK: i64 = 500;

impl Store {
    /// Incidents that are open, were closed within `lately`, or whose end somebody has not heard of yet; and whether a moment in
    /// them is ahead of the clock, which then counts as now and must be written as now.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn incidents(&self, now: Moment, lately: Duration) -> Result<(Vec<Incident>, bool), StoreError> {
        let rows = sqlx::query(INCIDENTS).bind(now.minus(lately).0).fetch_all(self.readers()).await?;
        let mut incidents = Vec::with_capacity(rows.len());
        let is_ahead = rows.iter().any(|row| row.get::<i64, _>("last_at") > now.0);
        for row in &rows {
            let readers = sqlx::query(READERS).bind(row.get::<i64, _>("id")).fetch_all(self.readers()).await?;
            incidents.push(incident(row, &readers, now)?);
        }
        Ok((incidents, is_ahead))
    }

    /// How many are open of what lasts: that jobs failed is a moment's, and is in no report but that of its time.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn open_troubles(&self) -> Result<u64, StoreError> {
        let open = "SELECT count(*) FROM incidents WHERE closed_at IS NULL AND event <> 'failed'";
        let row = sqlx::query(open).fetch_one(self.readers()).await?;
        Ok(row.get::<i64, _>(0).cast_unsigned())
    }

    /// Jobs that failed and are in no incident yet, oldest first, with their rows; at most 500.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn untold_failures(&self) -> Result<Vec<(i64, Failure)>, StoreError> {
        let rows = sqlx::query(UNTOLD).bind(CHUNK).fetch_all(self.readers()).await?;
        Ok(rows.iter().map(|row| (row.get("id"), failure(row))).collect())
    }

    /// When `server` last took a job.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn last_delivery(&self, server: &str, since: Moment) -> Result<Option<Moment>, StoreError> {
        let row = sqlx::query(LAST_DELIVERY).bind(server).bind(since.0).fetch_one(self.readers()).await?;
        Ok(row.get(0))
    }

    /// Whether a job of `rule` is failed that came to that since a moment.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn has_failed(&self, rule: &str, since: Moment) -> Result<bool, StoreError> {
        let row = sqlx::query(HAS_FAILED).bind(rule).bind(since.0).fetch_one(self.readers()).await?;
        Ok(row.get(0))
    }

    /// Jobs that wait for `server`, and jobs that it has taken since a moment.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn aside(&self, server: &str, since: Moment) -> Result<(u64, u64), StoreError> {
        let row = sqlx::query(ASIDE).bind(server).bind(since.0).fetch_one(self.readers()).await?;
        Ok((row.get::<i64, _>(0).cast_unsigned(), row.get::<i64, _>(1).cast_unsigned()))
    }

    /// Forgets incidents that were closed before `before`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_incidents(&self, before: Moment) -> Result<(), StoreError> {
        let forget = "DELETE FROM incidents WHERE closed_at IS NOT NULL AND closed_at < ?1";
        self.write(Statement::of(forget).bind(before.0)).await
    }
}

/// A moment that is ahead was written before the clock was set back: it counts as now.
fn incident(row: &SqliteRow, readers: &[SqliteRow], now: Moment) -> Result<Incident, sqlx::Error> {
    let moment = |column: &str| row.get::<Option<Moment>, _>(column).map(|at| at.min(now));
    let event: &str = row.get("event");
    let json = |column: &str| row.get::<String, _>(column);
    Ok(Incident {
        id: Some(row.get("id")),
        subject: row.get("subject"),
        event: [Event::Trouble, Event::Failed, Event::Delayed, Event::Missed]
            .into_iter()
            .find(|known| known.word() == event)
            .ok_or_else(|| unreadable("event", event))?,
        kind: row.get("kind"),
        opened_at: moment("opened_at").unwrap_or(now),
        last_at: moment("last_at").unwrap_or(now),
        closed_at: moment("closed_at"),
        reopened_at: moment("reopened_at"),
        jobs: row.get::<i64, _>("jobs").cast_unsigned(),
        said: row.get("said"),
        rules: serde_json::from_str(&json("rules")).map_err(|_| unreadable("rules", json("rules")))?,
        examples: serde_json::from_str(&json("examples")).map_err(|_| unreadable("examples", json("examples")))?,
        readers: readers.iter().map(|row| reader(row, now)).collect(),
    })
}

fn reader(row: &SqliteRow, now: Moment) -> Reader {
    let moment = |column: &str| row.get::<Option<Moment>, _>(column).map(|at| at.min(now));
    Reader {
        address: row.get("address"),
        started_at: moment("started_at"),
        start_job: row.get::<Option<Vec<u8>>, _>("start_job").and_then(|job| job.try_into().ok()).map(Ref),
        start: match row.get::<Option<&str>, _>("start_state") {
            Some("delivered") => StartMail::Sent,
            Some("running") => StartMail::UnderWay,
            _ => StartMail::Waiting,
        },
        over_at: moment("over_at"),
    }
}

fn failure(row: &SqliteRow) -> Failure {
    let text = |column: &str| row.get::<Option<String>, _>(column);
    let reason = text("reason");
    let is_ours = |reason: &String| matches!(reason.as_str(), "deadline" | "source_changed");
    let kind = match lacking(row) {
        Some(LeftAlone::NoTarget) => Some(Reason::Unplannable.word().to_owned()),
        _ => reason.clone().filter(is_ours).or(text("kind")).or(reason),
    };
    Failure {
        rule: row.get("rule"),
        kind: kind.unwrap_or_else(|| "unknown".to_owned()),
        ended_at: row.get::<Option<Moment>, _>("ended_at").unwrap_or_default(),
        example: example(row),
        server: row.get("server"),
    }
}

/// Of a row with the columns of [`example_columns`].
pub(super) fn example(row: &SqliteRow) -> Example {
    let bytes = |column: &str| row.get::<Option<Vec<u8>>, _>(column);
    let lossy = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let text = |column: &str| row.get::<Option<String>, _>(column);
    let server: String = row.get("server");
    let to = bytes("target").map(|target| format!("{server}:{}", lossy(target)));
    Example {
        job: bytes("ref").and_then(|job| job.try_into().ok()).map_or_else(String::new, |job| Ref(job).to_string()),
        name: bytes("name").map(lossy).unwrap_or_default(),
        size_bytes: row.get::<Option<i64>, _>("size_bytes").map(i64::cast_unsigned),
        sha256: bytes("sha256").and_then(|bytes| bytes.try_into().ok()).map(|bytes| Sha256(bytes).to_string()),
        to: to.or(text("recipient")).unwrap_or(server),
        tries: row.get("tries"),
        said: text("said").unwrap_or_default(),
    }
}

/// What a mail shows of a job `j`.
macro_rules! example_columns {
    () => {
        concat!("j.ref, j.server, j.said, ", crate::store::attempts::tries!("j.id"), " AS tries, j.target, j.recipient, (SELECT name FROM arrivals WHERE id = j.arrival_id) AS name,
         (SELECT size_bytes FROM payloads WHERE id = j.payload_id) AS size_bytes,
         coalesce((SELECT sha256 FROM payloads WHERE id = j.payload_id),
           (SELECT s.sha256 FROM arrivals a JOIN payloads p ON p.id = j.payload_id
              JOIN seen s ON s.place_id = a.place_id AND s.path = a.name AND s.size_bytes = p.size_bytes AND s.mtime_ns = p.mtime_ns
                AND s.inode = p.inode AND s.ctime_ns = p.ctime_ns WHERE a.id = j.arrival_id)) AS sha256")
    };
}
pub(super) use example_columns;

const INCIDENTS: &str = "SELECT * FROM incidents WHERE closed_at IS NULL
UNION SELECT * FROM incidents WHERE closed_at IS NOT NULL AND closed_at > ?1
UNION SELECT * FROM incidents WHERE id IN (SELECT incident_id FROM incident_readers WHERE started_at IS NOT NULL AND over_at IS NULL)
ORDER BY id";

/// A start that was purged has gone out long ago.
const READERS: &str = "SELECT address, started_at, start_job, over_at,
  iif(start_job IS NULL, NULL, coalesce((SELECT j.state FROM jobs j WHERE substr(j.ref, 12, 5) = substr(start_job, 12, 5)
      AND j.ref = start_job), 'delivered')) AS start_state
  FROM incident_readers WHERE incident_id = ?1";

pub(super) const UNTOLD: &str = concat!(
    "SELECT j.id, j.rule, j.reason, j.ended_at, ",
    means!(),
    ", ",
    example_columns!(),
    ", (SELECT kind FROM attempts WHERE job_id = j.id ORDER BY claim_no DESC LIMIT 1) AS kind
  FROM jobs j WHERE j.state = 'failed' AND j.told = 0 ORDER BY j.id LIMIT ?1"
);

pub(super) const LAST_DELIVERY: &str = "SELECT max(ended_at) FROM jobs
 WHERE rule IN (SELECT DISTINCT name FROM rule_versions) AND state = 'delivered' AND server = ?1 AND ended_at > ?2";

pub(super) const HAS_FAILED: &str =
    "SELECT EXISTS (SELECT 1 FROM jobs WHERE rule = ?1 AND state = 'failed' AND ended_at >= ?2)";

pub(super) const ASIDE: &str = "SELECT
  (SELECT count(*) FROM jobs WHERE server = ?1 AND state = 'queued') + (SELECT count(*) FROM jobs WHERE server = ?1 AND state = 'waiting'),
  (SELECT count(*) FROM jobs WHERE rule IN (SELECT DISTINCT name FROM rule_versions) AND state = 'delivered' AND server = ?1
      AND ended_at >= ?2)";
