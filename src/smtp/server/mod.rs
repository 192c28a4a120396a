//! A relay of our own for the demo: it takes every message and hands it over.

mod sink;

pub use sink::{Received, Sink};
