//! `run`: serve until told to stop.

use crate::app::{Gateway, GatewaySetup, StartError, service_manager};
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How long running transfers may take to stop; systemd's own patience (deploy/packetboat.service) is longer.
const GRACE: Duration = Duration::from_secs(25);

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// When the gateway does not start.
pub async fn run(setup: GatewaySetup) -> Result<(), StartError> {
    let stop = StopSignal::hear()?;
    let gateway = Gateway::start(setup).await?;
    let watchdog = service_manager::ready();
    stop.given().await;
    drop(watchdog);
    service_manager::stopping();
    gateway.stop(GRACE).await;
    Ok(())
}

/// SIGTERM or SIGINT, heard from before the start on: one that comes during it ends it in good order too.
pub(super) struct StopSignal {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignal {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the system lets us hear no signals.
    pub(super) fn hear() -> Result<Self, StartError> {
        let listen = |kind| signal(kind).map_err(StartError::Signals);
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    /// Waits until one is given.
    pub(super) async fn given(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
