//! `run`: serve until told to stop.

use crate::app::{Gateway, GatewaySetup, StartError, service_manager};
use std::{io::IsTerminal, time::Duration};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::warn;

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

/// SIGTERM or SIGINT, heard from before the start on: one that comes during it ends it in good order too. SIGHUP is the end of
/// a terminal, and to a service a word about its configuration.
pub(super) struct StopSignal {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    /// Its end is ours.
    has_terminal: bool,
}

impl StopSignal {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the system lets us hear no signals.
    pub(super) fn hear() -> Result<Self, StartError> {
        let listen = |kind| signal(kind).map_err(StartError::Signals);
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hangup: listen(SignalKind::hangup())?,
            has_terminal: std::io::stderr().is_terminal(),
        })
    }

    /// Waits until one is given.
    pub(super) async fn given(mut self) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangup.recv() => {
                    if self.has_terminal {
                        return;
                    }
                    warn!("SIGHUP: a changed configuration is read at the next start; going on with the old one");
                }
            }
        }
    }
}
