//! A file of rows comes in part by part, each in a transaction of its own. Until the last one the file is not seen, so that whoever is
//! killed in between meets it again; and what is committed of it stands here, so that it goes on from there and takes no row in twice.

use crate::{
    domain::{ArrivalDraft, JobDraft, Moment, Ref, Sha256},
    store::{
        Store, StoreError, arrive,
        new_jobs::{NewJob, State, insert_jobs},
        settle::promote,
        writer::{Tx, Write},
    },
};
use sqlx::{Row, sqlite::SqliteRow};

/// How far a file has been taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expansion {
    pub arrival: Ref,
    pub arrived_at: Moment,
    /// Of the version that was begun.
    pub sha256: Sha256,
    /// Rows that are committed.
    pub rows: u64,
}

/// The next rows of a file.
#[derive(Debug, Clone)]
pub struct ArrivePart {
    pub node: String,
    /// Of this part; the same arrival in each.
    pub draft: ArrivalDraft,
    /// Stands for the rows that are still to come.
    pub rest: JobDraft,
    pub sha256: Sha256,
    /// Rows before and behind this part.
    pub rows: (u64, u64),
    pub is_last: bool,
}

impl Store {
    /// How far this file was taken in before somebody was killed; `None` when it was not begun, or is whole.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn expansion(&self, place: i64, path: &[u8]) -> Result<Option<Expansion>, StoreError> {
        let row = sqlx::query(EXPANSION).bind(place).bind(path).fetch_optional(self.readers()).await?;
        let read = |row: SqliteRow| -> Result<Expansion, sqlx::Error> {
            Ok(Expansion {
                arrival: Ref(crate::store::error::bytes("arrival", row.get("ref"))?),
                arrived_at: row.get("arrived_at"),
                sha256: Sha256(crate::store::error::bytes("hash", row.get("sha256"))?),
                rows: row.get::<i64, _>("rows").cast_unsigned(),
            })
        };
        Ok(row.map(read).transpose()?)
    }

    /// Commits a part. When it returns it survives a power cut. May be repeated only if it was refused.
    ///
    /// # Errors
    /// When the database refuses; then nothing of the part is there.
    pub async fn arrive_part(&self, part: ArrivePart) -> Result<(), StoreError> {
        self.write(part).await
    }

    /// What was begun of this file is not gone on with: the rest fails, on record, and says why.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn give_up_expansion(
        &self,
        place: i64,
        path: Vec<u8>,
        (why, now): (String, Moment),
    ) -> Result<(), StoreError> {
        self.write(GiveUp { place, path, why, now }).await
    }
}

pub(super) const EXPANSION: &str = "
SELECT e.arrival_id, e.job_id, e.sha256, e.rows, a.ref, a.arrived_at
  FROM expansions e JOIN arrivals a ON a.id = e.arrival_id WHERE e.place_id = ?1 AND e.path = ?2";

struct GiveUp {
    place: i64,
    path: Vec<u8>,
    why: String,
    now: Moment,
}

impl Write for GiveUp {
    type Answer = ();

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<(), sqlx::Error> {
        give_up(tx, self.place, &self.path, (&self.why, self.now)).await
    }
}

impl Write for ArrivePart {
    type Answer = ();

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<(), sqlx::Error> {
        let Self { draft, rows: (before, behind), .. } = self;
        let (place, path) = (draft.place, &draft.sighting.path);
        let begun = sqlx::query(EXPANSION).bind(place).bind(path).fetch_optional(&mut *tx.db).await?;
        let begun = begun.filter(|row| self.goes_on(row));
        let (arrival, payload) = match &begun {
            Some(row) => (row.get("arrival_id"), None),
            None if *before > 0 => return Err(sqlx::Error::RowNotFound), // another has been here
            None => {
                give_up(tx, place, path, (CHANGED, draft.arrived_at)).await?;
                arrive::begin(tx, &self.node, draft).await?
            }
        };
        arrive::insert_part(tx, (&self.node, draft), (arrival, payload)).await?;
        match (begun, self.is_last) {
            (begun, true) => self.end(tx, arrival, begun.map(|row| row.get("job_id"))).await,
            (Some(_), false) => {
                let progress = sqlx::query("UPDATE expansions SET rows = ?3 WHERE place_id = ?1 AND path = ?2");
                let rows = behind.cast_signed();
                progress.bind(place).bind(path).bind(rows).execute(&mut *tx.db).await?;
                Ok(())
            }
            (None, false) => self.remember(tx, arrival).await,
        }
    }
}

impl ArrivePart {
    /// Whether what is on record is this file, as far as the part before this one.
    fn goes_on(&self, row: &SqliteRow) -> bool {
        let (sha256, rows): (&[u8], i64) = (row.get("sha256"), row.get("rows"));
        sha256 == self.sha256.0 && rows.cast_unsigned() == self.rows.0 && row.get::<&[u8], _>("ref") == self.draft.id.0
    }

