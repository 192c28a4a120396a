//! One window of the week, `Mon-Fri 22:00-06:00`, on the clock on the wall.

use chrono::{Datelike, NaiveDateTime, Timelike, Weekday};

/// Minutes of a day: what ends at midnight ends here.
pub(super) const DAY: u16 = 24 * 60;

/// Days and a span of the day; one that ends before it begins goes over midnight and belongs to the day it began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Monday first.
    pub(super) days: [bool; 7],
    /// Minute of the day, 0 to 1439.
    pub(super) begin: u16,
    /// Minute of the day, 1 to 1440, never `begin`; the first that is outside.
    pub(super) end: u16,
}

impl Window {
    /// Whether a clock that shows `local` is inside.
    pub(super) fn holds(&self, local: NaiveDateTime) -> bool {
        let today = local.weekday();
        // A minute of a day is below 1440.
        let minute = u16::try_from(local.hour() * 60 + local.minute()).unwrap_or(0);
        if self.begin < self.end {
            return self.is_on(today) && (self.begin..self.end).contains(&minute);
        }
        (self.is_on(today) && minute >= self.begin) || (self.is_on(today.pred()) && minute < self.end)
    }

    fn is_on(&self, day: Weekday) -> bool {
        self.days[day.num_days_from_monday() as usize]
    }
}
