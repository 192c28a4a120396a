//! Times that people write: windows in a zone, crontab moments, and what is expected by them.

mod crontab;
mod expect;
mod piece;
mod text;
mod window;
mod windows;

pub use crontab::Crontab;
pub use expect::{Expect, Rhythm};
pub use piece::TextError;
pub use window::Window;
pub use windows::Windows;