    /// More is to come: the file is known as a version that no file is, so that it is missed if it goes, and new as long as it is there.
    async fn remember(&self, tx: &mut Tx<'_>, arrival: i64) -> Result<(), sqlx::Error> {
        let Self { draft, .. } = self;
        sqlx::query(SEEN_AS_NONE).bind(draft.place).bind(&draft.sighting.path).execute(&mut *tx.db).await?;
        let job = self.insert_rest(tx, arrival, State::Waiting("more of its rows are to come")).await?;
        sqlx::query(
            "INSERT INTO expansions (place_id, path, sha256, arrival_id, job_id, rows) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )
        .bind(draft.place)
        .bind(&draft.sighting.path)
        .bind(&self.sha256.0[..])
        .bind(arrival)
        .bind(job)
        .bind(self.rows.1.cast_signed())
        .execute(&mut *tx.db)
        .await?;
        Ok(())
    }

    /// The last part is in: the file is seen. Where it became no job at all, one says that there was nothing to do.
    async fn end(&self, tx: &mut Tx<'_>, arrival: i64, rest: Option<i64>) -> Result<(), sqlx::Error> {
        let Self { draft, .. } = self;
        arrive::insert_seen(tx, std::slice::from_ref(draft)).await?;
        if self.sha256 != Sha256([0; 32]) {
            // whose attributes alone change is not mailed again
            sqlx::query("UPDATE seen SET sha256 = ?3 WHERE place_id = ?1 AND path = ?2")
                .bind(draft.place)
                .bind(&draft.sighting.path)
                .bind(&self.sha256.0[..])
                .execute(&mut *tx.db)
                .await?;
        }
        sqlx::query("DELETE FROM expansions WHERE place_id = ?1 AND path = ?2")
            .bind(draft.place)
            .bind(&draft.sighting.path)
            .execute(&mut *tx.db)
            .await?;
        let rest = match rest {
            Some(rest) => {
                let ended = "UPDATE jobs SET state = 'delivered', said = ?2, ended_at = ?3, waits_for = NULL
                              WHERE id = ?1 AND state = 'waiting'";
                let ended = sqlx::query(ended).bind(rest).bind(NOTHING).bind(draft.arrived_at.0);
                ended.execute(&mut *tx.db).await?;
                rest
            }
            None => self.insert_rest(tx, arrival, State::Delivered(NOTHING)).await?,
        };
        promote(tx, vec![rest]).await?;
        sqlx::query(
            "DELETE FROM jobs WHERE id = ?1 AND state = 'delivered'
                AND EXISTS (SELECT 1 FROM jobs o WHERE o.arrival_id = ?2 AND o.id <> ?1)",
        )
        .bind(rest)
        .bind(arrival)
        .execute(&mut *tx.db)
        .await?;
        Ok(())
    }

    async fn insert_rest(&self, tx: &mut Tx<'_>, arrival: i64, state: State) -> Result<i64, sqlx::Error> {
        let new = NewJob::of_arrival((&self.node, &self.draft), &self.rest, (arrival, None), &[]);
        let job = NewJob { state, ..new };
        insert_jobs(tx, &[job]).await?;
        let row = sqlx::query("SELECT max(id) FROM jobs").fetch_one(&mut *tx.db).await?;
        Ok(row.get(0))
    }
}

const NOTHING: &str = "there was nothing to mail";

const SEEN_AS_NONE: &str = "
INSERT INTO seen (place_id, path, size_bytes, mtime_ns, inode, ctime_ns) VALUES (?1, ?2, -1, 0, 0, 0)
ON CONFLICT (place_id, path) DO UPDATE SET size_bytes = -1, mtime_ns = 0, inode = 0, ctime_ns = 0, sha256 = NULL, gone_at = NULL";

/// These files are gone: what was begun of them will not be ended.
pub(super) async fn give_up_gone(
    tx: &mut Tx<'_>,
    place: i64,
    paths: &[Vec<u8>],
    now: Moment,
) -> Result<(), sqlx::Error> {
    let begun =
        sqlx::query("SELECT path FROM expansions WHERE place_id = ?1").bind(place).fetch_all(&mut *tx.db).await?;
    for path in begun.iter().map(|row| row.get::<Vec<u8>, _>("path")).filter(|path| paths.contains(path)) {
        give_up(tx, place, &path, (CHANGED, now)).await?;
    }
    Ok(())
}

/// These files are taken in whole: what was begun of them as rows will not be ended.
pub(super) async fn give_up_taken(tx: &mut Tx<'_>, arrivals: &[ArrivalDraft]) -> Result<(), sqlx::Error> {
    let begun = sqlx::query("SELECT place_id, path FROM expansions").fetch_all(&mut *tx.db).await?;
    for row in begun {
        let (place, path): (i64, Vec<u8>) = (row.get("place_id"), row.get("path"));
        if let Some(draft) = arrivals.iter().find(|draft| draft.place == place && draft.sighting.path == path) {
            give_up(tx, place, &path, (OTHERWISE, draft.arrived_at)).await?;
        }
    }
    Ok(())
}

const OTHERWISE: &str = "its rule has changed and takes the file otherwise";
const CHANGED: &str = "the file changed or went before they were taken in";

async fn give_up(tx: &mut Tx<'_>, place: i64, path: &[u8], (why, now): (&str, Moment)) -> Result<(), sqlx::Error> {
    let given_up = sqlx::query(GIVE_UP).bind(place).bind(path).bind(now.0).bind(why).fetch_all(&mut *tx.db).await?;
    let delete = sqlx::query("DELETE FROM expansions WHERE place_id = ?1 AND path = ?2").bind(place).bind(path);
    delete.execute(&mut *tx.db).await?;
    promote(tx, given_up.iter().map(|row| row.get("id")).collect()).await
}

const GIVE_UP: &str = "
UPDATE jobs SET state = 'failed', reason = 'source_changed', ended_at = ?3, waits_for = NULL, told = 0,
                said = 'its rows from ' || (e.rows + 1) || ' on were not mailed: ' || ?4
  FROM expansions e WHERE e.place_id = ?1 AND e.path = ?2 AND jobs.id = e.job_id AND jobs.state <> 'failed'
RETURNING id";
