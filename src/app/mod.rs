//! Build, supervise, stop: the one place that knows all the stages.

mod gateway;
mod once;
mod run;
mod service_manager;

pub use crate::worker::{Progress, Transfer};
pub use gateway::{Gateway, GatewaySetup, StartError};
pub use once::{OnceReport, once};
pub use run::run;
