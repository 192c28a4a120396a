//! What a folder stands on: only a scan of the same ground can say that something is gone from it.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The folder on its file system, and the mount points found inside.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Ground {
    /// Equal as long as the same folder of the same file system is there, also over an unmount or a restart. `None` when
    /// the files known were not all last met on one ground.
    pub root: Option<String>,
    /// Folders below it where other file systems are or were mounted. What lies there is never called gone: the mount may come back.
    pub mounts: BTreeSet<Vec<u8>>,
}

impl Ground {
    /// Whether `path` lies on the root's own file system as far as we ever knew.
    pub(super) fn bears(&self, path: &[u8]) -> bool {
        let folders = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(slash, _)| &path[..slash]);
        !folders.into_iter().any(|folder| self.mounts.contains(folder))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_on_a_mount_inside_is_not_borne() {
        let ground = Ground { root: None, mounts: [b"a/nas".to_vec()].into() };
        for (path, borne) in
            [("a/nas/x", false), ("a/nas/b/x", false), ("a/nas", true), ("a/nasty/x", true), ("x", true)]
        {
            assert_eq!(ground.bears(path.as_bytes()), borne, "{path}");
        }
    }
}
