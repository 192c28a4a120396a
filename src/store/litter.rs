//! Temporary names that we left on a server: remembered until they are removed.

use crate::{
    domain::{HERE, Moment, RemotePath, Wishes},
    store::{
        Store, StoreError,
        statement::Statement,
        writer::{Tx, Write},
    },
};
use serde_json::json;
use sqlx::{Row, sqlite::SqliteRow};
use tracing::warn;

/// A temporary name and what it was to become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Litter {
    pub temporary: RemotePath,
    pub target: RemotePath,
}

impl Store {
    /// What we left on `server`, what was tried longest ago first, at most `limit`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn litter(&self, server: &str, limit: u32) -> Result<Vec<Litter>, StoreError> {
        let rows = sqlx::query("SELECT path, target FROM litter WHERE server = ?1 ORDER BY since LIMIT ?2")
            .bind(server)
            .bind(limit)
            .fetch_all(self.readers())
            .await?;
        let path = |row: &SqliteRow, column| {
            RemotePath::new(row.get::<Vec<u8>, _>(column))
                .inspect_err(|why| warn!(server, column, %why, "litter on record has no path: it stays"))
                .ok()
        };
        let litter = |row| Some(Litter { temporary: path(row, "path")?, target: path(row, "target")? });
        Ok(rows.iter().filter_map(litter).collect())
    }

    /// Forgets `path`: it is gone. May be called twice.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn litter_removed(&self, server: &str, path: &RemotePath) -> Result<(), StoreError> {
        let removed = "DELETE FROM litter WHERE server = ?1 AND path = ?2";
        self.write(Statement::of(removed).bind(server).bind(path.as_bytes())).await
    }

    /// `paths` could not be removed: the others come first from now on. May be called twice.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn litter_stays(&self, server: &str, paths: Vec<RemotePath>, now: Moment) -> Result<(), StoreError> {
        self.write(Stays { server: server.to_owned(), paths, now }).await
    }
}

struct Stays {
    server: String,
    paths: Vec<RemotePath>,
    now: Moment,
}

impl Write for Stays {
    type Answer = ();

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<(), sqlx::Error> {
        for path in &self.paths {
            sqlx::query("UPDATE litter SET since = ?3 WHERE server = ?1 AND path = ?2")
                .bind(&self.server)
                .bind(path.as_bytes())
                .bind(self.now.0)
                .execute(&mut *tx.db)
                .await?;
        }
        Ok(())
    }
}

/// Remembers it in an open transaction. May be called twice.
pub(super) async fn remember(tx: &mut Tx<'_>, server: &str, litter: &Litter, now: Moment) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT OR IGNORE INTO litter (server, path, target, since) VALUES (?1, ?2, ?3, ?4)")
        .bind(server)
        .bind(litter.temporary.as_bytes())
        .bind(litter.target.as_bytes())
        .bind(now.0)
        .execute(&mut *tx.db)
        .await?;
    Ok(())
}

/// These jobs ended before they were delivered: what a cut try of theirs kept to go on from is litter now.
pub(super) async fn remember_parts(tx: &mut Tx<'_>, ended: &[i64], now: Moment) -> Result<(), sqlx::Error> {
    if ended.is_empty() {
        return Ok(());
    }
    let rows = sqlx::query(PARTS).bind(json!(ended).to_string()).fetch_all(&mut *tx.db).await?;
    for row in rows {
        let wishes: Option<Wishes> = serde_json::from_str(row.get("wishes")).ok();
        let size_bytes = row.get::<i64, _>("size_bytes").cast_unsigned();
        if wishes.is_some_and(|wishes| wishes.resume.is_for(size_bytes))
            && let Some(left) = of_job(row.get("target"), row.get("temp_token"))
        {
            remember(tx, row.get("server"), &left, now).await?;
        }
    }
    for row in sqlx::query(ASIDES).bind(json!(ended).to_string()).fetch_all(&mut *tx.db).await? {
        let source = [row.get::<&[u8], _>("folder"), b"/", row.get("name")].concat();
        let aside = aside_name(row.get("ref"));
        let source = RemotePath::new(source.strip_prefix(b"/").unwrap_or(&source));
        if let Ok(target) = source
            && let Ok(temporary) = target.beside(aside.as_bytes())
        {
            remember(tx, HERE, &Litter { temporary, target }, now).await?;
        }
    }
    Ok(())
}

/// A death amid its end may have left a source set aside.
const ASIDES: &str = "SELECT j.ref, a.folder, a.name FROM jobs j JOIN arrivals a ON a.id = j.arrival_id
 WHERE j.id IN (SELECT value FROM json_each(?1)) AND j.action = 'after'
   AND EXISTS (SELECT 1 FROM attempts t WHERE t.job_id = j.id AND t.outcome = 'returned' AND t.said IS NOT NULL)";

const PARTS: &str =
    "SELECT server, target, temp_token, wishes, size_bytes FROM jobs JOIN payloads ON payloads.id = payload_id
 WHERE jobs.id IN (SELECT value FROM json_each(?1)) AND action = 'upload' AND tries > 0";

/// What a job may have left: its temporary file lies in the target's folder.
pub(super) fn of_job(target: Option<Vec<u8>>, token: &[u8]) -> Option<Litter> {
    let target = RemotePath::new(target?).ok()?;
    let temporary = target.beside(temporary_name(token).as_bytes()).ok()?;
    Some(Litter { temporary, target })
}

/// `.pb-` + 16 hex digits + `.part`.
pub(super) fn temporary_name(token: &[u8]) -> String {
    format!(".pb-{}.part", hex(token))
}

/// `.pb-`, the job's id in hex, `.aside`: as [`crate::delivery`] names a source that is about to end.
fn aside_name(job: &[u8]) -> String {
    format!(".pb-{}.aside", hex(job))
}

/// Two digits a byte.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    digits.map(char::from).collect()
}
