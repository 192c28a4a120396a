//! Who obeys: the process that holds the lock, asked through its socket, or, when the lock is free, we ourselves.

use crate::{
    clock::Clock,
    control::{Answer, Command, Known, Operator, SocketError, socket},
    store::{self, LockError, Store, StoreError},
};
use std::{path::Path, time::Duration};

/// Why nobody obeyed.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// Also when somebody holds the lock who does not listen.
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Socket(#[from] SocketError),
}

/// How long a holder of the lock may be silent: it is starting or stopping, or is a verb like ours.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(50);

/// Has `command` obeyed, by whoever may write in `storage`.
///
/// # Errors
/// When the database is in use by somebody who does not listen, or cannot be opened.
pub async fn act(storage: &Path, known: Known, command: &Command) -> Result<Answer, ActError> {
    act_within(PATIENCE, storage, known, command).await
}

pub(super) async fn act_within(
    patience: Duration,
    storage: &Path,
    known: Known,
    command: &Command,
) -> Result<Answer, ActError> {
    must_exist(storage)?;
    let deadline = tokio::time::Instant::now() + patience;
    loop {
        let held = match Store::open(storage).await {
            Ok(store) => return Ok(obey_here(store, known, command).await?),
            Err(StoreError::Locked(held @ LockError::Held(_))) => held,
            Err(error) => return Err(error.into()),
        };
        match socket::ask(storage, command).await {
            Err(SocketError::Silent(_)) if tokio::time::Instant::now() < deadline => tokio::time::sleep(PAUSE).await,
            Err(SocketError::Silent(_)) => return Err(StoreError::from(held).into()),
            answered => return Ok(answered?),
        }
    }
}

/// Under our own lock, which proves any former holder dead: what it was doing is handed back first.
async fn obey_here(store: Store, known: Known, command: &Command) -> Result<Answer, StoreError> {
    let clock = Clock::System;
    store.release_dead(clock.now()).await?;
    Ok(Operator::new(store, clock, known).obey(command.clone()).await)
}

/// The database for reading, beside whoever writes; one with nothing in it where nothing has run yet.
///
/// # Errors
/// When it cannot be read.
pub async fn read(storage: &Path) -> Result<Store, StoreError> {
    if is_there(storage)? { Store::open_for_reading(storage).await } else { Store::open_empty().await }
}

/// An empty database would help nobody who wants something done.
fn must_exist(storage: &Path) -> Result<(), StoreError> {
    if is_there(storage)? {
        return Ok(());
    }
    let why = "it is not there yet; `packetboat run` or `packetboat once` makes it".to_owned();
    Err(StoreError::Open { path: store::database(storage), why })
}

fn is_there(storage: &Path) -> Result<bool, StoreError> {
    let path = store::database(storage);
    path.try_exists().map_err(|why| StoreError::Open { path, why: why.to_string() })
}
