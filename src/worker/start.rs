//! Starting and stopping the worker: a task for each configured server, and one that hears of new work.

use crate::{
    clock::Clock,
    config::{Server, Settings},
    delivery::Endpoint,
    domain::{HERE, TroubleKind},
    lanes::{Bandwidth, Lane, Paused},
    policy::Circuit,
    rules::RuleSet,
    store::{LaneRow, LaneState, SessionId, Store, StoreError},
    streams::Throttle,
    worker::{
        Progress,
        conversation::give_back,
        dispatch::{Dispatch, DispatchSetup},
        follow_up::FollowUps,
        hand::Hand,
        here::clear_parts,
        lane_memory::LaneMemory,
        record::{Recorder, UNRECORDED, write},
        route::Route,
        sources::Sources,
    },
};
use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::{sync::mpsc, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::warn;

/// Threads at work in folders of this machine.
const HANDS: u32 = 2;

/// For the last outcomes to be written; a full disk must not keep a process from stopping.
const RECORDED_WITHIN: Duration = Duration::from_secs(5);

/// The running worker.
#[derive(Debug)]
pub struct Worker {
    routes: BTreeMap<String, Arc<Route>>,
    dispatch: Arc<Dispatch>,
    follow_ups: Arc<FollowUps>,
    progress: Progress,
    recorder: Recorder,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// What a worker is made of.
pub struct WorkerSetup<'a> {
    pub store: Store,
    pub session: SessionId,
    pub settings: &'a Settings,
    pub rules: &'a RuleSet,
    pub clock: Clock,
    /// This machine's name.
    pub node: String,
    /// Serve this rule alone.
    pub only: Option<String>,
}

impl Worker {
    /// Starts serving every configured server.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn start(setup: WorkerSetup<'_>) -> Result<Self, StoreError> {
        let WorkerSetup { store, session, settings, rules, clock, node, only } = setup;
        let dispatch = Arc::new(
            Dispatch::new(DispatchSetup {
                store: store.clone(),
                session,
                clock: clock.clone(),
                rules,
                default_retry: settings.defaults.retry,
                only,
            })
            .await?,
        );
        let memory: BTreeMap<String, LaneRow> =
            store.lanes().await?.into_iter().map(|row| (row.server.clone(), row)).collect();
        let (stop, tasks, progress) = (CancellationToken::new(), TaskTracker::new(), Progress::default());
        let (outcomes, recorded) = mpsc::channel(UNRECORDED);
        tokio::spawn(write(store.clone(), recorded)); // it ends with the last recorder
        let recorder = Recorder { store: store.clone(), session, clock: clock.clone(), outcomes };
        let rules = Arc::new(rules.clone());
        let (sources, mut routes) = (Sources::default(), BTreeMap::new());
        let relays = Arc::new(OnceLock::new());
        let bounce_key = store.bounce_key().await?;
        for (name, endpoint, connections, bandwidth) in ends(settings) {
            let lane = Arc::new(lane(&name, (connections, bandwidth), memory.get(&name), &clock));
            let route = Arc::new(Route {
                throttle: Arc::new(by_the_hour(lane.clone(), clock.clone(), settings.time_zone)),
                lane,
                sources: sources.clone(),
                endpoint,
                rules: rules.clone(),
                hand: Hand::default(),
                busy: 0.into(),
                idle: 0.into(),
                bell: dispatch.bell(&name),
                dispatch: dispatch.clone(),
                recorder: recorder.clone(),
                relays: relays.clone(),
                memory: LaneMemory {
                    store: recorder.store.clone(),
                    server: name.clone(),
                    clock: clock.clone(),
                    last: Arc::default(),
                },
                bounce_key: bounce_key.clone(),
                progress: progress.clone(),
                clock: clock.clone(),
                stop: stop.clone(),
                tasks: tasks.clone(),
            });
            if matches!(route.endpoint, Endpoint::Here) {
                let route = route.clone();
                tasks.spawn(async move { clear_parts(&route).await });
            }
            tasks.spawn(route.clone().serve());
            routes.insert(name, route);
        }
        let is_relay = |route: &&Arc<Route>| route.endpoint.is_relay();
        let _ = relays.set(routes.values().filter(is_relay).map(|route| route.lane.clone()).collect()); // nobody has set it
        warn_of_missing(&dispatch, &routes);
        let follow_ups = Arc::new(FollowUps {
            store: store.clone(),
            clock,
            node,
            outline: settings.outline(),
            dispatch: dispatch.clone(),
            is_quiet: false.into(),
        });
        let worker = Self { routes, dispatch, follow_ups, progress, recorder, stop, tasks };
        worker.tasks.spawn(worker.follow_ups.clone().serve(worker.stop.clone()));
        worker.tasks.spawn(hear(store, worker.dispatch.clone(), worker.stop.clone()));
        Ok(worker)
    }

    /// The running transfers.
    #[must_use]
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Pauses or resumes the lane of `server`.
    pub async fn set_paused(&self, server: &str, paused: Paused) {
        match self.routes.get(server) {
            Some(route) => {
                route.lane.set_paused(paused);
                route.memory.keep(route.lane.report()).await;
            }
            None => warn!(%server, ?paused, "said of a server that is not configured"),
        }
    }

    /// Waits until nothing is due now on any lane that is not in trouble, and nothing is being delivered or recorded.
    pub async fn idle(&self) {
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        let are_quiet = || self.follow_ups.is_quiet() && self.routes.values().all(|route| route.is_quiet());
        loop {
            ticks.tick().await;
            if !are_quiet() {
                continue;
            }
            match self.is_all_done().await {
                Ok(true) if are_quiet() => return,
                Ok(_) => {}
                Err(refused) => warn!(%refused, "the database does not say what is due"),
            }
        }
    }

    /// Asks the database, of what was committed a moment ago and not heard of yet: first what may be planned, then what that made due.
    async fn is_all_done(&self) -> Result<bool, StoreError> {
        let is_planned = self.recorder.store.ripe(1).await?.is_empty();
        self.dispatch.look_again().await?;
        Ok(is_planned)
    }

    /// Begins nothing new, hands back what can be, and waits up to `grace` for what is under way.
    pub async fn stop(&self, grace: Duration) {
        self.stop.cancel();
        let ended = async {
            self.give_back().await;
            self.tasks.close();
            self.tasks.wait().await;
            self.give_back().await; // what was being claimed meanwhile
        };
        if timeout(grace, ended).await.is_err() {
            warn!("some transfers did not stop in time; the next start takes them up again");
        }
        if timeout(RECORDED_WITHIN, self.recorder.written()).await.is_err() {
            warn!("some outcomes could not be recorded in time; the next start asks their servers again");
        }
    }

    async fn give_back(&self) {
        for route in self.routes.values() {
            give_back(route).await;
        }
    }
}

