//! Times that people write: windows in a zone, crontab moments, what is expected by them, and what happens by them.

mod crontab;
mod expect;
mod piece;
mod text;
mod timetable;
mod window;
mod windows;

pub use crontab::Crontab;
pub use expect::{Expect, Rhythm};
pub use piece::TextError;
pub use timetable::{Look, Missed, ON_TIME, Timetable};
pub use window::Window;
pub use windows::Windows;
