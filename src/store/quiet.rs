//! Reading in a simulated world: by one connection whose answers the thread waits for, so that they come in one order.

use crate::simulation;
use futures_util::{
    StreamExt as _,
    stream::{self, Stream},
};
use sqlx::{
    ConnectOptions, Either, Execute, Executor, SqlStr, Sqlite, SqliteConnection, SqlitePool,
    pool::PoolConnection,
    sqlite::{SqliteConnectOptions, SqliteQueryResult, SqliteRow, SqliteStatement, SqliteTypeInfo},
};
use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// `None` outside of a simulation: the pool reads.
pub(super) type Quiet = Option<Arc<Mutex<SqliteConnection>>>;

pub(super) async fn open(options: SqliteConnectOptions) -> Result<Quiet, sqlx::Error> {
    if !simulation::is_on() {
        return Ok(None);
    }
    Ok(Some(Arc::new(Mutex::new(options.connect().await?))))
}

/// Where a query goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Readers<'p> {
    pool: &'p SqlitePool,
    quiet: Option<&'p Mutex<SqliteConnection>>,
}

impl<'p> Readers<'p> {
    pub(super) fn new(pool: &'p SqlitePool, quiet: &'p Quiet) -> Self {
        Self { pool, quiet: quiet.as_deref() }
    }

    /// For several queries one after the other.
    ///
    /// # Errors
    /// When there is none to be had.
    pub(super) async fn acquire(self) -> Result<PoolConnection<Sqlite>, sqlx::Error> {
        self.pool.acquire().await
    }
}

type Answer = Result<Either<SqliteQueryResult, SqliteRow>, sqlx::Error>;
type Later<'e, T> = Pin<Box<dyn Future<Output = Result<T, sqlx::Error>> + Send + 'e>>;

impl<'p> Executor<'p> for Readers<'p> {
    type Database = Sqlite;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> Pin<Box<dyn Stream<Item = Answer> + Send + 'e>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        let Some(quiet) = self.quiet else { return self.pool.fetch_many(query) };
        let answers: Vec<Answer> = simulation::at_once(lock(quiet).fetch_many(query).collect());
        let answered = async move {
            simulation::read().await;
            stream::iter(answers)
        };
        Box::pin(stream::once(answered).flatten())
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> Later<'e, Option<SqliteRow>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        let Some(quiet) = self.quiet else { return self.pool.fetch_optional(query) };
        let row = simulation::at_once(lock(quiet).fetch_optional(query));
        Box::pin(async move {
            simulation::read().await;
            row
        })
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [SqliteTypeInfo]) -> Later<'e, SqliteStatement>
    where
        'p: 'e,
    {
        self.pool.prepare_with(sql, parameters)
    }
}

fn lock(quiet: &Mutex<SqliteConnection>) -> MutexGuard<'_, SqliteConnection> {
    quiet.lock().unwrap_or_else(PoisonError::into_inner)
}
