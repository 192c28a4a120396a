//! Crontab moments (POSIX `crontab`, Vixie's crontab(5)), on the clock on the wall of a zone.

mod field;
mod text;

#[cfg(test)]
mod beside_croner;
#[cfg(test)]
mod tests;

use crate::domain::Moment;
use chrono::{DateTime, NaiveDateTime, TimeDelta, TimeZone};
use chrono_tz::{GapInfo, Tz};
use cron::Schedule;
use std::{fmt, iter, time::Duration};

/// A moment that comes again and again: `0 7 * * 1` is every Monday at 07:00.
///
/// **Days.** Where both the day and the weekday are given, either is enough: `0 7 13 * 5` is every 13th and every
/// Friday. As Vixie has it, a field that begins with `*` does not count as given, a step or none: `0 7 */2 * 1` is
/// every Monday on an odd day.
///
/// **Clock changes**, as Vixie has them. A moment of fixed hours and minutes comes once each time it is due: left out
/// by the clock, it comes at the first moment after the gap (several in one gap come as one); shown twice, it comes the
/// first time. One whose minute or hour begins with `*` comes whenever the clock shows it, so that `*/10 * * * *` goes
/// on every ten minutes of real time, and `*/10 2 * * *` has no moment on a day without a 02:00 and twice as many on a
/// day with two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crontab {
    /// As it was written.
    text: String,
    /// Any of them will do. Asked for readings of a clock that never changes, not for moments of a zone, for which the
    /// crate has other rules than crontab.
    calendars: Vec<Schedule>,
    repeats: Repeats,
}

/// What a clock change does to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repeats {
    /// Fixed hours and minutes: once, whatever the clock does.
    Once,
    /// A minute or hour that begins with `*`: as often as the clock shows it.
    AsShown,
}

/// The first second of the year 2101: the calendars end before.
const END_SECONDS: i64 = 4_133_980_800;

impl Crontab {
    /// The first moment after `moment`, which itself does not count. Whether one passed while nobody looked: the answer
    /// for the last one seen is not after now.
    ///
    /// `None` after the year 2100, where the calendar ends. It begins in 1970.
    #[must_use]
    pub fn next_after(&self, moment: Moment, time_zone: Tz) -> Option<Moment> {
        let seconds = moment.0.div_euclid(1000).clamp(-1, END_SECONDS);
        let now = DateTime::from_timestamp(seconds, 0)?.with_timezone(&time_zone);
        let next = match self.repeats {
            Repeats::Once => self.next_due(&now),
            Repeats::AsShown => self.next_shown(&now),
        };
        next.map(|next| Moment(next.timestamp_millis()))
    }

    /// The last moment after `since` and not after `until`: what was missed is one.
    #[must_use]
    pub fn last_between(&self, time_zone: Tz, (since, until): (Moment, Moment)) -> Option<Moment> {
        // from nearby first: a year of minutes is not counted through
        let nearby = [3600, 86_400, 32 * 86_400].map(|seconds| until.minus(Duration::from_secs(seconds)).max(since));
        let next = |from: &Moment| self.next_after(*from, time_zone).filter(|next| *next <= until);
        let last = |from| iter::successors(next(&from), next).last();
        nearby.into_iter().chain([since]).find_map(last)
    }

    /// Whether it has fixed hours and minutes, and so comes once whatever the clock does.
    #[must_use]
    pub fn comes_once(&self) -> bool {
        self.repeats == Repeats::Once
    }

    /// The first reading that was not due by `now`. Readings are due in their order, so none before that of `now` can be.
    fn next_due(&self, now: &DateTime<Tz>) -> Option<DateTime<Tz>> {
        self.readings_after(now.naive_local()).filter_map(|reading| due(reading, now.timezone())).find(|due| due > now)
    }

    /// The next time that the clock shows a reading: one ahead or, while what it shows will come again, one that was.
    fn next_shown(&self, now: &DateTime<Tz>) -> Option<DateTime<Tz>> {
        let local = now.naive_local();
        let shown = |reading: NaiveDateTime| {
            let found = now.timezone().from_local_datetime(&reading);
            found.earliest().into_iter().chain(found.latest()).find(|shown| shown > now)
        };
        let first = |from| self.readings_after(from).find_map(shown);
        first(local).into_iter().chain(first(local - coming_again(now))).min()
    }

    fn readings_after(&self, reading: NaiveDateTime) -> impl Iterator<Item = NaiveDateTime> {
        let next = |reading: &NaiveDateTime| {
            let next = self.calendars.iter().filter_map(|calendar| calendar.after(&reading.and_utc()).next()).min();
            next.map(|next| next.naive_utc())
        };
        iter::successors(next(&reading), next)
    }
}

/// When what is planned for `reading` is due: the first time the clock shows it or, left out, as soon as it has jumped.
fn due(reading: NaiveDateTime, time_zone: Tz) -> Option<DateTime<Tz>> {
    let shown = time_zone.from_local_datetime(&reading).earliest();
    shown.or_else(|| GapInfo::new(&reading, &time_zone)?.end)
}

/// How long what the clock shows now was shown before it is shown again; zero where it is not.
fn coming_again(now: &DateTime<Tz>) -> TimeDelta {
    let latest = now.timezone().from_local_datetime(&now.naive_local()).latest();
    latest.map_or(TimeDelta::zero(), |latest| latest - now)
}

impl fmt::Display for Crontab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
