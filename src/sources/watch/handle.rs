//! What the rest of the program holds of a running watch.

use crate::{
    rules::Watching,
    sources::watch::{ScanReport, Status},
};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

/// A running watch. Dropping it leaves the watch running until it is cancelled.
#[derive(Debug, Clone)]
pub struct Handle {
    pub(super) rule: Watching,
    pub(super) cancel: CancellationToken,
    pub(super) wishes: mpsc::Sender<Wish>,
    pub(super) status: watch::Receiver<Status>,
}

#[derive(Debug)]
pub(super) enum Wish {
    Scan(oneshot::Sender<ScanReport>),
    Settled(oneshot::Sender<()>),
}

/// The watch has ended, because it was cancelled or its rule was taken away.
#[derive(Debug, thiserror::Error)]
#[error("the watch has ended")]
pub struct Ended;

impl Handle {
    /// Whose folder it watches.
    #[must_use]
    pub fn rule(&self) -> &Watching {
        &self.rule
    }

    /// It has ended and nobody asked it to: a fault of ours, and nothing of its folder is seen any more.
    #[must_use]
    pub fn has_broken_off(&self) -> bool {
        self.wishes.is_closed() && !self.cancel.is_cancelled()
    }

    /// How it is just now.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// For waiting on a state.
    #[must_use]
    pub fn states(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Scans the whole folder. When it returns, everything that was there and settled when it was called is committed.
    ///
    /// # Errors
    /// When the watch has ended.
    pub async fn scan_now(&self) -> Result<ScanReport, Ended> {
        self.ask(Wish::Scan).await
    }

    /// Returns when nothing is left that settles, is being compared or waits for room. (What waits for its age or its
    /// done file does not count.)
    ///
    /// # Errors
    /// When the watch has ended.
    pub async fn settled_everything(&self) -> Result<(), Ended> {
        self.ask(Wish::Settled).await
    }

    /// Returns when the watch has ended and has let go of the database.
    pub async fn ended(&self) {
        self.wishes.closed().await;
    }

    async fn ask<T>(&self, wish: impl FnOnce(oneshot::Sender<T>) -> Wish) -> Result<T, Ended> {
        let (reply, answer) = oneshot::channel();
        self.wishes.send(wish(reply)).await.map_err(|_| Ended)?;
        answer.await.map_err(|_| Ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> Watching {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("packetboat.yaml");
        let server = "servers: { a: { ftp: { host: h, user: u, password: { env: P } } } }\nstorage: data\n";
        std::fs::write(&file, server).unwrap();
        std::fs::create_dir(folder.path().join("rules")).unwrap();
        let rule = "when: { watch: { folder: /in } }\nthen: [{ upload: { to: a } }]\n";
        std::fs::write(folder.path().join("rules/dumps.yaml"), rule).unwrap();
        let checked = crate::rules::check_with(&file, &|_| Some("p".into()));
        let (_, rules) = checked.loaded.unwrap_or_else(|| panic!("{:?}", checked.findings));
        let rule = std::sync::Arc::new(rules.rules.into_iter().next().unwrap());
        Watching::of(rule).unwrap()
    }

    #[test]
    fn a_watch_that_ended_unasked_has_broken_off() {
        let (wishes, inbox) = mpsc::channel(1);
        let (_said, status) = watch::channel(Status::default());
        let cancel = CancellationToken::new();
        let handle = Handle { rule: rule(), cancel: cancel.clone(), wishes, status };
        assert!(!handle.has_broken_off());
        drop(inbox);
        assert!(handle.has_broken_off());
        cancel.cancel();
        assert!(!handle.has_broken_off(), "it was asked to");
    }
}
