//! One conversation with a server: connected before anything is claimed, kept while there is work, and a while longer.

use crate::{
    delivery::ftp::{connect, recover},
    domain::{Outcome, Trouble, TroubleKind},
    ftp::client::Session,
    store::{ClaimedJob, Parcel},
    worker::{deliver::deliver, dispatch::Outlook, record::server_trouble, route::Route},
};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, sleep, sleep_until};
use tracing::debug;

/// How long a connection is kept for work that may come: a login saved, a server's patience not tried.
const LINGER: Duration = Duration::from_secs(10);

/// How much litter a conversation looks after before it works.
const LITTER: u32 = 256;

/// Talks to the lane's server until there is nothing to do, the server is in trouble, or we stop. The caller has counted
/// it as idle: until it has work, no other conversation need be opened.
pub(super) async fn converse(route: &Arc<Route>) {
    let connected = tokio::select! {
        () = route.stop.cancelled() => None,
        connected = connect(&route.lane.server, &route.profile) => Some(connected),
    };
    match connected {
        None => route.leave_idle(),
        Some(Err(trouble)) => {
            route.leave_idle();
            route.memory.keep(route.lane.trouble(&trouble)).await;
            give_back(route).await;
        }
        Some(Ok(mut session)) => {
            route.memory.keep(route.lane.success()).await;
            clear_litter(route, &mut session).await;
            serve(route, &mut session).await;
            if route.lane.is_paused() {
                give_back(route).await;
            }
            if session.is_usable() {
                session.quit().await;
            }
        }
    }
}

async fn serve(route: &Arc<Route>, session: &mut Session) {
    let mut is_proven = false;
    while let Some(parcel) = wait_for_work(route).await {
        let mut jobs = parcel.jobs.into_iter();
        while let Some(job) = jobs.next() {
            let Some(trouble) = attempt(route, session, job).await else {
                is_proven = true;
                continue;
            };
            route.put_back(jobs.collect());
            // it served us before: unless it is too busy, the next connection will tell whether it is in trouble
            if !is_proven || trouble.kind == TroubleKind::Busy {
                route.memory.keep(route.lane.trouble(&trouble)).await;
            }
            if !is_proven {
                give_back(route).await;
            }
            return;
        }
        if !session.is_usable() {
            return;
        }
        route.enter_idle();
    }
}

/// Tries one job; answers with the trouble if it was the server's.
async fn attempt(route: &Arc<Route>, session: &mut Session, job: ClaimedJob) -> Option<Trouble> {
    if route.stop.is_cancelled() {
        route.recorder.record(route, job, Outcome::Returned).await;
        return None;
    }
    let begun = Instant::now();
    let outcome = deliver(route, session, &job).await;
    crate::faults::kill_point("worker.after_delivery");
    route.hand.took(begun.elapsed());
    let trouble = server_trouble(&outcome).cloned();
    route.recorder.record(route, job, outcome).await;
    trouble
}

/// What was claimed ahead goes back untried: the server is in trouble or paused, or we stop.
pub(super) async fn give_back(route: &Arc<Route>) {
    for job in route.hand.empty().into_iter().flat_map(|parcel| parcel.jobs) {
        route.recorder.record(route, job, Outcome::Returned).await;
    }
}

/// The next parcel, waited for as long as a connection is worth keeping.
async fn wait_for_work(route: &Arc<Route>) -> Option<Parcel> {
    let until = Instant::now() + LINGER;
    let mut parcel = None;
    while !route.stop.is_cancelled() && !route.lane.is_paused() {
        let rung = route.bell.notified();
        tokio::pin!(rung);
        rung.as_mut().enable(); // heard from here on
        parcel = route.next_parcel().await; // never cut short: what is claimed must reach us
        if parcel.is_some() {
            break;
        }
        let due = match route.dispatch.outlook(&route.lane.name) {
            Outlook::In(span) => span,
            Outlook::Due | Outlook::Nothing => LINGER,
        };
        tokio::select! {
            () = route.stop.cancelled() => break,
            () = sleep_until(until) => break,
            () = &mut rung => {}
            () = sleep(due) => {}
        }
    }
    route.leave_idle();
    parcel
}

/// Finishes or undoes what earlier deaths left on the server.
async fn clear_litter(route: &Route, session: &mut Session) {
    let store = &route.recorder.store;
    let left = match store.litter(&route.lane.name, LITTER).await {
        Ok(left) => left,
        Err(why) => {
            return debug!(server = %route.lane.name, %why, "what litter there is cannot be read: next time, then");
        }
    };
    let is_all = left.len() < LITTER as usize;
    let mut staying = Vec::new();
    for litter in left {
        match recover(session, &litter.target, &litter.temporary).await {
            Ok(()) => {
                if let Err(why) = store.litter_removed(&route.lane.name, &litter.temporary).await {
                    debug!(server = %route.lane.name, path = %litter.temporary, %why, "litter is gone and still on record");
                }
            }
            Err(trouble) => {
                debug!(server = %route.lane.name, path = %litter.temporary, said = %trouble.said, "litter stays for now");
                staying.push(litter.temporary);
                if !session.is_usable() {
                    break;
                }
            }
        }
    }
    // Where an account may not delete, much stays for good: the next conversation begins with what this one did not come to.
    if !is_all && !staying.is_empty() {
        let _ = store.litter_stays(&route.lane.name, staying, route.clock.now()).await; // then the order is as before
    }
}
