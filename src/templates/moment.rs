//! A moment as templates see it: `arrived.year`, `file.modified.date`, in the rule's time zone.

use crate::domain::Moment;
use chrono::{DateTime, Datelike, Timelike};
use chrono_tz::Tz;
use minijinja::value::{DynObject, Object, ObjectRepr};
use std::{cmp::Ordering, fmt, sync::Arc};

/// What can stand after `arrived.`; zero-padded texts all, because `2026/2/` sorts wrong in every listing.
pub(super) const FIELDS: [&str; 12] =
    ["year", "month", "day", "hour", "minute", "week", "weekday", "date", "time", "stamp", "iso", "unix"];

/// A moment on the clocks of a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ZonedMoment(pub DateTime<Tz>);

impl ZonedMoment {
    /// A moment beyond the calendar (year 262,000) is shown as 1970: a file system said so, and that is no reason to stop.
    pub(super) fn new(moment: Moment, zone: Tz) -> Self {
        Self(DateTime::from_timestamp_millis(moment.0).unwrap_or_default().with_timezone(&zone))
    }

    fn field(&self, name: &str) -> Option<String> {
        let at = &self.0;
        Some(match name {
            "year" => format!("{:04}", at.year()),
            "month" => format!("{:02}", at.month()),
            "day" => format!("{:02}", at.day()),
            "hour" => format!("{:02}", at.hour()),
            "minute" => format!("{:02}", at.minute()),
            "week" => format!("{:02}", at.iso_week().week()),
            "weekday" => at.weekday().to_string(),
            "date" => at.format("%Y-%m-%d").to_string(),
            "time" => at.format("%H:%M").to_string(),
            "stamp" => at.format("%Y%m%d-%H%M%S").to_string(),
            "iso" => at.format("%Y-%m-%dT%H:%M:%S%:z").to_string(),
            "unix" => at.timestamp().to_string(),
            _ => return None,
        })
    }
}

impl Object for ZonedMoment {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &minijinja::Value) -> Option<minijinja::Value> {
        self.field(key.as_str()?).map(minijinja::Value::from)
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        Some(self.0.cmp(&other.downcast_ref::<Self>()?.0))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.field("iso").unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_zero_padded_and_in_the_zone() {
        let new_year = ZonedMoment::new(Moment(1_767_222_065_123), chrono_tz::Europe::Berlin);
        for (name, text) in [
            ("year", "2026"),
            ("month", "01"),
            ("day", "01"),
            ("hour", "00"),
            ("minute", "01"),
            ("week", "01"),
            ("weekday", "Thu"),
            ("date", "2026-01-01"),
            ("time", "00:01"),
            ("stamp", "20260101-000105"),
            ("iso", "2026-01-01T00:01:05+01:00"),
            ("unix", "1767222065"),
        ] {
            assert_eq!(new_year.field(name).as_deref(), Some(text), "{name}");
        }
        assert!(FIELDS.iter().all(|name| new_year.field(name).is_some()));
        assert_eq!(new_year.field("nope"), None);
    }
}
