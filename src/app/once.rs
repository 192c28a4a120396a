//! `once`: do what is due, then say how it went.

use crate::{
    app::{Gateway, GatewaySetup, StartError, run::StopSignal},
    worker::Progress,
};
use std::time::Duration;

const GRACE: Duration = Duration::from_secs(10);

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnceReport {
    pub delivered: u64,
    pub failed: u64,
    /// Jobs that wait: for their time, a window, a server in trouble.
    pub waiting: u64,
}

/// Takes what is there, settled or settling, delivers what is due and stops. `show` gets the running transfers while it
/// lasts. A signal ends it early, with what is left counted as waiting.
///
/// # Errors
/// When the gateway does not start.
pub async fn once(setup: GatewaySetup, show: impl FnOnce(Progress)) -> Result<OnceReport, StartError> {
    let only = setup.only.clone();
    let stop = StopSignal::hear()?;
    let gateway = Gateway::start(setup).await?;
    show(gateway.worker.progress().clone());
    let all = async {
        for watch in &gateway.watches {
            if watch.scan_now().await.is_err() || watch.settled_everything().await.is_err() {
                return; // the process is going down
            }
        }
        gateway.worker.idle().await;
    };
    tokio::select! {
        () = all => {}
        () = stop.given() => {}
    }
    let after = gateway.store.ends(only.as_deref()).await?;
    let before = gateway.before;
    let report = OnceReport {
        delivered: after.delivered.saturating_sub(before.delivered),
        failed: after.failed.saturating_sub(before.failed),
        waiting: after.open,
    };
    gateway.stop(GRACE).await;
    Ok(report)
}
