//! `run`: serve until told to stop.

use crate::app::{Gateway, GatewaySetup, StartError, service_manager};
use std::{io, time::Duration};
use tokio::signal::unix::{SignalKind, signal};

/// How long running transfers may take to stop; systemd's own patience (deploy/packetboat.service) is longer.
const GRACE: Duration = Duration::from_secs(25);

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// When the gateway does not start.
pub async fn run(setup: GatewaySetup) -> Result<(), StartError> {
    let gateway = Gateway::start(setup).await?;
    let watchdog = service_manager::ready();
    let stopped = stop_signal().await;
    drop(watchdog);
    service_manager::stopping();
    gateway.stop(GRACE).await;
    if let Err(error) = stopped {
        tracing::error!(%error, "signals cannot be heard");
    }
    Ok(())
}

/// Waits for SIGTERM or SIGINT.
///
/// # Errors
/// When the system lets us hear no signals.
pub(super) async fn stop_signal() -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
