//! When windows open and close on the time line, clock changes included.

use crate::{domain::Moment, schedule::Window};
use chrono::{DateTime, Days, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone};
use chrono_tz::Tz;
use std::{iter, time::Duration};

/// Several windows in one zone; none means always.
///
/// A window is open while the clock on the wall of the zone shows a time inside it. So where summer time begins, a
/// window inside the hour that is left out does not open that day, and where it ends, an hour that comes twice counts
/// both times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windows {
    pub windows: Vec<Window>,
    pub time_zone: Tz,
}

/// A window opens every week; one that falls into a gap opens a week later. One more day for the zone's offset.
const HORIZON_DAYS: u64 = 16;
/// What is open for longer counts as always open.
const LONGEST_OPEN: Duration = Duration::from_secs(8 * 24 * 3600);

impl Windows {
    /// Whether jobs may start now.
    #[must_use]
    pub fn is_open(&self, moment: Moment) -> bool {
        self.windows.is_empty() || self.local(moment).is_some_and(|local| self.holds(local.naive_local()))
    }

    /// The first moment from this one on that is open; this one itself when it is.
    #[must_use]
    pub fn next_open(&self, moment: Moment) -> Option<Moment> {
        if self.is_open(moment) { Some(moment) } else { self.next_change(moment) }
    }

    /// When it opens, being shut, or shuts, being open; `None` when it never does.
    #[must_use]
    pub fn next_change(&self, moment: Moment) -> Option<Moment> {
        if self.windows.is_empty() {
            return None;
        }
        let now = self.local(moment)?;
        let is_open = self.holds(now.naive_local());
        self.possible_changes(&now)
            .into_iter()
            .filter(|change| *change > now)
            .filter(|change| self.holds(change.naive_local()) != is_open)
            .min()
            .map(|change| Moment(change.timestamp_millis()))
    }

    /// Since when it is open, being open; `None` when it always was, or is shut.
    #[must_use]
    pub fn open_since(&self, moment: Moment) -> Option<Moment> {
        if self.windows.is_empty() || !self.is_open(moment) {
            return None;
        }
        let changes =
            iter::successors(Some(moment.minus(LONGEST_OPEN)), |at| self.next_change(*at).filter(|at| *at <= moment));
        changes.skip(1).last()
    }

    /// Every moment near `now` at which any window can open or shut: both ends of each on each day, and each change of
    /// the zone's offset, where the clock on the wall jumps.
    fn possible_changes(&self, now: &DateTime<Tz>) -> Vec<DateTime<Tz>> {
        let yesterday = now.date_naive() - TimeDelta::days(1);
        let days = || (0..=HORIZON_DAYS).filter_map(|day| yesterday.checked_add_days(Days::new(day)));
        let ends = days().flat_map(|day| {
            let minutes = self.windows.iter().flat_map(|window| [window.begin, window.end]);
            minutes.map(move |minute| day.and_time(NaiveTime::MIN) + TimeDelta::minutes(minute.into()))
        });
        let jumps = days().filter_map(|day| self.jump_within(day.and_time(NaiveTime::MIN)));
        ends.flat_map(|local| self.moments_of(local)).chain(jumps).collect()
    }

    /// When the clock shows `local`: never, once (said twice), or twice.
    fn moments_of(&self, local: NaiveDateTime) -> impl Iterator<Item = DateTime<Tz>> {
        let found = self.time_zone.from_local_datetime(&local);
        found.earliest().into_iter().chain(found.latest())
    }

    /// Where the zone's offset changes in the 24 hours from `start` (UTC), to the second.
    fn jump_within(&self, start: NaiveDateTime) -> Option<DateTime<Tz>> {
        let offset = |at: NaiveDateTime| self.time_zone.offset_from_utc_datetime(&at).fix();
        let before = offset(start);
        let (mut same, mut other) = (0, 24 * 3600);
        if offset(start + TimeDelta::seconds(other)) == before {
            return None;
        }
        while other - same > 1 {
            let middle = i64::midpoint(same, other);
            if offset(start + TimeDelta::seconds(middle)) == before {
                same = middle;
            } else {
                other = middle;
            }
        }
        Some(self.time_zone.from_utc_datetime(&(start + TimeDelta::seconds(other))))
    }

