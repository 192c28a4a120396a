//! The one task that writes. A batch is whatever queued up during the last commit: one flush for many requests.
//!
//! A request that SQLite refuses takes its batch down; the batch is then made again one by one, so that each request
//! alone decides its own fate. That spares every healthy request a savepoint.

use crate::store::{QueueKey, StoreError};
use sqlx::{Connection, SqliteConnection};
use std::{collections::BTreeSet, future::Future, pin::Pin};
use tokio::sync::{mpsc, oneshot};

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
}

const BATCH: usize = 256;

impl Writer {
    /// Starts the task; it ends when the last `Writer` is dropped and its requests are done.
    pub(super) fn start(
        db: SqliteConnection,
        touched: mpsc::UnboundedSender<QueueKey>,
    ) -> (Self, tokio::task::JoinHandle<()>) {
        let (inbox, requests) = mpsc::channel(4 * BATCH);
        (Self { inbox }, tokio::spawn(serve(db, requests, touched)))
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
) {
    let mut batch = Vec::with_capacity(BATCH);
    while requests.recv_many(&mut batch, BATCH).await > 0 {
        let mut touched = BTreeSet::new();
        if commit(&mut db, &mut batch, &mut touched).await.is_ok() {
            batch.drain(..).for_each(|request| request.reply(Ok(())));
        } else {
            touched.clear();
            for request in batch.drain(..) {
                let mut alone = [request];
                let committed = commit(&mut db, &mut alone, &mut touched).await;
                let [request] = alone;
                request.reply(committed.map_err(StoreError::Refused));
            }
        }
        for queue in touched {
            let _ = publish.send(queue); // no worker listens in a one-shot verb
        }
    }
    let _ = db.close().await;
}

async fn commit(
    db: &mut SqliteConnection,
    batch: &mut [Box<dyn Request>],
    touched: &mut BTreeSet<QueueKey>,
) -> Result<(), sqlx::Error> {
    let mut transaction = db.begin_with("BEGIN IMMEDIATE").await?;
    for request in batch {
        request.apply(Tx { db: &mut transaction, touched }).await?;
    }
    transaction.commit().await
}
