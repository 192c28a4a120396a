//! Decisions, pure: time and chance are arguments.

mod backoff;
mod circuit;
mod fair;
mod learned_limit;
mod settle;
mod token_bucket;

pub use backoff::wait_before_try;
pub use circuit::{Admission, Circuit, CircuitState, Conversation};
pub use fair::Fair;
pub use settle::{JobFacts, settle};
pub use token_bucket::TokenBucket;
