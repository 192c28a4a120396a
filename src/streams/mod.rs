//! Bytes on their way: read a file as the version it was named, hash it in passing, and keep to a bandwidth.

pub mod beneath;
mod digests;
mod identity;
mod reader;
mod throttle;
pub mod whole;
mod writers;

pub use digests::{Digests, Hasher, Second};
pub use identity::{Reach, identity_of};
pub use reader::{CHUNK, Reader};
pub use throttle::{Throttle, Throttles};
pub use writers::is_being_written;
