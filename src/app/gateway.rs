//! The running gateway: store, worker, sources, janitor and control socket, started and stopped in the right order.

use crate::{
    clock::Clock,
    config::Settings,
    control::{self, Heard, Known, Operator, PausedInFile, Socket, SocketError},
    intake::Intake,
    janitor::Janitor,
    lanes::Paused,
    rules::{Rule, RuleSet},
    sources::watch::{self, WatchSource},
    store::{Ends, LockError, SessionId, Store, StoreError},
    worker::{Worker, WorkerSetup},
};
use std::{collections::BTreeSet, path::Path, sync::Arc, time::Duration};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};

/// How long the lock may be held by somebody who does not listen.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(50);

/// What a gateway is made of.
#[derive(Debug, Clone)]
pub struct GatewaySetup {
    pub settings: Settings,
    pub rules: RuleSet,
    pub clock: Clock,
    /// Serve this rule alone.
    pub only: Option<String>,
}

/// A gateway at work.
#[derive(Debug)]
pub struct Gateway {
    pub store: Store,
    pub worker: Arc<Worker>,
    pub watches: Vec<watch::Handle>,
    /// How many jobs had ended before anything here could end one.
    pub before: Ends,
    clock: Clock,
    session: SessionId,
    /// Cancelled first: nothing new is taken.
    watching: CancellationToken,
    stop: CancellationToken,
    tasks: TaskTracker,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Socket(#[from] SocketError),
    #[error("signals cannot be heard: {0}")]
    Signals(std::io::Error),
    #[error("there is no rule `{0}`")]
    NoSuchRule(String),
}

impl Gateway {
    /// Takes the storage, releases what a dead process had claimed, and starts every part; sources last.
    ///
    /// # Errors
    /// When the storage is in use or unreadable; then nothing runs.
    pub async fn start(setup: GatewaySetup) -> Result<Self, StartError> {
        let GatewaySetup { settings, rules, clock, only } = setup;
        if let Some(name) = only.as_ref().filter(|name| rules.rules.iter().all(|rule| rule.name != **name)) {
            return Err(StartError::NoSuchRule(name.clone()));
        }
        let store = open(&settings.storage).await?;
        let node = control::node();
        let session = store.begin_session(&node, clock.now()).await?;
        let before = store.ends(only.as_deref()).await?;
        let paused = settle_pauses(&store, &rules).await?;
        let worker = WorkerSetup {
            store: store.clone(),
            session,
            settings: &settings,
            rules: &rules,
            clock: clock.clone(),
            only: only.clone(),
        };
        let worker = Arc::new(Worker::start(worker).await?);
        let (watching, stop, tasks) = (CancellationToken::new(), CancellationToken::new(), TaskTracker::new());
        let intake = Intake::new(store.clone(), clock.clone(), node, &settings.storage, settings.limits.disk_free);
        intake.set_paused(paused.clone());
        let (tell, heard) = mpsc::unbounded_channel();
        let (watched, folders) = tokio::sync::watch::channel(Vec::new());
        let operator = Operator::new(store.clone(), clock.clone(), known(&settings, &rules));
        let operator = operator.heard_by(tell).watching(folders);
        tasks.spawn(Socket::listen(&settings.storage)?.serve(operator, stop.clone()));
        tasks.spawn(obey(heard, worker.clone(), intake.clone(), paused));
        let janitor =
            Janitor { store: store.clone(), session, clock: clock.clone(), history: settings.history.clone() };
        tasks.spawn(janitor.run(stop.clone()));
        let served = rules.rules.into_iter().filter(|rule| only.as_ref().is_none_or(|only| *only == rule.name));
        let start = |rule| WatchSource::start(Arc::new(rule), intake.clone(), clock.clone(), watching.clone());
        let watches: Vec<_> = served.map(start).collect();
        watched.send_replace(watches.clone());
        info!(rules = watches.len(), servers = settings.servers.len(), storage = %settings.storage.display(), "started");
        Ok(Self { store, worker, watches, before, clock, session, watching, stop, tasks })
    }

    /// Takes nothing new, hands back within `grace` what can be, counts no attempt for it, and lets the storage go.
    pub async fn stop(self, grace: Duration) {
        info!("stopping");
        self.watching.cancel();
        self.worker.stop(grace).await;
        let ended = async {
            for watch in &self.watches {
                watch.ended().await
            }
        };
        if timeout(PATIENCE, ended).await.is_err() {
            warn!("a folder is still being read: the storage is let go when that is over");
        }
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        if let Err(refused) = self.store.end_session(self.session, self.clock.now()).await {
            warn!(%refused, "the end of the session could not be written; the next start takes care of it");
        }
        self.store.close().await;
        info!("stopped");
    }
}

/// A verb that acts alone holds the lock for a moment, and so does a process that is stopping: both are waited for. One that
/// serves is not.
async fn open(storage: &Path) -> Result<Store, StoreError> {
    let until = Instant::now() + PATIENCE;
    let mut is_said = false;
    loop {
        match Store::open(storage).await {
            Err(StoreError::Locked(held @ LockError::Held(_)))
                if Instant::now() < until && control::is_silent(storage).await =>
            {
                if !std::mem::replace(&mut is_said, true) {
                    info!(%held, "waiting for it a moment");
                }
                sleep(PAUSE).await;
            }
            opened => return opened,
        }
    }
}

/// What the rule files and the operator say of pauses, made one: a rule whose file no longer pauses it goes on.
async fn settle_pauses(store: &Store, rules: &RuleSet) -> Result<BTreeSet<String>, StoreError> {
    let by_operator = store.paused_rules().await?;
    let mut paused: BTreeSet<String> = by_operator.into_iter().map(|paused| paused.rule).collect();
    for rule in &rules.rules {
        if rule.paused {
            store.hold_open(&rule.name).await?;
            paused.insert(rule.name.clone());
        } else if !paused.contains(&rule.name) {
            store.resume_rule(&rule.name).await?;
        }
    }
    Ok(paused)
}

/// Carries an operator's words to the parts they concern.
async fn obey(
    mut heard: mpsc::UnboundedReceiver<Heard>,
    worker: Arc<Worker>,
    intake: Intake,
    mut paused: BTreeSet<String>,
) {
    while let Some(word) = heard.recv().await {
        match word {
            Heard::ServerPaused(server) => _ = worker.set_paused(&server, Paused::Yes).await,
            Heard::ServerResumed(server) => _ = worker.set_paused(&server, Paused::No).await,
            Heard::RulePaused(rule) => {
                paused.insert(rule);
                intake.set_paused(paused.clone());
            }
            Heard::RuleResumed(rule) => {
                paused.remove(&rule);
                intake.set_paused(paused.clone());
            }
        }
    }
}

fn known(settings: &Settings, rules: &RuleSet) -> Known {
    let pause = |rule: &Rule| if rule.paused { PausedInFile::Yes } else { PausedInFile::No };
    Known {
        rules: rules.rules.iter().map(|rule| (rule.name.clone(), pause(rule))).collect(),
        servers: settings.servers.keys().cloned().collect(),
    }
}
