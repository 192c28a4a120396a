//! A window of the week, `Mon-Fri 22:00-06:00`, in a time zone.

/// Days and a span of the day; one that ends before it begins goes over midnight and belongs to the day it began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {}

/// Several windows in one zone; none means always.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windows {
    pub windows: Vec<Window>,
    pub time_zone: chrono_tz::Tz,
}
