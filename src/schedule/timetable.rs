//! `when: schedule`: which moments tick, and what is made of those that passed unseen. Pure.

use crate::{
    domain::Moment,
    schedule::{Rhythm, expect::in_words},
};
use std::{fmt, time::Duration};

/// When a rule acts without a file.
///
/// `at` ticks as [`Crontab`](crate::schedule::Crontab) says. `every` ticks at whole multiples of its span since Monday 1970-01-05 00:00
/// UTC: `15m` at the quarters of each hour, `1d` at midnight UTC, `7d` on Mondays, whenever the rule was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timetable {
    pub rhythm: Rhythm,
    pub missed: Missed,
}

/// What becomes of ticks that passed while nobody looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missed {
    /// The last of them arrives, for all.
    Once,
    /// None arrives that is more than [`ON_TIME`] late.
    Skip,
}

/// What a look at the clock finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// No tick has passed.
    Nothing,
    /// One is to arrive; whatever passed before it is covered by it.
    Tick(Moment),
    /// Nothing arrives, and up to here all is covered.
    PassOver(Moment),
}

/// A tick is on time as long as this.
pub const ON_TIME: Duration = Duration::from_secs(60);

/// The clock was set, and did not drift.
const SET_BACK: Duration = Duration::from_secs(10);
/// As crontab has it: set back by less, the clock lets nothing come twice that comes at a fixed hour.
const CORRECTED: Duration = Duration::from_secs(3 * 3600);

/// Monday 1970-01-05 00:00 UTC, in milliseconds.
const MONDAY: i64 = 4 * 86_400_000;

impl Timetable {
    /// What has passed since `covered`, which is the last tick that arrived or was passed over, and is not after `now`.
    #[must_use]
    pub fn look(&self, covered: Moment, now: Moment) -> Look {
        if covered > now {
            return if covered.since(now) < self.patience() { Look::Nothing } else { Look::PassOver(now) };
        }
        match (self.last_between(covered, now), self.missed) {
            (None, _) => Look::Nothing,
            (Some(tick), Missed::Skip) if now.since(tick) > ON_TIME => Look::PassOver(tick),
            (Some(tick), _) => Look::Tick(tick),
        }
    }

    /// The next tick, which `moment` itself is not; `None` after the end of the calendar.
    #[must_use]
    pub fn next_after(&self, moment: Moment) -> Option<Moment> {
        match &self.rhythm {
            Rhythm::Every(span) => Some(last_multiple(*span, moment).plus(*span)),
            Rhythm::By(at, zone) => at.next_after(moment, *zone),
        }
    }

    /// How much later than the span between two ticks the second may be: clocks change.
    #[must_use]
    pub fn sway(&self) -> Duration {
        match &self.rhythm {
            Rhythm::Every(_) => Duration::ZERO,
            Rhythm::By(..) => Duration::from_secs(3600),
        }
    }

    /// The last tick after `since` and not after `until`.
    fn last_between(&self, since: Moment, until: Moment) -> Option<Moment> {
        match &self.rhythm {
            Rhythm::Every(span) => Some(last_multiple(*span, until)).filter(|tick| *tick > since),
            Rhythm::By(at, zone) => at.last_between(*zone, (since, until)),
        }
    }

    /// A clock that is set back by less is waited for.
    fn patience(&self) -> Duration {
        match &self.rhythm {
            Rhythm::By(at, _) if at.comes_once() => CORRECTED,
            Rhythm::By(..) => SET_BACK,
            Rhythm::Every(span) => (*span).clamp(SET_BACK, CORRECTED), // it waits for no more than one
        }
    }
}

/// Not after `moment`.
fn last_multiple(span: Duration, moment: Moment) -> Moment {
    let span = i64::try_from(span.as_millis()).unwrap_or(i64::MAX).max(1);
    let since_monday = moment.0.saturating_sub(MONDAY);
    Moment((since_monday - since_monday.rem_euclid(span)).saturating_add(MONDAY))
}