    fn holds(&self, local: NaiveDateTime) -> bool {
        self.windows.iter().any(|window| window.holds(local))
    }

    fn local(&self, moment: Moment) -> Option<DateTime<Tz>> {
        Some(DateTime::from_timestamp_millis(moment.0)?.with_timezone(&self.time_zone))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Europe::Berlin;
    use proptest::prelude::*;

    fn windows(texts: &[&str]) -> Windows {
        windows_in(Berlin, texts)
    }

    fn windows_in(time_zone: Tz, texts: &[&str]) -> Windows {
        Windows { windows: texts.iter().map(|text| Window::parse(text).unwrap()).collect(), time_zone }
    }

    fn at(text: &str) -> Moment {
        Moment(DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis())
    }

    #[test]
    fn a_window_is_open_from_its_first_minute_to_before_its_last() {
        // 2026-11-23 is a Monday.
        for (window, moment, is_open) in [
            ("Mon-Fri 22:00-06:00", "2026-11-23T21:59:59+01:00", false),
            ("Mon-Fri 22:00-06:00", "2026-11-23T22:00:00+01:00", true),
            ("Mon-Fri 22:00-06:00", "2026-11-24T05:59:59+01:00", true),
            ("Mon-Fri 22:00-06:00", "2026-11-24T06:00:00+01:00", false),
            // The night from Friday to Saturday belongs to Friday, the one from Sunday to Monday to Sunday.
            ("Mon-Fri 22:00-06:00", "2026-11-28T03:00:00+01:00", true),
            ("Mon-Fri 22:00-06:00", "2026-11-23T03:00:00+01:00", false),
            ("Sun 22:00-06:00", "2026-11-23T03:00:00+01:00", true),
            ("Sat-Sun 00:00-24:00", "2026-11-27T23:59:59+01:00", false),
            ("Sat-Sun 00:00-24:00", "2026-11-28T00:00:00+01:00", true),
            ("Sat-Sun 00:00-24:00", "2026-11-29T23:59:59+01:00", true),
            ("Sat-Sun 00:00-24:00", "2026-11-30T00:00:00+01:00", false),
            ("Fri-Mon 08:00-12:00", "2026-11-23T09:00:00+01:00", true),
            ("Fri-Mon 08:00-12:00", "2026-11-24T09:00:00+01:00", false),
            ("Mon,Wed 08:00-12:00", "2026-11-25T09:00:00+01:00", true),
            ("Mon,Wed 08:00-12:00", "2026-11-24T09:00:00+01:00", false),
        ] {
            assert_eq!(windows(&[window]).is_open(at(moment)), is_open, "{window} at {moment}");
        }
    }

    #[test]
    fn it_says_when_it_opens_and_when_it_shuts() {
        for (texts, moment, open, change) in [
            (&["Mon-Fri 22:00-06:00"][..], "2026-11-23T12:00:00+01:00", "2026-11-23T22:00:00+01:00", None),
            (&["Mon-Fri 22:00-06:00"], "2026-11-28T06:00:00+01:00", "2026-11-30T22:00:00+01:00", None),
            (
                &["Mon-Fri 22:00-06:00"],
                "2026-11-23T23:00:00+01:00",
                "2026-11-23T23:00:00+01:00",
                Some("2026-11-24T06:00:00+01:00"),
            ),
            // Windows that touch are one.
            (
                &["Sat-Sun 00:00-24:00"],
                "2026-11-28T12:00:00+01:00",
                "2026-11-28T12:00:00+01:00",
                Some("2026-11-30T00:00:00+01:00"),
            ),
            (
                &["08:00-10:00", "09:00-12:00"],
                "2026-11-28T08:30:00+01:00",
                "2026-11-28T08:30:00+01:00",
                Some("2026-11-28T12:00:00+01:00"),
            ),
        ] {
            let windows = windows(texts);
            assert_eq!(windows.next_open(at(moment)), Some(at(open)), "{texts:?} {moment}");
            assert_eq!(windows.next_change(at(moment)), Some(at(change.unwrap_or(open))), "{texts:?} {moment}");
        }
    }

    #[test]
    fn no_windows_are_always_open_and_a_full_week_never_shuts() {
        for (windows, moment) in [(windows(&[]), Moment(5)), (windows(&["00:00-24:00"]), Moment(5))] {
            assert!(windows.is_open(moment));
            assert_eq!(windows.next_open(moment), Some(moment));
            assert_eq!(windows.next_change(moment), None);
        }
    }

    /// Berlin, 2026-03-29: 02:00 +01:00 is 03:00 +02:00.
    #[test]
    fn a_window_in_the_hour_that_is_left_out_waits_for_the_next_day() {
        for (window, from, open, shut) in [
            ("02:15-02:45", "2026-03-29T01:00:00+01:00", "2026-03-30T02:15:00+02:00", "2026-03-30T02:45:00+02:00"),
            ("Sun 02:15-02:45", "2026-03-29T01:00:00+01:00", "2026-04-05T02:15:00+02:00", "2026-04-05T02:45:00+02:00"),
            // Beginning or ending inside it, a window begins or ends where the clock jumps.
            ("02:30-04:00", "2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-29T04:00:00+02:00"),
            ("01:30-02:30", "2026-03-29T01:00:00+01:00", "2026-03-29T01:30:00+01:00", "2026-03-29T03:00:00+02:00"),
        ] {
            let windows = windows(&[window]);
            assert_eq!(windows.next_open(at(from)), Some(at(open)), "{window}");
            assert_eq!(windows.next_change(at(open)), Some(at(shut)), "{window}");
        }
    }

    /// Berlin, 2026-10-25: 03:00 +02:00 is 02:00 +01:00, and 02:30 comes twice.
    #[test]
    fn an_hour_that_comes_twice_counts_both_times() {
        for (window, changes) in [
            (
                "02:15-02:45",
                &[
                    "2026-10-25T02:15:00+02:00",
                    "2026-10-25T02:45:00+02:00",
                    "2026-10-25T02:15:00+01:00",
                    "2026-10-25T02:45:00+01:00",
                    "2026-10-26T02:15:00+01:00",
                ][..],
            ),
            (
                "01:00-02:30",
                &[
                    "2026-10-25T01:00:00+02:00",
                    "2026-10-25T02:30:00+02:00",
                    "2026-10-25T02:00:00+01:00",
                    "2026-10-25T02:30:00+01:00",
                ],
            ),
            (
                "02:30-04:00",
                &[
                    "2026-10-25T02:30:00+02:00",
                    "2026-10-25T02:00:00+01:00",
                    "2026-10-25T02:30:00+01:00",
                    "2026-10-25T04:00:00+01:00",
                ],
            ),
            ("01:00-05:00", &["2026-10-25T01:00:00+02:00", "2026-10-25T05:00:00+01:00"]),
        ] {
            let windows = windows(&[window]);
            let mut moment = at("2026-10-25T00:30:00+02:00");
            for change in changes {
                moment = windows.next_change(moment).unwrap();
                assert_eq!(moment, at(change), "{window}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        /// The plain way to the same answer: look at every minute.
        #[test]
        fn the_next_change_is_what_looking_at_every_minute_finds(
            day in 0i64..800,
            minute in 0i64..1440,
            begin in 0u16..1440,
            length in 1u16..1440,
            days: [bool; 7],
            zone in prop::sample::select(vec![
                Berlin, Tz::America__New_York, Tz::Australia__Lord_Howe, Tz::Asia__Kathmandu, Tz::Africa__Casablanca, Tz::UTC,
            ]),
        ) {
            let end = (begin + length) % 1440;
            let windows = Windows { windows: vec![Window { days, begin, end: if end == 0 { 1440 } else { end } }], time_zone: zone };
            let from = 1_767_222_000_000 + (day * 1440 + minute) * 60_000;
            let is_open = windows.is_open(Moment(from));
            let found = (1..=15 * 1440)
                .map(|minutes| Moment(from + minutes * 60_000))
                .find(|moment| windows.is_open(*moment) != is_open);
            prop_assert_eq!(windows.next_change(Moment(from + 1)), found);
        }
    }
}
