//! Times that people write: windows in a zone, and crontab moments.

mod crontab;
mod piece;
mod text;
mod window;
mod windows;

pub use crontab::Crontab;
pub use piece::TextError;
pub use window::Window;
pub use windows::Windows;
