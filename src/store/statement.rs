//! A request of one statement, which answers nothing.

use crate::store::writer::{Tx, Write};
use sqlx::{Arguments as _, Encode, Sqlite, Type, sqlite::SqliteArguments};

/// The statement and its values, or why one of them cannot be bound.
pub(super) struct Statement {
    sql: &'static str,
    values: Result<SqliteArguments, String>,
}

impl Statement {
    pub(super) fn of(sql: &'static str) -> Self {
        Self { sql, values: Ok(SqliteArguments::default()) }
    }

    /// The next of `?1`, `?2`, ….
    pub(super) fn bind<'t>(self, value: impl Encode<'t, Sqlite> + Type<Sqlite>) -> Self {
        let add = |mut values: SqliteArguments| match values.add(value) {
            Ok(()) => Ok(values),
            Err(why) => Err(why.to_string()),
        };
        Self { values: self.values.and_then(add), ..self }
    }
}

impl Write for Statement {
    type Answer = ();

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<(), sqlx::Error> {
        let values = self.values.clone().map_err(|why| sqlx::Error::Encode(why.into()))?;
        sqlx::query_with(self.sql, values).execute(&mut *tx.db).await?;
        Ok(())
    }
}
