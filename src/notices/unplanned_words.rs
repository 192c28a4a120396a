//! What a notice says of jobs that failed before any server was asked: their rule, or what it names, is to be corrected.

use super::words::{Aside, clock, line, more, plural, shown};
use crate::domain::{Incident, Original};
use std::fmt::Write as _;

/// It has no end that could be told: what failed stays so, whatever the rule delivers beside it.
pub(super) fn unplanned(incident: &Incident, aside: Aside<'_>) -> (String, String) {
    let (rule, jobs) = (shown(&incident.subject), plural(incident.jobs, "job"));
    let since = clock(incident.opened_at, aside.time_zone);
    let mut text = format!(
        "{jobs} of rule {rule} failed since {since}, before any server was asked: nothing was sent. Nothing tries them again \
         by itself.\n\nWhy: {} ({})\n",
        shown(&incident.said),
        incident.kind,
    );
    let original = |place: usize| aside.originals.get(place).unwrap_or(&Original::File);
    for (place, example) in incident.examples.iter().enumerate() {
        text.push_str(&line(example));
        if let Original::Taken(said) = original(place) {
            let _ = writeln!(text, "    its file was {}", shown(said));
        }
    }
    text.push_str(&more(&incident.examples, incident.jobs));
    // of files that lie where they lay, and others that do not, it is true of either
    let (again, anew) = match original(0) {
        whole @ (Original::Tick | Original::Message) => whole.again(),
        Original::File | Original::Taken(_) => Original::File.again(),
    };
    let _ = write!(
        text,
        "\nCorrect the rule, which is read at the next start, or what it names. Then {again}: {anew}.\nWhat failed stays on record as \
         failed until: packetboat cancel ID\nAll of it: packetboat jobs --rule {rule} --state failed\nOne of them, with what \
         helps it: packetboat job ID\n"
    );
    (format!("{jobs} failed for good, and no server was asked"), text)
}
