//! A window of the week, `Mon-Fri 22:00-06:00`, in a time zone.

use std::ops::Range;

/// Days and a span of the day; one that ends before it begins goes over midnight and belongs to the day it began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {}

#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct WindowError {
    pub message: String,
    pub range: Option<Range<usize>>,
    pub hint: Option<String>,
}

impl Window {
    pub fn parse(text: &str) -> Result<Self, WindowError> {
        if text.contains(':') {
            Ok(Self {})
        } else {
            Err(WindowError { message: "not a window".into(), range: None, hint: None })
        }
    }
}

/// Several windows in one zone; none means always.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windows {
    pub windows: Vec<Window>,
    pub time_zone: chrono_tz::Tz,
}
