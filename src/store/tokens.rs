//! The tokens of the HTTP door: made, listed, revoked, and found by the hash of what their bearer shows.

use crate::{
    domain::{Moment, Scope, Sha256},
    store::{
        Store, StoreError,
        read::json,
        writer::{Tx, Write},
    },
};
use serde::Serialize;
use sqlx::{Row, sqlite::SqliteRow};

/// A token to be.
#[derive(Debug, Clone)]
pub struct NewToken {
    pub name: String,
    pub sha256: Sha256,
    pub scopes: Vec<Scope>,
    pub made_at: Moment,
    /// `None`: never.
    pub expires_at: Option<Moment>,
}

/// A token as it is on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenLine {
    pub name: String,
    pub scopes: Vec<Scope>,
    #[serde(serialize_with = "json::moment")]
    pub made_at: Moment,
    #[serde(serialize_with = "json::moment_or_null")]
    pub expires_at: Option<Moment>,
    #[serde(serialize_with = "json::moment_or_null")]
    pub revoked_at: Option<Moment>,
}

impl Store {
    /// Keeps a token; whether its name was free. The same token again is there once.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn add_token(&self, token: NewToken) -> Result<bool, StoreError> {
        self.write(AddToken(token)).await
    }

    /// Ends the token of this name; whether there is one, or was.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn revoke_token(&self, name: String, now: Moment) -> Result<bool, StoreError> {
        self.write(RevokeToken { name, now }).await
    }

    /// All, those that were revoked among them, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn tokens(&self) -> Result<Vec<TokenLine>, StoreError> {
        let rows = sqlx::query("SELECT * FROM tokens ORDER BY id").fetch_all(self.readers()).await?;
        Ok(rows.iter().map(line).collect())
    }

    /// The one of this hash, with its row's number.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn token(&self, sha256: Sha256) -> Result<Option<(i64, TokenLine)>, StoreError> {
        let row = sqlx::query(BY_HASH).bind(&sha256.0[..]).fetch_optional(self.readers()).await?;
        Ok(row.map(|row| (row.get("id"), line(&row))))
    }
}

struct AddToken(NewToken);

impl Write for AddToken {
    type Answer = bool;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<bool, sqlx::Error> {
        let NewToken { name, sha256, scopes, made_at, expires_at } = &self.0;
        let scopes: Vec<&str> = scopes.iter().map(|scope| scope.word()).collect();
        let add = "INSERT INTO tokens (name, sha256, scopes, made_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
        sqlx::query(add)
            .bind(name)
            .bind(&sha256.0[..])
            .bind(scopes.join(","))
            .bind(made_at.0)
            .bind(expires_at.map(|moment| moment.0))
            .execute(&mut *tx.db)
            .await?;
        Ok(sqlx::query(BY_HASH).bind(&sha256.0[..]).fetch_optional(&mut *tx.db).await?.is_some())
    }
}

struct RevokeToken {
    name: String,
    now: Moment,
}

impl Write for RevokeToken {
    type Answer = bool;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<bool, sqlx::Error> {
        let revoke = "UPDATE tokens SET revoked_at = ?2 WHERE name = ?1 AND revoked_at IS NULL";
        sqlx::query(revoke).bind(&self.name).bind(self.now.0).execute(&mut *tx.db).await?;
        let found = sqlx::query("SELECT 1 FROM tokens WHERE name = ?1").bind(&self.name).fetch_optional(&mut *tx.db);
        Ok(found.await?.is_some())
    }
}

fn line(row: &SqliteRow) -> TokenLine {
    let moment = |column: &str| row.get::<Option<i64>, _>(column).map(Moment);
    TokenLine {
        name: row.get("name"),
        scopes: row.get::<String, _>("scopes").split(',').filter_map(Scope::from_word).collect(),
        made_at: Moment(row.get("made_at")),
        expires_at: moment("expires_at"),
        revoked_at: moment("revoked_at"),
    }
}

pub(super) const BY_HASH: &str = "SELECT * FROM tokens WHERE sha256 = ?1";
