//! `retry`, `cancel`, `hold`, `release`: applied to rows in chunks, each row decided by what it is at that moment.

use crate::{
    domain::JobState,
    store::{
        Found, JobVerb, LeftAlone, Operation, QueueKey, Rehearsal, Store, StoreError, Tally, Which, after,
        error::unreadable,
        litter,
        means::{lacking, means},
        operate::{Standing, decide},
        settle::{older_open, promote},
        unknown,
        writer::{Tx, Write},
    },
};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

/// Rows in one transaction, so that nothing else waits long.
pub(super) const CHUNK: usize = 500;

impl Store {
    /// Does what is wanted to the jobs that `which` means, or says what it would do. May be called twice.
    ///
    /// # Errors
    /// When the database refuses; chunks of 500 jobs that were done before stay done.
    pub async fn operate(&self, which: &Which, operation: Operation) -> Result<Tally, StoreError> {
        let Found { rows, unknown, ambiguous } = self.find(which).await?;
        let mut tally = Tally { unknown, ambiguous, ..Tally::default() };
        for chunk in rows.chunks(CHUNK) {
            tally.add(match operation.rehearsal {
                Rehearsal::Only => self.rehearse(&operation, chunk).await?,
                Rehearsal::No => self.write(Operate { operation: operation.clone(), rows: chunk.to_vec() }).await?,
            });
        }
        Ok(tally)
    }

    async fn rehearse(&self, operation: &Operation, rows: &[i64]) -> Result<Tally, StoreError> {
        let mut tally = Tally::default();
        let mut db = self.readers().acquire().await?;
        for row in rows {
            let decision = match standing(&mut db, *row).await? {
                Some(found) => decide(operation.verb, &standing_from(&found, operation)?),
                None => Err(LeftAlone::Gone),
            };
            tally.count(&decision);
        }
        Ok(tally)
    }
}

struct Operate {
    operation: Operation,
    rows: Vec<i64>,
}

impl Write for Operate {
    type Answer = Tally;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<Tally, sqlx::Error> {
        let mut tally = Tally::default();
        for row in &self.rows {
            let Some(found) = standing(tx.db, *row).await? else {
                tally.count::<()>(&Err(LeftAlone::Gone));
                continue;
            };
            let standing = standing_from(&found, &self.operation)?;
            let decision = decide(self.operation.verb, &standing);
            tally.count(&decision);
            let Ok(next) = decision else { continue };
            match self.operation.verb {
                JobVerb::Retry if standing.state == JobState::Queued => self.make_due(tx, *row).await?,
                JobVerb::Retry => self.retry(tx, *row).await?,
                JobVerb::Cancel => self.cancel(tx, *row).await?,
                JobVerb::Hold => _ = hold(tx, *row, "by_operator").await?,
                JobVerb::Release => {
                    unknown::renew(tx, *row, self.operation.now).await?;
                    release(tx, *row, found.get("must_wait_for")).await?;
                }
            }
            if next == JobState::Queued {
                tx.touched.insert(QueueKey::from_row(&found));
            }
        }
        Ok(tally)
    }
}

impl Operate {
    async fn make_due(&self, tx: &mut Tx<'_>, row: i64) -> Result<(), sqlx::Error> {
        sqlx::query("UPDATE jobs SET due_at = min(due_at, ?2) WHERE id = ?1 AND state = 'queued'")
            .bind(row)
            .bind(self.operation.now.0)
            .execute(&mut *tx.db)
            .await?;
        Ok(())
    }

    /// With a new temporary name: the old one may be litter, about to be removed. And with the rule's whole deadline; where the
    /// row does not tell it, with the span that the job had.
    async fn retry(&self, tx: &mut Tx<'_>, row: i64) -> Result<(), sqlx::Error> {
        sqlx::query(
            "UPDATE jobs SET state = 'queued', reason = NULL, due_at = ?2, counted_tries = 0, ended_at = NULL, told = 0,
                    temp_token = randomblob(8), waits_for = NULL,
                    expires_at = ?2 + coalesce(
                      iif(json_valid(wishes), (wishes ->> '$.deadline.secs') * 1000 + (wishes ->> '$.deadline.nanos') / 1000000, NULL),
                      expires_at - coalesce((SELECT arrived_at FROM arrivals WHERE id = arrival_id), due_at))
              WHERE id = ?1 AND state IN ('failed', 'cancelled')",
        )
        .bind(row)
        .bind(self.operation.now.0)
        .execute(&mut *tx.db)
        .await?;
        after::reopen(tx, row, self.operation.now).await
    }

