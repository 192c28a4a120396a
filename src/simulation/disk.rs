//! The disk below the store: statements are waited for on the spot, and take a seeded while.

use crate::simulation::{World, note};
use std::{
    convert::Infallible,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};
use tokio::{
    sync::Notify,
    task::{JoinError, spawn_blocking},
};

/// How the disk is, and at which commit the process dies.
#[derive(Debug)]
pub struct Disk {
    pub moods: fastrand::Rng,
    /// The longest that a commit takes, or a reader until it has its answer.
    pub slowest_ms: u64,
    /// Commits to come until the process dies, and on which side of the last one.
    pub death: Option<(u64, Death)>,
    /// Told when it does.
    pub died: Arc<Notify>,
}

/// What a hook at a kill point unwinds with: the process dies there, in the midst of what it does to files.
#[derive(Debug, Clone, Copy)]
pub struct Cut;

/// On which side of a commit a process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Death {
    Before,
    /// It is on disk, and nobody was told.
    After,
}

impl Disk {
    fn takes(&mut self) -> Duration {
        let is_quick = self.moods.u8(..4) > 0;
        Duration::from_millis(if is_quick { 0 } else { self.moods.u64(..=self.slowest_ms) })
    }

    fn fate(&mut self) -> Option<Death> {
        let (left, death) = self.death.as_mut()?;
        *left = left.saturating_sub(1);
        (*left == 0).then_some(*death)
    }
}

/// Polls `work` to its end while this thread waits.
pub fn at_once<F: Future>(work: F) -> F::Output {
    let waker = Waker::from(Arc::new(Bell(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut work = pin!(work);
    loop {
        if let Poll::Ready(done) = work.as_mut().poll(&mut context) {
            return done;
        }
        thread::park();
    }
}

struct Bell(Thread);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The commit itself, in a simulation at once; the time that it takes lies before and after it, and so may the end of the process.
pub async fn commit<F: Future>(commit: F) -> F::Output {
    let Some((before, after, fate)) = World::with(|World { disk, .. }| (disk.takes(), disk.takes(), disk.fate()))
    else {
        return commit.await;
    };
    pass(before).await;
    if fate == Some(Death::Before) {
        die("before a commit").await;
    }
    let done = at_once(commit);
    if fate == Some(Death::After) {
        die("after a commit").await;
    }
    pass(after).await;
    done
}

/// What was read is old by a seeded while when the reader has it.
pub async fn read() {
    if let Some(while_ago) = World::with(|World { disk, .. }| disk.takes()) {
        pass(while_ago).await;
    }
}

/// What blocks: by a thread that may wait for ever; in a simulated world, whose one thread is its clock, at once, with the time that
/// it takes before and after it.
///
/// # Errors
/// It panicked, or the process is ending.
pub async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, JoinError> {
    let Some((before, after)) = World::with(|World { disk, .. }| (disk.takes(), disk.takes())) else {
        return spawn_blocking(work).await;
    };
    pass(before).await;
    let done = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => done,
        Err(cut) if cut.is::<Cut>() => die("amid files").await,
        Err(panic) => resume_unwind(panic),
    };
    pass(after).await;
    Ok(done)
}

/// Nothing goes on from here; whoever runs the world drops the process.
async fn die(place: &str) -> ! {
    note(format!("the process dies {place}"));
    World::with(|World { disk, .. }| {
        disk.death = None;
        disk.died.notify_one();
    });
    match std::future::pending::<Infallible>().await {}
}

async fn pass(span: Duration) {
    if span.is_zero() {
        tokio::task::yield_now().await;
    } else {
        tokio::time::sleep(span).await;
    }
}
