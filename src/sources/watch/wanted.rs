//! Which files a rule takes at all, by what one look shows of them. Pure.

use crate::{
    domain::{Identity, Moment},
    rules::{EmptyFiles, HardLinks, Watch},
    streams::beneath::Facts,
};
use std::time::Duration;

/// What the size says.
pub(super) fn has_wanted_size(watch: &Watch, identity: &Identity) -> bool {
    let size = identity.size_bytes;
    if size == 0 && watch.empty_files != EmptyFiles::Take {
        return watch.empty_files == EmptyFiles::Refuse; // refused on record, by the planner
    }
    watch.filter.min_size.is_none_or(|least| size >= least) && watch.filter.max_size.is_none_or(|most| size <= most)
}

/// Whether somebody may have linked a file that is not theirs into the folder.
pub(super) fn is_foreign_link(watch: &Watch, facts: &Facts, folder_owner: u32) -> bool {
    watch.hard_links == HardLinks::Refuse && facts.links > 1 && facts.owner != folder_owner
}

/// How long ago bytes and attributes last changed, by the stamps of the file system; `None` when a stamp is in the future,
/// and so the clocks are not to be believed.
pub(super) fn age(identity: &Identity, now: Moment) -> Option<Duration> {
    let changed_at = identity.mtime_ns.max(identity.ctime_ns).div_euclid(1_000_000);
    u64::try_from(now.0.saturating_sub(changed_at)).ok().map(Duration::from_millis)
}

/// How long until the file is `min_age` old: by its mtime, or by how long we have seen it unchanged, whichever is sooner
/// (a stamp in the future must not hold it for ever).
pub(super) fn too_young_for(
    watch: &Watch,
    identity: &Identity,
    unchanged_for: Duration,
    now: Moment,
) -> Option<Duration> {
    let least = watch.filter.min_age?;
    let modified_ago = now.since(Moment(identity.mtime_ns.div_euclid(1_000_000)));
    least.checked_sub(modified_ago.max(unchanged_for)).filter(|left| !left.is_zero())
}

/// The path of the done file beside `path`; `None` when no name can be made of it.
pub(super) fn done_file_of(watch: &Watch, path: &[u8]) -> Option<Vec<u8>> {
    let name = watch.done_file.as_ref()?.beside(path).ok()?;
    let folder = path.iter().rposition(|byte| *byte == b'/').map_or(&b""[..], |slash| &path[..=slash]);
    Some([folder, &name].concat())
}
