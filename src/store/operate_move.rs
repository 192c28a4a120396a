//! `move-jobs`: what waits for a server that is no more goes to another.

use crate::{
    domain::{JobState, Moment},
    store::{
        JobFilter, LeftAlone, QueueKey, Rehearsal, Store, StoreError, Tally, Which, litter,
        operate_jobs::CHUNK,
        settle::older_open,
        writer::{Tx, Write},
    },
};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

/// Where jobs are moved to.
#[derive(Debug, Clone)]
pub struct MoveTo {
    pub server: String,
    /// The action of the jobs that it takes: `upload`, `send` or `webhook`.
    pub takes: &'static str,
}

impl Store {
    /// Moves the open jobs of one server to another, where they are due at once; running ones end their try first. A job
    /// whose target has an open job there that is newer, or of the same bytes, is left alone, and so is one for another kind of server. May
    /// be called twice.
    ///
    /// # Errors
    /// When the database refuses; chunks of 500 jobs that were moved before stay moved.
    pub async fn move_jobs(
        &self,
        from: &str,
        to: MoveTo,
        rehearsal: Rehearsal,
        now: Moment,
    ) -> Result<Tally, StoreError> {
        let states = vec![JobState::Waiting, JobState::Queued, JobState::Running, JobState::Held];
        let open = JobFilter { states, server: Some(from.to_owned()), ..JobFilter::default() };
        let rows = self.find(&Which::Filter(open)).await?.rows;
        let mut tally = Tally::default();
        for chunk in rows.chunks(CHUNK) {
            let chunk = MoveJobs { rows: chunk.to_vec(), from: from.to_owned(), to: to.clone(), now };
            tally.add(match rehearsal {
                Rehearsal::Only => chunk.rehearse(&mut *self.readers().acquire().await?).await?,
                Rehearsal::No => self.write(chunk).await?,
            });
        }
        Ok(tally)
    }
}

struct MoveJobs {
    rows: Vec<i64>,
    from: String,
    to: MoveTo,
    now: Moment,
}

impl Write for MoveJobs {
    type Answer = Tally;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<Tally, sqlx::Error> {
        let mut tally = Tally::default();
        for row in &self.rows {
            let found = self.look(tx.db, *row).await?;
            let decision = self.decide(found.as_ref());
            tally.count(&decision);
            if let (Ok(()), Some(found)) = (decision, found) {
                self.move_one(tx, *row, &found).await?;
            }
        }
        Ok(tally)
    }
}

impl MoveJobs {
    async fn rehearse(&self, db: &mut SqliteConnection) -> Result<Tally, sqlx::Error> {
        let mut tally = Tally::default();
        for row in &self.rows {
            let found = self.look(db, *row).await?;
            tally.count(&self.decide(found.as_ref()));
        }
        Ok(tally)
    }

    async fn look(&self, db: &mut SqliteConnection, row: i64) -> Result<Option<SqliteRow>, sqlx::Error> {
        sqlx::query(LOOK).bind(row).bind(&self.from).bind(&self.to.server).fetch_optional(db).await
    }

    async fn move_one(&self, tx: &mut Tx<'_>, row: i64, found: &SqliteRow) -> Result<(), sqlx::Error> {
        if found.get::<i64, _>("tries") > 0
            && let Some(left) = litter::of_job(found.get("target"), found.get("temp_token"))
        {
            litter::remember(tx, &self.from, &left, self.now).await?;
        }
        sqlx::query("UPDATE jobs SET server = ?2, temp_token = randomblob(8), due_at = min(due_at, ?3) WHERE id = ?1")
            .bind(row)
            .bind(&self.to.server)
            .bind(self.now.0)
            .execute(&mut *tx.db)
            .await?;
        let moved = sqlx::query(WAIT_THERE).bind(row).fetch_one(&mut *tx.db).await?;
        if moved.get::<&str, _>("state") == "queued" {
            tx.touched.insert(QueueKey::from_row(&moved));
        }
        Ok(())
    }

    fn decide(&self, found: Option<&SqliteRow>) -> Result<(), LeftAlone> {
        let found = found.ok_or(LeftAlone::Gone)?;
        if found.get("is_of_rows_to_come") {
            return Err(LeftAlone::RowsToCome);
        }
        if found.get::<&str, _>("action") != self.to.takes {
            return Err(LeftAlone::OtherKind);
        }
        decide(found)
    }
}

fn decide(found: &SqliteRow) -> Result<(), LeftAlone> {
    match JobState::from_word(found.get("state")) {
        Some(JobState::Waiting | JobState::Queued | JobState::Held) if found.get("is_there") => {
            Err(LeftAlone::TargetBusy)
        }
        Some(JobState::Waiting | JobState::Queued | JobState::Held) => Ok(()),
        Some(JobState::Running) => Err(LeftAlone::Running),
        _ => Err(LeftAlone::Gone),
    }
}

pub(super) const LOOK: &str = "SELECT state, action, tries, target, temp_token,
   EXISTS (SELECT 1 FROM expansions e WHERE e.job_id = jobs.id) AS is_of_rows_to_come,
   EXISTS (SELECT 1 FROM jobs t WHERE t.server = ?3 AND t.target = jobs.target AND t.target IS NOT NULL
              AND t.state IN ('waiting', 'queued', 'running', 'held')
              AND (t.id > jobs.id OR t.payload_id = jobs.payload_id)) AS is_there
  FROM jobs WHERE id = ?1 AND server = ?2";

/// Whom it waits for is another question on another server; a held one stays held.
const WAIT_THERE: &str = concat!(
    "UPDATE jobs SET (waits_for, state) =
       (SELECT iif(jobs.state = 'held', NULL, older),
               CASE WHEN jobs.state = 'held' THEN 'held' WHEN older IS NULL THEN 'queued' ELSE 'waiting' END
          FROM (SELECT ",
    older_open!(),
    " AS older)) WHERE id = ?1 RETURNING server, class, rule, rank, state"
);
