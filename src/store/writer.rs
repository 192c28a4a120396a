//! The one task that writes. A batch is whatever queued up during the last commit: one flush for many requests.
//!
//! A request that SQLite refuses takes its batch down; the batch is then made again one by one, so that each request
//! alone decides its own fate. That spares every healthy request a savepoint.

use crate::{
    simulation,
    store::{QueueKey, StoreError},
};
use sqlx::{Connection, SqliteConnection};
use std::{collections::BTreeSet, future::Future, pin::Pin};
use tokio::sync::{mpsc, oneshot};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::warn;

/// A request: all of it is committed or none. It may be applied more than once, on a database rolled back in between.
pub(super) trait Write: Send + Sync + 'static {
    type Answer: Send + 'static;
    fn apply(&self, tx: &mut Tx<'_>) -> impl Future<Output = Result<Self::Answer, sqlx::Error>> + Send;
}

/// The open transaction, and which queues of jobs it gave something to do.
pub(super) struct Tx<'a> {
    pub db: &'a mut SqliteConnection,
    pub touched: &'a mut BTreeSet<QueueKey>,
}

/// The writer's inbox.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    inbox: mpsc::Sender<Box<dyn Request>>,
    closing: CancellationToken,
    tasks: TaskTracker,
}

const BATCH: usize = 256;

impl Writer {
    /// Starts the task; it ends when the last `Writer` is dropped or one is closed, after the requests already made.
    pub(super) fn start(db: SqliteConnection, touched: mpsc::UnboundedSender<QueueKey>) -> Self {
        let (inbox, requests) = mpsc::channel(4 * BATCH);
        let writer = Self { inbox, closing: CancellationToken::new(), tasks: TaskTracker::new() };
        writer.tasks.spawn(serve(db, requests, touched, writer.closing.clone()));
        writer.tasks.close();
        writer
    }

    /// Takes no more requests; returns once the last one is on disk and the database is closed.
    pub(super) async fn close(&self) {
        self.closing.cancel();
        self.tasks.wait().await;
    }

    /// Answers once the request is on disk.
    pub(super) async fn write<W: Write>(&self, write: W) -> Result<W::Answer, StoreError> {
        let (reply, answer) = oneshot::channel();
        let request = Pending { write, answer: None, reply };
        self.inbox.send(Box::new(request)).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

type Applied<'a> = Pin<Box<dyn Future<Output = Result<(), sqlx::Error>> + Send + 'a>>;

/// A request with its type forgotten.
trait Request: Send {
    fn apply<'a>(&'a mut self, tx: Tx<'a>) -> Applied<'a>;
    fn reply(self: Box<Self>, committed: Result<(), StoreError>);
}

impl std::fmt::Debug for dyn Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Request")
    }
}

struct Pending<W: Write> {
    write: W,
    answer: Option<W::Answer>,
    reply: oneshot::Sender<Result<W::Answer, StoreError>>,
}

impl<W: Write> Request for Pending<W> {
    fn apply<'a>(&'a mut self, mut tx: Tx<'a>) -> Applied<'a> {
        Box::pin(async move {
            self.answer = Some(self.write.apply(&mut tx).await?);
            Ok(())
        })
    }

    fn reply(self: Box<Self>, committed: Result<(), StoreError>) {
        let Self { answer, reply, .. } = *self;
        let _ = reply.send(committed.and_then(|()| answer.ok_or(StoreError::Closed))); // nobody waits any more: the commit stands all the same
    }
}

async fn serve(
    mut db: SqliteConnection,
    mut requests: mpsc::Receiver<Box<dyn Request>>,
    publish: mpsc::UnboundedSender<QueueKey>,
    closing: CancellationToken,
) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let received = tokio::select! {
            biased;
            received = requests.recv_many(&mut batch, BATCH) => received,
            () = closing.cancelled(), if !requests.is_closed() => {
                requests.close(); // what is queued is still served
                continue;
            }
        };
        if received == 0 {
            break;
        }
        let mut touched = BTreeSet::new();
        if simulation::commit(commit(&mut db, &mut batch, &mut touched)).await.is_ok() {
            batch.drain(..).for_each(|request| request.reply(Ok(())));
        } else {
            touched.clear();
            for request in batch.drain(..) {
                let mut alone = [request];
                let committed = simulation::commit(commit(&mut db, &mut alone, &mut touched)).await;
                let [request] = alone;
                request.reply(committed.map_err(StoreError::Refused));
            }
        }
        for queue in touched {
            let _ = publish.send(queue); // no worker listens in a one-shot verb
        }
    }
    if let Err(why) = db.close().await {
        warn!(%why, "the database was not closed in good order; the next start puts its log in order");
    }
}

/// The transaction is SQLite's own affair and not SQLx's, which counts its depth: SQLite ends a transaction by itself when the
/// disk is full, and a count that still says "one" would refuse every later one, room or not.
async fn commit(
    db: &mut SqliteConnection,
    batch: &mut [Box<dyn Request>],
    touched: &mut BTreeSet<QueueKey>,
) -> Result<(), sqlx::Error> {
    let committed = apply(db, batch, touched).await;
    if committed.is_err() {
        let _ = sqlx::query("ROLLBACK").execute(db).await; // refused where SQLite has done it already
    }
    committed
}

async fn apply(
    db: &mut SqliteConnection,
    batch: &mut [Box<dyn Request>],
    touched: &mut BTreeSet<QueueKey>,
) -> Result<(), sqlx::Error> {
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *db).await?;
    for request in batch {
        request.apply(Tx { db: &mut *db, touched }).await?;
    }
    sqlx::query("COMMIT").execute(db).await?;
    Ok(())
}
