//! `run`: serve until stopped.

use crate::{
    app::{self, GatewaySetup},
    cli::exit::{Exit, Failure},
    clock::Clock,
    control::{self, Configuration},
};
use std::path::Path;

/// Serves until a signal.
pub fn run(named: Option<&Path>) -> Result<Exit, Failure> {
    let setup = setup(named, None)?;
    runtime()?.block_on(app::run(setup))?;
    Ok(Exit::Done)
}

/// What packetboat.yaml and the rules say, or every reason why not. Warnings are logged: nobody may be looking.
pub fn setup(named: Option<&Path>, only: Option<String>) -> Result<GatewaySetup, Failure> {
    let Configuration { settings, rules, warnings } = control::load(named)?;
    for finding in warnings {
        tracing::warn!(file = %finding.place.file, "{}", finding.message);
    }
    Ok(GatewaySetup { settings, rules, clock: Clock::System, only })
}

/// The engine's runtime: one thread. What takes long (scans, large files and their hashes, the database) has threads of its
/// own, and a wake-up across threads costs more than most of what is done here.
pub fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|why| Failure::Other(why.into()))
}
