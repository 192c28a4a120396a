//! Temporary names that we left on a server: remembered until they are removed.

use crate::{
    domain::{Moment, RemotePath},
    store::{
        Store, StoreError,
        writer::{Tx, Write},
    },
};
use sqlx::Row;

impl Store {
    /// What we left on `server`, oldest first, at most `limit`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn litter(&self, server: &str, limit: u32) -> Result<Vec<RemotePath>, StoreError> {
        let rows = sqlx::query("SELECT path FROM litter WHERE server = ?1 ORDER BY since LIMIT ?2")
            .bind(server)
            .bind(limit)
            .fetch_all(self.readers())
            .await?;
        Ok(rows.iter().filter_map(|row| RemotePath::new(row.get::<Vec<u8>, _>("path")).ok()).collect())
    }

    /// Forgets `path`: it is gone. May be called twice.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn litter_removed(&self, server: &str, path: &RemotePath) -> Result<(), StoreError> {
        self.write(Removed { server: server.to_owned(), path: path.clone() }).await
    }
}

struct Removed {
    server: String,
    path: RemotePath,
}

impl Write for Removed {
    type Answer = ();

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<(), sqlx::Error> {
        sqlx::query("DELETE FROM litter WHERE server = ?1 AND path = ?2")
            .bind(&self.server)
            .bind(self.path.as_bytes())
            .execute(&mut *tx.db)
            .await?;
        Ok(())
    }
}

/// Remembers `path` in an open transaction.
pub(super) async fn remember(tx: &mut Tx<'_>, server: &str, path: &RemotePath, now: Moment) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT OR IGNORE INTO litter (server, path, since) VALUES (?1, ?2, ?3)")
        .bind(server)
        .bind(path.as_bytes())
        .bind(now.0)
        .execute(&mut *tx.db)
        .await?;
    Ok(())
}

/// Where the temporary file of a job lies: `.pb-` + 16 hex digits + `.part` in the target's folder.
pub(super) fn temporary_path(target: Option<Vec<u8>>, token: Vec<u8>) -> Option<Vec<u8>> {
    let target = RemotePath::new(target?).ok()?;
    let path = target.beside(temporary_name(&token).as_bytes()).ok()?;
    Some(path.as_bytes().to_vec())
}

/// The name alone.
pub(super) fn temporary_name(token: &[u8]) -> String {
    let hex: String = token.iter().map(|byte| format!("{byte:02x}")).collect();
    format!(".pb-{hex}.part")
}
