//! Claim, deliver, settle, record: one task for each server, so that one's trouble stays its own.

mod conversation;
mod deliver;
mod dispatch;
mod follow_up;
mod gates;
mod hand;
mod here;
mod lane_memory;
mod needs;
mod progress;
mod queues;
mod record;
mod route;
mod send_file;
mod send_mail;
#[cfg(feature = "simulation")]
mod simulated;
mod sources;
mod start;
mod tell_webhook;
mod text;
mod version;

pub use progress::{Progress, Transfer};
pub use start::{Worker, WorkerSetup};
