//! What rules write on this machine is no arrival: their folders are taken out of every watch that is rooted above them.

use super::{Rule, Source, whereabouts::Atlas};
use std::{os::unix::ffi::OsStrExt, path::PathBuf, sync::Arc};

/// Takes the folders that any of `rules` writes to out of what they watch. A watch of such a folder itself is meant: so rules make a
/// chain.
pub(super) fn leave_out(rules: &mut [Rule], atlas: &Atlas) {
    let mut folders: Vec<PathBuf> =
        rules.iter().flat_map(Rule::folders_of_ours).map(|spot| spot.root.clone()).collect();
    folders.sort();
    folders.dedup();
    for rule in rules {
        let Source::Watch(watch) = &mut rule.when else { continue };
        let watch = Arc::make_mut(watch);
        let below = folders.iter().filter_map(|folder| atlas.way(&watch.folder, folder));
        watch.filter.ours =
            below.map(|folder| folder.as_os_str().as_bytes().to_vec()).filter(|folder| !folder.is_empty()).collect();
    }
}
