//! The tour: a remote server and a relay of its own, the shipped rules, real files, and every step shown as it happens.

mod ashore;
mod files;
mod mailbox;
mod show;
mod stage;
mod tour;

pub use tour::{DemoError, Tour, demo};
