//! One conversation with a server: connected before anything is claimed, kept while there is work, and a while longer.

use crate::{
    delivery::Connection,
    domain::{Outcome, Trouble, TroubleKind, Whose},
    store::Parcel,
    worker::{deliver::deliver, dispatch::Outlook, here::clear_parts, record::server_trouble, route::Route},
};
use std::{pin::pin, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep, sleep_until};
use tracing::debug;

/// How long a connection is kept for work that may come: a login saved, a server's patience not tried.
const LINGER: Duration = Duration::from_secs(10);

/// How often bytes are looked for.
const A_WHILE: Duration = Duration::from_millis(500);

/// How much litter a conversation looks after before it works.
const LITTER: u32 = 256;

/// Talks to the lane's server until there is nothing to do, the server is in trouble, or we stop. The caller has counted
/// it as idle: until it has work, no other conversation need be opened.
pub(super) async fn converse(route: &Arc<Route>) {
    let Some(mut connection) = connect(route).await else { return };
    if matches!(connection, Connection::Here) {
        clear_parts(route).await;
    } else if connection.keeps_files() {
        clear_litter(route, &mut connection).await;
        if !connection.is_usable() {
            // it broke off over what earlier deaths left, which can wait: nothing is claimed for a dead connection
            let Some(again) = connect(route).await else { return };
            connection = again;
        }
    }
    Talk { route, connection: &mut connection, standing: Standing::LetUsIn }.serve().await;
    if route.lane.is_paused() {
        give_back(route).await;
    }
    if connection.is_usable() {
        connection.quit().await;
    }
}

/// `None`: we stop, or the server cannot be had, and that is told; the conversation is no longer idle.
async fn connect(route: &Arc<Route>) -> Option<Connection> {
    let connected = tokio::select! {
        biased;
        () = route.stop.cancelled() => None,
        connected = route.endpoint.connect() => Some(connected),
    };
    if let Some(Ok(connection)) = connected {
        return Some(connection);
    }
    route.leave_idle();
    if let Some(Err(trouble)) = connected {
        route.trouble(&trouble).await;
        give_back(route).await;
    }
    None
}

/// What the server has shown us of itself in this conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It let us in. Some let everybody in and serve nobody: that does not end a lane's trouble while there is work to try.
    LetUsIn,
    /// There was nothing to try.
    Believed,
    /// A job got its answer, or its bytes flow.
    ServedUs,
}

struct Talk<'a> {
    route: &'a Arc<Route>,
    connection: &'a mut Connection,
    standing: Standing,
}

impl Talk<'_> {
    async fn serve(mut self) {
        let route = self.route;
        while let Some(parcel) = self.wait_for_work().await {
            if let Some(trouble) = self.attempt(parcel).await {
                // it served us before: unless it is too busy, the next connection will tell whether it is in trouble
                if self.standing != Standing::ServedUs || trouble.kind == TroubleKind::Busy {
                    route.trouble(&trouble).await;
                }
                if self.standing != Standing::ServedUs {
                    give_back(route).await;
                }
                return;
            }
            if !self.connection.is_usable() {
                return;
            }
            route.enter_idle();
        }
    }

    /// Tries a parcel; answers with the trouble if it was the server's.
    async fn attempt(&mut self, parcel: Parcel) -> Option<Trouble> {
        let route = self.route;
        if route.stop.is_cancelled() {
            hand_back(route, parcel).await;
            return None;
        }
        let begun = Instant::now();
        let outcomes = self.deliver(&parcel).await;
        crate::faults::kill_point("worker.after_delivery");
        route.hand.took(begun.elapsed());
        let trouble = outcomes.iter().find_map(server_trouble).cloned();
        if outcomes.iter().any(is_answer) {
            stand(route, &mut self.standing, Standing::ServedUs).await;
        }
        route.recorder.record(route, parcel, outcomes).await;
        trouble
    }

    /// A large file is not waited for to its end: while its bytes flow, the server serves.
    async fn deliver(&mut self, parcel: &Parcel) -> Vec<Outcome> {
        let Self { route, connection, standing } = self;
        let mut outcomes = pin!(deliver(route, connection, parcel));
        loop {
            tokio::select! {
                biased;
                outcomes = &mut outcomes => return outcomes,
                () = sleep(A_WHILE), if *standing == Standing::LetUsIn => {
                    if parcel.jobs.iter().any(|job| route.progress.sent_bytes(job.job) > 0) {
                        stand(route, standing, Standing::ServedUs).await;
                    }
                }
            }
        }
    }

    /// The next parcel, waited for as long as a connection is worth keeping.
    async fn wait_for_work(&mut self) -> Option<Parcel> {
        let route = self.route;
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
            if self.standing == Standing::LetUsIn {
                stand(route, &mut self.standing, Standing::Believed).await;
            }
            let due = match route.dispatch.outlook(&route.lane.name) {
                Outlook::In(span) => span,
                Outlook::Due | Outlook::Nothing => LINGER,
            };
            tokio::select! {
                biased;
                () = route.stop.cancelled() => break,
                () = sleep_until(until) => break,
                () = &mut rung => {}
                () = sleep(due) => {}
            }
        }
        route.leave_idle();
        parcel
    }
}

/// The first proof of any kind ends the lane's trouble.
async fn stand(route: &Route, before: &mut Standing, now: Standing) {
    if std::mem::replace(before, now) == Standing::LetUsIn {
        route.memory.keep(route.lane.success()).await;
    }
}

/// The server answered for this very job, well or not.
fn is_answer(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Delivered(_) | Outcome::TakenAway(_) => true,
        Outcome::Deferred(trouble) | Outcome::Failed(trouble) | Outcome::Unknown(trouble) => {
            trouble.whose == Whose::Job && trouble.kind != TroubleKind::Local
        }
        Outcome::Returned | Outcome::SourceChanged(_) | Outcome::SourceUnclear(_) => false,
    }
}

/// What was claimed ahead goes back untried: the server is in trouble or paused, or we stop.
pub(super) async fn give_back(route: &Arc<Route>) {
    for parcel in route.hand.empty() {
        hand_back(route, parcel).await;
    }
}

async fn hand_back(route: &Arc<Route>, parcel: Parcel) {
    let untried = vec![Outcome::Returned; parcel.jobs.len()];
    route.recorder.record(route, parcel, untried).await;
}

/// Finishes or undoes what earlier deaths left on the server.
async fn clear_litter(route: &Route, connection: &mut Connection) {
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
        match connection.recover(&litter.target, &litter.temporary).await {
            Ok(()) => {
                if let Err(why) = store.litter_removed(&route.lane.name, &litter.temporary).await {
                    debug!(server = %route.lane.name, path = %litter.temporary, %why, "litter is gone and still on record");
                }
            }
            Err(trouble) => {
                debug!(server = %route.lane.name, path = %litter.temporary, said = %trouble.said, "litter stays for now");
                staying.push(litter.temporary);
                if !connection.is_usable() {
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
