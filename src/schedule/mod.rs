//! Times that people write: windows in a zone.

mod window;

pub use window::{Window, WindowError, Windows};
