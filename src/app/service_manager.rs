//! What systemd is told (sd_notify(3)); without a service manager nobody listens and nothing happens.

use sd_notify::NotifyState;
use std::time::Duration;
use tokio_util::task::AbortOnDropHandle;
use tracing::debug;

/// Says that we serve, and keeps the watchdog quiet until the answer is dropped.
pub(super) fn ready() -> Option<AbortOnDropHandle<()>> {
    tell(&[NotifyState::Ready]);
    let period = sd_notify::watchdog_enabled()?;
    Some(AbortOnDropHandle::new(tokio::spawn(feed_watchdog(period / 3))))
}

/// Says that we are going down.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

async fn feed_watchdog(every: Duration) {
    let mut ticks = tokio::time::interval(every.max(Duration::from_millis(100)));
    loop {
        ticks.tick().await;
        tell(&[NotifyState::Watchdog]);
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        debug!(%error, "the service manager cannot be told");
    }
}