    async fn cancel(&self, tx: &mut Tx<'_>, row: i64) -> Result<(), sqlx::Error> {
        sqlx::query(
            "UPDATE jobs SET state = 'cancelled', reason = 'by_operator', ended_at = ?2, waits_for = NULL
              WHERE id = ?1 AND state IN ('waiting', 'queued', 'held', 'failed')",
        )
        .bind(row)
        .bind(self.operation.now.0)
        .execute(&mut *tx.db)
        .await?;
        litter::remember_parts(tx, &[row], self.operation.now).await?;
        promote(tx, vec![row]).await
    }
}

/// Sets an open job aside; answers 1, or 0 if it is not open any more. Those that wait for it go on waiting.
pub(super) async fn hold(tx: &mut Tx<'_>, row: i64, reason: &'static str) -> Result<u64, sqlx::Error> {
    let held = sqlx::query(
        "UPDATE jobs SET state = 'held', reason = ?2, waits_for = NULL WHERE id = ?1 AND state IN ('waiting', 'queued')
            AND id NOT IN (SELECT job_id FROM expansions)", // what stands for rows to come goes on with them
    )
    .bind(row)
    .bind(reason)
    .execute(&mut *tx.db)
    .await?;
    Ok(held.rows_affected())
}

/// Lets a held job go: to wait for an older one that is open, else into its queue.
pub(super) async fn release(tx: &mut Tx<'_>, row: i64, must_wait_for: Option<i64>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE jobs SET state = iif(?2 IS NULL, 'queued', 'waiting'), waits_for = ?2, reason = NULL
          WHERE id = ?1 AND state = 'held'",
    )
    .bind(row)
    .bind(must_wait_for)
    .execute(&mut *tx.db)
    .await?;
    Ok(())
}

async fn standing(db: &mut SqliteConnection, row: i64) -> Result<Option<SqliteRow>, sqlx::Error> {
    sqlx::query(STANDING).bind(row).fetch_optional(db).await
}

fn standing_from(row: &SqliteRow, operation: &Operation) -> Result<Standing, sqlx::Error> {
    let (state, rule): (&str, &str) = (row.get("state"), row.get("rule"));
    let is_paused_in_file = operation.paused_in_file.iter().any(|paused| *paused == rule);
    Ok(Standing {
        state: JobState::from_word(state).ok_or_else(|| unreadable("state", state))?,
        lacks: lacking(row),
        rule_is_paused: is_paused_in_file || row.get("rule_is_paused"),
        target_is_busy: row.get("target_is_busy"),
        must_wait: row.get::<Option<i64>, _>("must_wait_for").is_some(),
        is_of_rows_to_come: row.get("is_of_rows_to_come"),
        is_followed: row.get("is_followed"),
    })
}

pub(super) const STANDING: &str = concat!(
    "SELECT state, server, class, rule, rank, ",
    means!(),
    ", EXISTS (SELECT 1 FROM paused_rules p WHERE p.rule = jobs.rule) AS rule_is_paused,
            EXISTS (SELECT 1 FROM expansions e WHERE e.job_id = jobs.id) AS is_of_rows_to_come,
            is_after = 0 AND EXISTS (SELECT 1 FROM jobs f WHERE f.arrival_id = jobs.arrival_id AND f.is_after = 1 AND f.state = 'running') AS is_followed,
            EXISTS (SELECT 1 FROM jobs t WHERE t.server = jobs.server AND t.target = jobs.target AND t.id <> jobs.id
                       AND t.state IN ('waiting', 'queued', 'running', 'held') AND t.target IS NOT NULL) AS target_is_busy,
            iif(state = 'held', ",
    older_open!(),
    ", NULL) AS must_wait_for FROM jobs WHERE id = ?1"
);
