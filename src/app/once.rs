//! `once`: do what is due, then say how it went.

use crate::{
    app::{Gateway, GatewaySetup, StartError, run::StopSignal},
    rules::WatchMethod,
    sources::watch,
    store::Ends,
    worker::Progress,
};
use std::time::Duration;

const GRACE: Duration = Duration::from_secs(10);

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct OnceReport {
    pub delivered: u64,
    pub failed: u64,
    /// Jobs that wait: for their time, a window, a server in trouble.
    pub waiting: u64,
    /// Rules whose folder was not seen whole: what it holds is not known.
    pub unseen: usize,
}

/// Takes what is there, settled or settling, delivers what is due and stops. `show` gets the running transfers while it
/// lasts. A signal ends it early, with what is left counted as waiting.
///
/// # Errors
/// When the gateway does not start.
pub async fn once(mut setup: GatewaySetup, show: impl FnOnce(Progress)) -> Result<OnceReport, StartError> {
    for rule in &mut setup.rules.rules {
        rule.when.method = WatchMethod::Poll; // we look ourselves, and an event for each file that we open tells nothing
    }
    let only = setup.only.clone();
    let stop = StopSignal::hear()?;
    let gateway = Gateway::start(setup).await?;
    show(gateway.worker.progress().clone());
    let mut unseen = 0;
    let all = async {
        for watch in &gateway.watches {
            match take_all(watch).await {
                Ok(is_whole) => unseen += usize::from(!is_whole),
                Err(watch::Ended) => return, // the process is going down
            }
        }
        gateway.worker.idle().await;
    };
    tokio::select! {
        () = all => {}
        () = stop.given() => {}
    }
    gateway.finish(GRACE).await;
    let ends = gateway.ends(only.as_deref()).await;
    gateway.close().await;
    let Ends { delivered, failed, open } = ends?;
    Ok(OnceReport { delivered, failed, waiting: open, unseen })
}

/// Takes what is there, settled or settling; whether the folder was seen whole. A second look makes up for what stood in the
/// way of the first one for a moment.
async fn take_all(watch: &watch::Handle) -> Result<bool, watch::Ended> {
    let first = watch.scan_now().await?;
    watch.settled_everything().await?;
    if first.is_complete {
        return Ok(true);
    }
    let second = watch.scan_now().await?;
    watch.settled_everything().await?;
    Ok(second.is_complete)
}
