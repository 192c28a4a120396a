//! Reading files whose inode or ctime alone has changed: same bytes, same file.

use crate::{
    domain::{Sha256, Sighting},
    streams::{beneath::Symlinks, whole},
};
use tokio::task::{JoinError, JoinHandle, spawn_blocking};
use tokio_util::sync::CancellationToken;

/// A file with the hash that its bytes have if it is the one we know.
pub(super) type Doubt = (Sighting, Sha256);

/// What reading showed.
#[derive(Debug)]
pub(super) enum Compared {
    Same(Doubt),
    /// Other bytes: a new version.
    Different(Sighting),
    /// It changed or left while it was read, or cannot be read now: look again.
    Unclear(Sighting),
}

/// A comparison under way.
#[derive(Debug)]
pub(super) struct Comparing {
    task: JoinHandle<(Vec<Compared>, Vec<Doubt>)>,
    /// What it was handed: who asked about these is answered also when it breaks off.
    files: Vec<Sighting>,
}

impl Comparing {
    /// Starts `compare` on a thread for such work.
    pub fn begin(
        doubts: Vec<Doubt>,
        compare: impl FnOnce(Vec<Doubt>) -> (Vec<Compared>, Vec<Doubt>) + Send + 'static,
    ) -> Self {
        let files = doubts.iter().map(|(sighting, _)| sighting.clone()).collect();
        Self { task: spawn_blocking(|| compare(doubts)), files }
    }

    /// What it showed, and what it left. To be awaited again when it was cancelled.
    ///
    /// # Errors
    /// When it broke off: then none of its files was compared, and [`Comparing::unclear`] names them.
    pub async fn ended(&mut self) -> Result<(Vec<Compared>, Vec<Doubt>), JoinError> {
        (&mut self.task).await
    }

    /// All of its files, to be looked at again.
    pub fn unclear(&mut self) -> Vec<Compared> {
        std::mem::take(&mut self.files).into_iter().map(Compared::Unclear).collect()
    }
}

/// Bytes read before the results so far are handed over.
const ENOUGH: u64 = 64 << 20;

/// Reads from the front of `doubts` until enough was read, and takes off what it read. Blocks.
pub(super) fn compare(
    symlinks: Symlinks,
    doubts: Vec<Doubt>,
    cancel: &CancellationToken,
) -> (Vec<Compared>, Vec<Doubt>) {
    let mut compared = Vec::new();
    let mut doubts = doubts.into_iter();
    let mut read = 0;
    for (sighting, sha256) in doubts.by_ref() {
        read += sighting.identity.size_bytes;
        compared.push(match whole::hash(&sighting, symlinks, || cancel.is_cancelled()) {
            Some(found) if found == sha256 => Compared::Same((sighting, sha256)),
            Some(_) => Compared::Different(sighting),
            None => Compared::Unclear(sighting),
        });
        if read >= ENOUGH || cancel.is_cancelled() {
            break;
        }
    }
    (compared, doubts.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Identity;

    #[tokio::test]
    async fn files_of_a_comparison_that_broke_off_are_looked_at_again() {
        let sighting = Sighting {
            folder: b"/in".to_vec(),
            path: b"a".to_vec(),
            identity: Identity { size_bytes: 1, mtime_ns: 2, inode: 3, ctime_ns: 4 },
        };
        let mut comparing = Comparing::begin(vec![(sighting.clone(), Sha256([7; 32]))], |_| panic!("a fault of ours"));
        assert!(comparing.ended().await.is_err());
        assert!(matches!(&comparing.unclear()[..], [Compared::Unclear(again)] if *again == sighting));
    }
}
