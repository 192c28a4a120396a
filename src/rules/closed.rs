//! A deadline that can pass while no window is open: legal, but hardly meant.

use crate::{
    config::{Problem, Sheet, read::span_words, yaml::Node},
    domain::Moment,
    schedule::Windows,
};
use std::time::Duration;

/// Monday 2026-01-05 00:00 UTC: any week without a change of summer time.
const SOME_WEEK: Moment = Moment(1_767_571_200_000);

/// Warns when a job can arrive and fail between two windows.
pub fn warn_of_deadline(sheet: &Sheet, node: Option<&Node>, windows: &Windows, deadline: Duration) {
    let (Some(node), Some(closed)) = (node, longest_closed(windows)) else { return };
    if deadline <= closed {
        let deadline = span_words(deadline);
        let message = format!("the deadline of {deadline} fits between two windows, {} apart", span_words(closed));
        sheet.report(Problem::warning(&node.at, message).hint("make the deadline longer, or add a window"));
    }
}

/// The longest time within a week in which no window is open; `None` when one always is.
fn longest_closed(windows: &Windows) -> Option<Duration> {
    let week = Duration::from_secs(7 * 24 * 3600);
    let mut at = windows.next_open(SOME_WEEK)?;
    let end = at.plus(week);
    let mut longest = None;
    while at < end {
        let shut = windows.next_change(at)?;
        at = windows.next_open(shut)?;
        longest = longest.max(Some(at.since(shut)));
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Window;

    #[test]
    fn the_longest_gap_of_a_week_is_found() {
        let hours = |hours: u64| Some(Duration::from_secs(hours * 3600));
        for (texts, closed) in [
            (&["01:00-05:00"][..], hours(20)),
            (&["Mon-Fri 22:00-06:00"], hours(64)),
            (&["Mon-Fri 22:00-06:00", "Sat-Sun 00:00-24:00"], hours(22)),
            (&["Wed 10:00-11:00"], hours(167)),
            (&["Mon-Sun 00:00-24:00"], None),
            (&[], None),
        ] {
            let windows = texts.iter().map(|text| Window::parse(text).unwrap()).collect();
            let windows = Windows { windows, time_zone: chrono_tz::Europe::Berlin };
            assert_eq!(longest_closed(&windows), closed, "{texts:?}");
        }
    }
}
