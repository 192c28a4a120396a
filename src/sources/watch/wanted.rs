//! Whether a file is old enough to be wanted, by its stamps and by what we have seen. Pure.

use crate::{
    domain::{Identity, Moment},
    rules::Watch,
};
use std::time::Duration;

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
