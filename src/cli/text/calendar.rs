//! Moments as people in one zone say them today: `05:18`, `yesterday 02:11`, `Thu 04:50:57`, `2026-11-14 02:11`.

use crate::{cli::text::span, domain::Moment};
use chrono::{DateTime, Days, TimeZone};
use chrono_tz::Tz;

/// A zone, and what is now.
#[derive(Debug, Clone, Copy)]
pub struct Calendar {
    pub zone: Tz,
    pub now: Moment,
}

impl Calendar {
    /// When today began; where that hour was skipped, the first moment after it.
    pub fn midnight(&self) -> Moment {
        let Some(now) = self.local(self.now) else { return self.now };
        let Some(start) = now.date_naive().and_hms_opt(0, 0, 0) else { return self.now };
        let midnight = self
            .zone
            .from_local_datetime(&start)
            .earliest()
            .or_else(|| self.zone.from_local_datetime(&(start + chrono::TimeDelta::hours(1))).earliest());
        midnight.map_or(self.now, |midnight| Moment(midnight.timestamp_millis()))
    }

    /// `05:18`, `yesterday 02:11`, `Thu 02:11`, `2026-11-14 02:11`
    pub fn minute(&self, moment: Moment) -> String {
        match self.day(moment) {
            Day::Today => self.format(moment, "%H:%M"),
            Day::Yesterday => self.format(moment, "yesterday %H:%M"),
            Day::ThisWeek => self.format(moment, "%a %H:%M"),
            Day::Other => self.format(moment, "%Y-%m-%d %H:%M"),
        }
    }

    /// `Thu 04:50:57`, `2026-11-14 04:50:57`
    pub fn second(&self, moment: Moment) -> String {
        match self.day(moment) {
            Day::Other => self.format(moment, "%Y-%m-%d %H:%M:%S"),
            _ => self.format(moment, "%a %H:%M:%S"),
        }
    }

    /// `12 s ago`
    pub fn ago(&self, moment: Moment) -> String {
        format!("{} ago", span(self.now.since(moment)))
    }

    /// `now`, or when.
    pub fn due(&self, moment: Moment) -> String {
        if moment <= self.now { "now".into() } else { self.minute(moment) }
    }

    fn day(&self, moment: Moment) -> Day {
        let (Some(then), Some(now)) = (self.local(moment), self.local(self.now)) else { return Day::Other };
        let (then, now) = (then.date_naive(), now.date_naive());
        match (now - then).num_days() {
            0 => Day::Today,
            1 => Day::Yesterday,
            -6..=6 => Day::ThisWeek,
            _ => Day::Other,
        }
    }

    fn format(&self, moment: Moment, pattern: &str) -> String {
        self.local(moment).map_or_else(|| "-".to_owned(), |time| time.format(pattern).to_string())
    }

    fn local(&self, moment: Moment) -> Option<DateTime<Tz>> {
        self.zone.timestamp_millis_opt(moment.0).single().filter(|time| time.checked_add_days(Days::new(1)).is_some())
    }
}

enum Day {
    Today,
    Yesterday,
    ThisWeek,
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Moment {
        Moment(DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis())
    }

    fn berlin(now: &str) -> Calendar {
        Calendar { zone: chrono_tz::Europe::Berlin, now: at(now) }
    }

    #[test]
    fn a_moment_is_said_as_near_as_it_is() {
        let calendar = berlin("2026-11-22T05:19:00+01:00");
        for (moment, minute, second) in [
            ("2026-11-22T04:18:09Z", "05:18", "Sun 05:18:09"),
            ("2026-11-21T02:11:00+01:00", "yesterday 02:11", "Sat 02:11:00"),
            ("2026-11-19T04:50:57+01:00", "Thu 04:50", "Thu 04:50:57"),
            ("2026-11-24T05:24:00+01:00", "Tue 05:24", "Tue 05:24:00"),
            ("2026-11-14T02:11:00+01:00", "2026-11-14 02:11", "2026-11-14 02:11:00"),
        ] {
            assert_eq!((calendar.minute(at(moment)), calendar.second(at(moment))), (minute.into(), second.into()));
        }
        assert_eq!(calendar.minute(Moment(i64::MAX)), "-");
    }

    #[test]
    fn a_day_begins_at_the_local_midnight_also_when_the_clock_is_put_forward() {
        assert_eq!(berlin("2026-11-22T00:30:00+01:00").midnight(), at("2026-11-21T23:00:00Z"));
        assert_eq!(berlin("2026-03-29T12:00:00+02:00").midnight(), at("2026-03-28T23:00:00Z"));
        let beirut = Calendar { zone: chrono_tz::Asia::Beirut, now: at("2022-03-27T12:00:00+03:00") };
        assert_eq!(beirut.midnight(), at("2022-03-26T22:00:00Z"), "00:00 was skipped there that day");
    }
}