/// As people read it, and as the ledger has it: another one begins anew.
impl fmt::Display for Timetable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.rhythm {
            Rhythm::Every(span) => write!(f, "every {}", in_words(*span)),
            Rhythm::By(at, zone) => write!(f, "at \"{at}\" ({zone})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Crontab;

    fn at(text: &str) -> Moment {
        Moment(chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis())
    }

    /// `every 90s`, or a crontab of Berlin.
    fn timetable(text: &str, missed: Missed) -> Timetable {
        let rhythm = match text.strip_prefix("every ") {
            Some(seconds) => Rhythm::Every(Duration::from_secs(seconds.parse().unwrap())),
            None => Rhythm::By(Crontab::parse(text).unwrap(), chrono_tz::Europe::Berlin),
        };
        Timetable { rhythm, missed }
    }

    #[test]
    fn each_tick_is_met_once_however_clocks_change() {
        let (tick, over) = (|text: &str| Look::Tick(at(text)), |text: &str| Look::PassOver(at(text)));
        for (when, covered, now, once, skip) in [
            // on time, a little late, not yet
            ("0 7 * * *", "2026-11-22T07:00:00+01:00", "2026-11-23T06:59:59+01:00", Look::Nothing, Look::Nothing),
            (
                "0 7 * * *",
                "2026-11-22T07:00:00+01:00",
                "2026-11-23T07:00:00+01:00",
                tick("2026-11-23T07:00:00+01:00"),
                tick("2026-11-23T07:00:00+01:00"),
            ),
            (
                "0 7 * * *",
                "2026-11-22T07:00:00+01:00",
                "2026-11-23T07:01:00+01:00",
                tick("2026-11-23T07:00:00+01:00"),
                tick("2026-11-23T07:00:00+01:00"),
            ),
            ("0 7 * * *", "2026-11-23T07:00:00+01:00", "2026-11-23T07:00:00+01:00", Look::Nothing, Look::Nothing),
            // down over it; over five of them
            (
                "0 7 * * *",
                "2026-11-22T07:00:00+01:00",
                "2026-11-23T07:01:01+01:00",
                tick("2026-11-23T07:00:00+01:00"),
                over("2026-11-23T07:00:00+01:00"),
            ),
            (
                "0 7 * * *",
                "2026-11-22T07:00:00+01:00",
                "2026-11-27T12:00:00+01:00",
                tick("2026-11-27T07:00:00+01:00"),
                over("2026-11-27T07:00:00+01:00"),
            ),
            // over a year of minutes, and a leap day that comes every four
            (
                "* * * * *",
                "2025-11-22T07:00:00+01:00",
                "2026-11-27T12:00:30+01:00",
                tick("2026-11-27T12:00:00+01:00"),
                tick("2026-11-27T12:00:00+01:00"),
            ),
            (
                "0 7 29 2 *",
                "2023-11-22T07:00:00+01:00",
                "2026-11-27T12:00:00+01:00",
                tick("2024-02-29T07:00:00+01:00"),
                over("2024-02-29T07:00:00+01:00"),
            ),
            // a day of 23 hours, and one of 25
            (
                "0 7 * * *",
                "2026-03-28T07:00:00+01:00",
                "2026-03-29T07:00:00+02:00",
                tick("2026-03-29T07:00:00+02:00"),
                tick("2026-03-29T07:00:00+02:00"),
            ),
            ("0 7 * * *", "2026-10-24T07:00:00+02:00", "2026-10-25T06:59:00+01:00", Look::Nothing, Look::Nothing),
            // an hour that is left out comes when it would have, one that is there twice comes once
            (
                "30 2 * * *",
                "2026-03-28T02:30:00+01:00",
                "2026-03-29T03:00:00+02:00",
                tick("2026-03-29T03:00:00+02:00"),
                tick("2026-03-29T03:00:00+02:00"),
            ),
            ("30 2 * * *", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", Look::Nothing, Look::Nothing),
            // the clock was set back: a little, by an hour, by three and more
            ("0 7 * * *", "2026-11-23T07:00:00+01:00", "2026-11-23T06:59:58+01:00", Look::Nothing, Look::Nothing),
            ("0 7 * * *", "2026-11-23T07:00:00+01:00", "2026-11-23T06:00:00+01:00", Look::Nothing, Look::Nothing),
            (
                "0 7 * * *",
                "2026-11-23T07:00:00+01:00",
                "2026-11-23T04:00:00+01:00",
                over("2026-11-23T04:00:00+01:00"),
                over("2026-11-23T04:00:00+01:00"),
            ),
            // what comes again and again goes on by the new time at once
            ("*/5 * * * *", "2026-11-23T07:00:00+01:00", "2026-11-23T06:59:51+01:00", Look::Nothing, Look::Nothing),
            (
                "*/5 * * * *",
                "2026-11-23T07:00:00+01:00",
                "2026-11-23T06:59:50+01:00",
                over("2026-11-23T06:59:50+01:00"),
                over("2026-11-23T06:59:50+01:00"),
            ),
            ("every 3600", "2026-11-23T07:00:00Z", "2026-11-23T06:59:30Z", Look::Nothing, Look::Nothing),
            (
                "every 300",
                "2026-11-23T07:00:00Z",
                "2026-11-23T06:00:00Z",
                over("2026-11-23T06:00:00Z"),
                over("2026-11-23T06:00:00Z"),
            ),
            // every: multiples since a Monday, whatever was covered
            ("every 300", "2026-11-23T07:02:00Z", "2026-11-23T07:04:59.999Z", Look::Nothing, Look::Nothing),
            (
                "every 300",
                "2026-11-23T07:02:00Z",
                "2026-11-23T07:05:00Z",
                tick("2026-11-23T07:05:00Z"),
                tick("2026-11-23T07:05:00Z"),
            ),
            (
                "every 604800",
                "2026-11-17T00:00:00Z",
                "2026-11-24T00:00:00Z",
                tick("2026-11-23T00:00:00Z"),
                over("2026-11-23T00:00:00Z"),
            ),
            (
                "every 1",
                "2026-11-23T07:00:00Z",
                "2026-11-23T07:00:09.500Z",
                tick("2026-11-23T07:00:09Z"),
                tick("2026-11-23T07:00:09Z"),
            ),
        ] {
            for (missed, found) in [(Missed::Once, once), (Missed::Skip, skip)] {
                let looked = timetable(when, missed).look(at(covered), at(now));
                assert_eq!(looked, found, "{when} {missed:?}: {covered} to {now}");
            }
        }
    }

    #[test]
    fn the_next_tick_is_the_one_that_is_looked_for() {
        for (when, now, next) in [
            ("every 900", "2026-11-23T07:00:00Z", "2026-11-23T07:15:00Z"),
            ("every 86400", "2026-11-23T07:00:00Z", "2026-11-24T00:00:00Z"),
            ("every 604800", "2026-11-23T07:00:00Z", "2026-11-30T00:00:00Z"),
            ("0 7 * * 1", "2026-11-23T07:00:00+01:00", "2026-11-30T07:00:00+01:00"),
        ] {
            let timetable = timetable(when, Missed::Once);
            assert_eq!(timetable.next_after(at(now)), Some(at(next)), "{when}");
            assert_eq!(timetable.look(at(now), at(next)), Look::Tick(at(next)), "{when}");
            assert_eq!(timetable.look(at(now), Moment(at(next).0 - 1)), Look::Nothing, "{when}");
        }
    }

    #[test]
    fn it_is_shown_as_it_is_written() {
        assert_eq!(timetable("every 900", Missed::Once).to_string(), "every 15 min");
        assert_eq!(timetable("0 7 * * 1", Missed::Skip).to_string(), "at \"0 7 * * 1\" (Europe/Berlin)");
    }
}