/// The configured servers, and this machine: each with its most conversations and its bandwidth.
fn ends(settings: &Settings) -> impl Iterator<Item = (String, Endpoint, u32, Bandwidth)> {
    let here = (HERE.to_owned(), Endpoint::Here, HANDS, Bandwidth::default());
    let servers = settings
        .servers
        .iter()
        .map(|(name, server)| (name.clone(), Endpoint::of(server), server.connections(), bandwidth(server)));
    servers.chain([here])
}

fn bandwidth(server: &Server) -> Bandwidth {
    match server {
        Server::Ftp(server) => Bandwidth { usual: server.bandwidth, inside: server.bandwidth_in.clone() },
        Server::Smtp(_) | Server::Webhook(_) => Bandwidth::default(),
    }
}

/// The lane's bandwidth at each moment: its windows begin and end within a running file too.
fn by_the_hour(lane: Arc<Lane>, clock: Clock, time_zone: chrono_tz::Tz) -> Throttle {
    Throttle::asking(move || lane.bandwidth(clock.now(), time_zone))
}

/// A lane as it was left: in trouble, paused, or with a limit that was learned.
fn lane(server: &str, (connections, bandwidth): (u32, Bandwidth), left: Option<&LaneRow>, clock: &Clock) -> Lane {
    let circuit = remembered(Circuit::new(connections, clock.now()), left, clock);
    let lane = Lane::new(server.to_owned(), bandwidth, circuit, clock.clone());
    if left.is_some_and(|row| row.state == LaneState::Paused) {
        lane.set_paused(Paused::Yes);
    }
    lane
}

fn remembered(circuit: Circuit, row: Option<&LaneRow>, clock: &Clock) -> Circuit {
    let Some(row) = row else { return circuit };
    let circuit = circuit.with_learned_limit(row.learned_limit);
    let kind = row.kind.as_deref().and_then(TroubleKind::from_word);
    match kind {
        Some(kind) if row.state == LaneState::Closed => {
            circuit.closed_since(row.since, kind, row.said.clone().unwrap_or_default(), clock.now())
        }
        _ => circuit,
    }
}

fn warn_of_missing(dispatch: &Dispatch, routes: &BTreeMap<String, Arc<Route>>) {
    for server in dispatch.servers() {
        if !routes.contains_key(&server) {
            warn!(%server, "jobs wait for a server that is no longer configured: `packetboat move-jobs --from {server} --to …`");
        }
    }
}

async fn hear(store: Store, dispatch: Arc<Dispatch>, stop: CancellationToken) {
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            touched = store.touched() => match touched {
                Some(queue) => dispatch.hear(queue),
                None => return,
            },
        }
    }
}
