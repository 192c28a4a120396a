//! Bytes on their way: opened beneath a watched folder, and hashed.

pub mod beneath;
