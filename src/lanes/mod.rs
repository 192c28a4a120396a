//! A lane: everything between us and one server. Permits, circuit, learned limit, bandwidth.

mod lane;
mod permit;

pub use lane::{Bandwidth, Lane, LaneReport, Paused};
pub use permit::Permit;
