//! The task of a folder of messages: looks when something was left there, and at least now and then.

use super::MailFolder;
use crate::{clock::Clock, intake::Post};
use notify::{RecursiveMode, Watcher};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{Notify, mpsc, oneshot, watch},
    time::sleep,
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// Events are hints: it is looked at least this often.
const LONGEST: Duration = Duration::from_secs(10);
/// After "later" the folder is left alone this long.
const PATIENCE: Duration = Duration::from_secs(5);

/// How the folder is just now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// Nothing is taken in, and why.
    pub later: Option<String>,
}

/// Looks whenever something was left, until it is cancelled. A look that has begun is ended: nothing is broken off in a commit.
pub(super) async fn keep<F: MailFolder>(
    folder: F,
    (post, clock): (Post, Clock),
    cancel: CancellationToken,
    (mut wishes, said): (mpsc::Receiver<oneshot::Sender<()>>, watch::Sender<Status>),
) {
    let folder = Arc::new(folder);
    let bell = Arc::new(Notify::new());
    let mut watcher = None;
    let mut asked: Vec<oneshot::Sender<()>> = Vec::new();
    while !cancel.is_cancelled() {
        let nap = match folder.clone().look(&post, &clock).await {
            Ok(unsettled) => {
                said.send_if_modified(|status| status.later.take().is_some());
                if unsettled.is_none() {
                    asked.drain(..).for_each(|reply| _ = reply.send(())); // who asked may have left
                }
                watcher = watcher.or_else(|| watch(&folder, bell.clone()));
                unsettled.unwrap_or(LONGEST)
            }
            Err(why) => {
                warn!(door = F::DOOR.word(), %why, "mail is taken in later");
                said.send_modify(|status| status.later = Some(why.to_string()));
                PATIENCE
            }
        };
        tokio::select! {
            biased;
            () = cancel.cancelled() => return,
            Some(reply) = wishes.recv() => asked.push(reply),
            () = bell.notified() => {}
            () = sleep(nap) => {}
        }
    }
}

/// Rings when something came. Without one the folder is looked at now and then.
fn watch<F: MailFolder>(folder: &Arc<F>, bell: Arc<Notify>) -> Option<notify::RecommendedWatcher> {
    let heard = folder.clone();
    let ring = move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| event.need_rescan() || heard.rings(&event)) {
            bell.notify_one();
        }
    };
    let watched = notify::recommended_watcher(ring).and_then(|mut watcher| {
        folder.heard().iter().try_for_each(|path| watcher.watch(path, RecursiveMode::NonRecursive))?;
        Ok(watcher)
    });
    let told = |why: &notify::Error| info!(door = F::DOOR.word(), %why, "looked at every {} s", LONGEST.as_secs());
    watched.inspect_err(told).ok()
}
