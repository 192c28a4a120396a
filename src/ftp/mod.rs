//! To come with its first user.

#[cfg(feature = "demo")]
pub mod server;
