//! Bytes on their way: read a file as the version it was named, hash it in passing, and keep to a bandwidth.

pub mod beneath;
mod throttle;

pub use throttle::{Throttle, Throttles};
