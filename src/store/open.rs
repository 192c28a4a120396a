//! Opening the database: for writing under the lock, or for reading beside whoever holds it.

use crate::store::{Lock, QueueKey, StoreError, migrations::migrator, writer::Writer};
use sqlx::{
    ConnectOptions, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{
    fs::DirBuilder,
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::sync::{Mutex, mpsc};

/// The database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    /// Where it lies, unless it is in memory.
    storage: Option<PathBuf>,
    writer: Option<Writer>,
    readers: SqlitePool,
    /// Reads instead of those in a simulated world.
    #[cfg(feature = "simulation")]
    quiet: super::quiet::Quiet,
    touched: Arc<Mutex<mpsc::UnboundedReceiver<QueueKey>>>,
    /// Of who writes.
    opened: Option<Arc<Opened>>,
}

#[derive(Debug)]
struct Opened {
    file: OpenFile,
    _lock: Lock,
}

/// Which file was opened, to tell whether its path still leads to it.
#[derive(Debug)]
struct OpenFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl OpenFile {
    fn at(path: &Path) -> io::Result<Self> {
        let found = std::fs::metadata(path)?;
        Ok(Self { path: path.to_owned(), device: found.dev(), inode: found.ino() })
    }

    /// Somebody removed or replaced it. SQLite would not notice, and go on writing to what nobody can open again.
    fn is_gone(&self) -> bool {
        match std::fs::metadata(&self.path) {
            Ok(found) => (found.dev(), found.ino()) != (self.device, self.inode),
            Err(error) => matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory),
        }
    }
}

impl Store {
    /// Opens for writing: makes what is missing, takes the lock, migrates.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another process serves this storage; [`StoreError::Open`] otherwise.
    pub async fn open(storage: &Path) -> Result<Self, StoreError> {
        let path = database(storage);
        let refused = |why: String| StoreError::Open { path: path.clone(), why };
        DirBuilder::new().recursive(true).mode(0o700).create(storage).map_err(|why| refused(why.to_string()))?;
        let lock = Lock::take(storage)?;
        let mut db = options(&path).create_if_missing(true).connect().await.map_err(|why| refused(why.to_string()))?;
        migrator().run(&mut db).await.map_err(|why| refused(why.to_string()))?;
        let (publish, touched) = mpsc::unbounded_channel();
        let writer = Writer::start(db, publish);
        let readers = readers(&path).await.map_err(|why| refused(why.to_string()))?;
        let file = OpenFile::at(&path).map_err(|why| refused(why.to_string()))?;
        let opened = Some(Arc::new(Opened { file, _lock: lock }));
        Ok(Self {
            storage: Some(storage.to_owned()),
            writer: Some(writer),
            readers,
            #[cfg(feature = "simulation")]
            quiet: super::quiet::open(reading(&path)).await.map_err(|why| refused(why.to_string()))?,
            touched: Arc::new(Mutex::new(touched)),
            opened,
        })
    }

    /// Opens for reading beside whoever writes.
    ///
    /// # Errors
    /// [`StoreError::Open`] when there is no database yet or it cannot be read.
    pub async fn open_for_reading(storage: &Path) -> Result<Self, StoreError> {
        let path = database(storage);
        let readers =
            readers(&path).await.map_err(|why| StoreError::Open { path: path.clone(), why: why.to_string() })?;
        Ok(Self::without_writer(Some(storage), readers))
    }

    /// A database with nothing in it, in memory, for asking before there is one.
    ///
    /// # Errors
    /// [`StoreError::Open`] when SQLite has no memory for it.
    pub async fn open_empty() -> Result<Self, StoreError> {
        let refused = |why: String| StoreError::Open { path: ":memory:".into(), why };
        let lasting = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
        let readers =
            lasting.connect_with(SqliteConnectOptions::new()).await.map_err(|why| refused(why.to_string()))?;
        migrator().run(&readers).await.map_err(|why| refused(why.to_string()))?;
        Ok(Self::without_writer(None, readers))
    }

    /// Whether it stands in for a database that is not there yet.
    #[must_use]
    pub fn is_stand_in(&self) -> bool {
        self.storage.is_none()
    }

    fn without_writer(storage: Option<&Path>, readers: SqlitePool) -> Self {
        let (_, touched) = mpsc::unbounded_channel();
        Self {
            storage: storage.map(Path::to_owned),
            writer: None,
            readers,
            #[cfg(feature = "simulation")]
            quiet: None,
            touched: Arc::new(Mutex::new(touched)),
            opened: None,
        }
    }

    /// The next queue that a commit gave something to do; `None` once the writer has ended. For one listener.
    pub async fn touched(&self) -> Option<QueueKey> {
        self.touched.lock().await.recv().await
    }

    /// Ends the writer and the readers, and waits until the files are closed. No other clone may be in use.
    pub async fn close(&self) {
        self.readers.close().await;
        if let Some(writer) = &self.writer {
            writer.close().await;
        }
    }

    /// Whether a process, this one or another, has the database open for writing.
    pub(super) fn is_served(&self) -> bool {
        self.storage.as_deref().is_some_and(Lock::is_held)
    }

    #[cfg(not(feature = "simulation"))]
    pub(super) fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    #[cfg(feature = "simulation")]
    pub(super) fn readers(&self) -> super::quiet::Readers<'_> {
        super::quiet::Readers::new(&self.readers, &self.quiet)
    }

    pub(super) async fn write<W: super::writer::Write>(&self, write: W) -> Result<W::Answer, StoreError> {
        if let Some(opened) = self.opened.as_ref().filter(|opened| opened.file.is_gone()) {
            return Err(StoreError::Gone(opened.file.path.clone()));
        }
        match &self.writer {
            Some(writer) => writer.write(write).await,
            None => Err(StoreError::Closed),
        }
    }
}

/// The database of a storage.
#[must_use]
pub fn database(storage: &Path) -> PathBuf {
    storage.join("packetboat.db")
}

/// Small page caches and no mmap: memory counts, and the hot pages are few. What undoes one statement of a batch is small, and a file
/// for it would cost more than the statement. The rows of a whole batch have room on their way, so
/// that SQLite's thread need not wait for ours in the middle of a statement.
fn options(path: &PathBuf) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .pragma("cache_size", "-4096")
        .pragma("temp_store", "memory")
        .pragma("journal_size_limit", "16777216")
        .row_buffer_size(256)
}

fn reading(path: &PathBuf) -> SqliteConnectOptions {
    options(path).read_only(true).pragma("cache_size", "-1024")
}

async fn readers(path: &PathBuf) -> Result<SqlitePool, sqlx::Error> {
    SqlitePoolOptions::new().max_connections(2).connect_with(reading(path)).await
}
