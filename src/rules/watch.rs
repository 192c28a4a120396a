//! A watched folder, and which files it takes by what one look shows of them. Pure.

use crate::{rules::FileFilter, templates::DoneFile};
use std::{path::PathBuf, time::Duration};

/// `when: watch:`
#[derive(Debug, Clone)]
pub struct Watch {
    /// Absolute.
    pub folder: PathBuf,
    pub filter: FileFilter,
    pub recursive: bool,
    pub settled_for: Duration,
    /// Settled only when the file of this name is beside it.
    pub done_file: Option<DoneFile>,
    pub empty_files: EmptyFiles,
    pub existing: Existing,
    pub method: WatchMethod,
    pub rescan: Duration,
    pub symlinks: Symlinks,
    pub hard_links: HardLinks,
}

impl Watch {
    /// Whether a file of this path below the folder is met at all. What else it must be is not looked at.
    #[must_use]
    pub fn reaches(&self, path: &[u8]) -> bool {
        (self.recursive || !path.contains(&b'/')) && self.filter.wants(path)
    }

    /// What the size says.
    #[must_use]
    pub fn has_wanted_size(&self, size_bytes: u64) -> bool {
        if size_bytes == 0 && self.empty_files != EmptyFiles::Take {
            return self.empty_files == EmptyFiles::Refuse; // refused on record, by the planner
        }
        self.filter.min_size.is_none_or(|least| size_bytes >= least)
            && self.filter.max_size.is_none_or(|most| size_bytes <= most)
    }

    /// Whether somebody may have linked a file that is not theirs into the folder. Owners are user ids.
    #[must_use]
    pub fn is_foreign_link(&self, links: u64, owner: u32, folder_owner: u32) -> bool {
        self.hard_links == HardLinks::Refuse && links > 1 && owner != folder_owner
    }

    /// The path of the done file beside `path`; `None` when no name can be made of it, or none is asked for.
    #[must_use]
    pub fn done_file_of(&self, path: &[u8]) -> Option<Vec<u8>> {
        let name = self.done_file.as_ref()?.beside(path).ok()?;
        let folder = path.iter().rposition(|byte| *byte == b'/').map_or(&b""[..], |slash| &path[..=slash]);
        Some([folder, &name].concat())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmptyFiles {
    Skip,
    Take,
    Refuse,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    Take,
    Skip,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatchMethod {
    Auto,
    Events,
    Poll,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symlinks {
    Skip,
    Follow,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HardLinks {
    Refuse,
    Take,
}
