//! Times that people write: windows in a zone.

mod text;
mod window;
mod windows;

pub use text::WindowError;
pub use window::Window;
pub use windows::Windows;
