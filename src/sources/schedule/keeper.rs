//! The task of one schedule: sleeps until the next moment, and looks.

use crate::{
    clock::Clock,
    domain::Moment,
    intake::{Intake, Later, Ticks},
    rules::Scheduled,
    sources::schedule::Status,
};
use std::{pin::pin, sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

/// The clock may be set: it is looked at at least this often.
const LONGEST: Duration = Duration::from_secs(20);
const SHORTEST: Duration = Duration::from_millis(1);
/// After "later" intake is left alone this long.
const PATIENCE: Duration = Duration::from_secs(5);
/// A look takes no longer, but for trouble.
const LONG: Duration = Duration::from_secs(30);

/// Looks whenever a moment has come, until it is cancelled. A look that has begun is ended: nothing is broken off in a commit.
pub(super) async fn keep(
    rule: Scheduled,
    rules: Arc<[String]>,
    (intake, clock): (Intake, Clock),
    cancel: CancellationToken,
    (mut wishes, said): (mpsc::Receiver<oneshot::Sender<()>>, watch::Sender<Status>),
) {
    let load = load(&rule, &rules, &intake, &said);
    let Some(ticks) = cancel.run_until_cancelled(load).await else { return };
    let mut asked: Vec<oneshot::Sender<()>> = Vec::new();
    while !cancel.is_cancelled() {
        let nap = match look(&intake, &ticks, &said).await {
            Ok(()) => {
                said.send_if_modified(is_well);
                asked.drain(..).for_each(|reply| _ = reply.send(())); // who asked may have left
                nap(&rule, clock.now())
            }
            Err(why) => {
                warn!(rule = rule.name, %why, "a tick is taken later");
                said.send_modify(|status| status.later = Some(why.to_string()));
                PATIENCE
            }
        };
        tokio::select! {
            biased;
            () = cancel.cancelled() => return,
            Some(reply) = wishes.recv() => asked.push(reply),
            () = sleep(nap) => {}
        }
    }
}

/// A look that hangs, over a file of a dead mount or a database that does not answer, is told while it does.
async fn look(intake: &Intake, ticks: &Ticks, said: &watch::Sender<Status>) -> Result<(), Later> {
    let mut look = pin!(intake.look_at_clock(ticks));
    tokio::select! {
        biased;
        looked = &mut look => return looked,
        () = sleep(LONG) => {}
    }
    let later = format!("a tick is being taken in for more than {} s", LONG.as_secs());
    said.send_modify(|status| status.later = Some(later));
    look.await
}

async fn load(rule: &Scheduled, rules: &Arc<[String]>, intake: &Intake, said: &watch::Sender<Status>) -> Ticks {
    let mut wait = Duration::from_secs(1);
    loop {
        match intake.ticks(rule.clone(), rules.clone()).await {
            Ok(ticks) => return ticks,
            Err(why) => {
                error!(rule = rule.name, %why, "the schedule cannot start; it tries again");
                said.send_modify(|status| status.later = Some(why.to_string()));
            }
        }
        sleep(wait).await;
        wait = (wait * 2).min(Duration::from_secs(30));
    }
}

fn is_well(status: &mut Status) -> bool {
    let before = status.clone();
    status.later = None;
    status.seen_whole.get_or_insert_with(Instant::now);
    *status != before
}

fn nap(rule: &Scheduled, now: Moment) -> Duration {
    let next = rule.when.next_after(now).map_or(LONGEST, |next| next.since(now));
    next.clamp(SHORTEST, LONGEST)
}
