//! `once`: do what is due, then say how it went.

use crate::{
    app::{Gateway, GatewaySetup, StartError, run::StopSignal},
    notices::Patience,
    rules::{Source, WatchMethod},
    sources::{Running, mail_folder, schedule, watch},
    store::Ends,
    worker::Progress,
};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, timeout};
use tracing::warn;

const GRACE: Duration = Duration::from_secs(10);

/// Beside three times its `settled_for`, how long a folder may keep us waiting for files that do not settle, or for room.
const PATIENCE: Duration = Duration::from_secs(30);

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct OnceReport {
    pub delivered: u64,
    pub failed: u64,
    /// Jobs that wait: for their time, a window, a server in trouble.
    pub waiting: u64,
    /// Files that were not taken: they did not settle, there was no room, or we were ended before.
    pub untaken: usize,
    /// Rules whose folder was not seen whole: what it holds is not known.
    pub unseen: usize,
    /// Rules for which what they expect has not come.
    pub missed: usize,
    /// A signal came before all was done.
    pub ended_early: bool,
}

/// Takes what is there, settled or settling, delivers what is due and stops. `show` gets the running transfers while it
/// lasts. A signal ends it early, with what is left counted as waiting or not taken.
///
/// # Errors
/// When the gateway does not start.
pub async fn once(mut setup: GatewaySetup, show: impl FnOnce(Progress)) -> Result<OnceReport, StartError> {
    for rule in &mut setup.rules.rules {
        let Source::Watch(watch) = &mut rule.when else { continue };
        Arc::make_mut(watch).method = WatchMethod::Poll; // we look ourselves, and an event for each file that we open tells nothing
    }
    (setup.settings.doors.http, setup.settings.doors.submission) = (None, None); // nobody comes to a door that is open for a moment
    let only = setup.only.clone();
    let stop = StopSignal::hear()?;
    let gateway = Gateway::start(setup).await?;
    show(gateway.worker.progress().clone());
    let mut unseen = 0;
    let all = async {
        for source in &gateway.sources {
            let taken = match source {
                Running::Watch(watch) => take_all(watch).await.ok(),
                Running::Schedule(schedule) => take_tick(schedule).await,
                Running::MailFolder(folder) => take_mail(folder).await,
                Running::Listening(_) => Some(true),
            };
            let Some(is_whole) = taken else { return true }; // the process is going down
            unseen += usize::from(!is_whole);
        }
        gateway.worker.idle().await;
        if let Err(refused) = gateway.store.hurry_here(gateway.now()).await {
            warn!(%refused, "sources that waited for other rules stay for the next run");
        }
        gateway.worker.idle().await;
        if let Err(refused) = gateway.teller.look(Patience::None).await {
            warn!(%refused, "nobody is told of this run; the next one does");
        }
        gateway.worker.idle().await;
        false
    };
    let ended_early = tokio::select! {
        ended_early = all => ended_early,
        () = stop.given() => true,
    };
    let untaken = gateway.sources.iter().map(Running::untaken).sum();
    gateway.finish(GRACE).await;
    let ends = gateway.ends(only.as_deref()).await;
    let missed = gateway.teller.missed().await;
    gateway.close().await;
    let Ends { delivered, failed, open } = ends?;
    let missed = missed?.keys().filter(|rule| only.as_ref().is_none_or(|only| only == *rule)).count();
    Ok(OnceReport { delivered, failed, waiting: open, untaken, unseen, missed, ended_early })
}

/// Takes what is there, settled or settling; whether the folder was seen whole. A second look makes up for what stood in the
/// way of the first one for a moment.
async fn take_all(watch: &watch::Handle) -> Result<bool, watch::Ended> {
    let first = watch.scan_now().await?;
    settle(watch).await?;
    if first.is_complete {
        return Ok(true);
    }
    let second = watch.scan_now().await?;
    settle(watch).await?;
    Ok(second.is_complete)
}

/// Takes the tick that has passed, if one has, and no later one; whether that is known. `None`: we are ended.
async fn take_tick(schedule: &schedule::Handle) -> Option<bool> {
    let looked = timeout(PATIENCE, schedule.look_now()).await;
    schedule.stop();
    match looked {
        Ok(looked) => looked.ok().map(|()| true),
        Err(_) => Some(false),
    }
}

/// Takes what lies there; whether that could be. `None`: we are ended.
async fn take_mail(folder: &mail_folder::Handle) -> Option<bool> {
    match timeout(PATIENCE, folder.look_now()).await {
        Ok(looked) => looked.ok().map(|()| true),
        Err(_) => Some(false),
    }
}

/// Waits until nothing is left to settle, or nothing has been taken or compared for too long.
async fn settle(watch: &watch::Handle) -> Result<(), watch::Ended> {
    let patience = PATIENCE + watch.rule().when.settled_for * 3;
    let (mut known, mut since) = (watch.status().known, Instant::now());
    loop {
        if let Ok(settled) = timeout(Duration::from_secs(1), watch.settled_everything()).await {
            return settled;
        }
        let status = watch.status();
        if status.known != known || status.comparing > 0 {
            (known, since) = (status.known, Instant::now());
        } else if since.elapsed() > patience {
            return Ok(());
        }
    }
}
