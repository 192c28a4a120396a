//! The running gateway: store, worker, sources, janitor and control socket, started and stopped in the right order.

use crate::{
    clock::Clock,
    config::{Doors, Settings},
    control::{self, Heard, Known, Operator, PausedInFile, Socket, SocketError},
    domain::Moment,
    http::Http,
    intake::Intake,
    janitor::{Heartbeat, Janitor, Sight, Surroundings, Teller},
    lanes::Paused,
    rules::{BySource, Requests, Rule, RuleSet},
    sources::{
        Origin, Running, maildrop::Maildrop, schedule::ScheduleSource, spool::Spool, submission::Submission,
        watch::WatchSource,
    },
    store::{Ends, LockError, SessionId, Store, StoreError},
    worker::{Worker, WorkerSetup},
};
use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};
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
    pub sources: Vec<Running>,
    pub teller: Teller,
    clock: Clock,
    session: SessionId,
    started_at: Moment,
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
        let (rules, only) = (&setup.rules.rules, &setup.only);
        if let Some(name) = only.as_ref().filter(|name| rules.iter().all(|rule| rule.name != **name)) {
            return Err(StartError::NoSuchRule(name.clone()));
        }
        let (storage, clock) = (setup.settings.storage.clone(), setup.clock.clone());
        let store = open(&storage).await?;
        let socket = Socket::listen(&storage)?; // before anything is begun that would have to be ended
        let started_at = clock.now();
        let session = store.begin_session(&control::node(), started_at).await?;
        let started = Self::serve(setup, store.clone(), socket, (session, started_at)).await;
        if started.is_err() {
            end(&store, session, clock.now()).await;
        }
        started
    }

    async fn serve(
        setup: GatewaySetup,
        store: Store,
        socket: Socket,
        (session, started_at): (SessionId, Moment),
    ) -> Result<Self, StartError> {
        let GatewaySetup { settings, rules, clock, only } = setup;
        settle_pauses(&store, &rules).await?;
        let worker = WorkerSetup {
            store: store.clone(),
            session,
            settings: &settings,
            rules: &rules,
            clock: clock.clone(),
            node: control::node(),
            only: only.clone(),
        };
        let worker = Arc::new(Worker::start(worker).await?);
        let (watching, stop, tasks) = (CancellationToken::new(), CancellationToken::new(), TaskTracker::new());
        let intake =
            Intake::new(store.clone(), clock.clone(), control::node(), &settings.storage, settings.limits.disk_free);
        let (tell, heard) = mpsc::unbounded_channel();
        let (begun, running) = tokio::sync::watch::channel(Vec::new());
        let operator = Operator::new(store.clone(), clock.clone(), known(&settings, &rules));
        let (said, unanswered) = tokio::sync::watch::channel(None);
        let operator = operator.heard_by(tell).watching(running.clone()).beating(unanswered);
        tasks.spawn(socket.serve(operator, stop.clone()));
        tasks.spawn(obey(heard, worker.clone()));
        let looking = running.clone();
        let sight = Sight::new(move || seen_whole(&looking.borrow()));
        let teller = Teller::new(store.clone(), (clock.clone(), sight), control::node(), (&settings, &rules));
        tasks.spawn(teller.clone().run(stop.clone()));
        let janitor =
            Janitor { store: store.clone(), session, clock: clock.clone(), history: settings.history.clone() };
        tasks.spawn(janitor.run(stop.clone()));
        let names: Arc<[String]> = rules.rules.iter().map(|rule| rule.name.clone()).collect();
        let served = rules.rules.into_iter().filter(|rule| only.as_ref().is_none_or(|only| *only == rule.name));
        let (mut sources, mut receiving) = (Vec::new(), Vec::new());
        for rule in served {
            match BySource::of(Arc::new(rule)) {
                BySource::Watching(rule) => {
                    let watch = WatchSource::start(rule, intake.clone(), clock.clone(), watching.clone());
                    sources.push(Running::Watch(watch));
                }
                BySource::Scheduled(rule) => {
                    let (door, names) = ((intake.clone(), clock.clone()), names.clone());
                    sources.push(Running::Schedule(ScheduleSource::start(rule, names, door, watching.clone())));
                }
                BySource::Receiving(rule) => receiving.push(rule),
            }
        }
        if only.is_none() && settings.doors != Doors::default() {
            let post = intake.post(receiving, settings.mail.return_path.clone()).await?;
            let maildrop = maildrop(&settings).map(|door| door.start(post.clone(), clock.clone(), &watching));
            let spool = spool(&settings).map(|door| door.start(post.clone(), clock.clone(), &watching));
            sources.extend(maildrop.into_iter().chain(spool).map(Running::MailFolder));
            let submission = submission(&settings).map(|door| door.start(post.clone(), clock.clone(), &watching));
            let http = http(&settings).map(|door| door.start(post, (store.clone(), clock.clone()), &watching));
            sources.extend(submission.into_iter().chain(http).map(Running::Listening));
        }
        begun.send_replace(sources.clone());
        if let Some(url) = settings.heartbeat.clone().filter(|_| only.is_none()) {
            let surroundings = Surroundings::new(move || control::first_trouble(&running.borrow()));
            let (store, clock) = (store.clone(), clock.clone());
            let heartbeat = Heartbeat { url, store, session, clock, surroundings, said };
            tasks.spawn(heartbeat.run(stop.clone()));
        }
        info!(rules = sources.len(), servers = settings.servers.len(), storage = %settings.storage.display(), "started");
        Ok(Self { store, worker, sources, teller, clock, session, started_at, watching, stop, tasks })
    }

    #[must_use]
    pub fn now(&self) -> Moment {
        self.clock.now()
    }

    /// What came to its end since the start, of all rules or of one.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn ends(&self, rule: Option<&str>) -> Result<Ends, StoreError> {
        self.store.ends(rule, self.started_at).await
    }

    /// Takes nothing new, hands back within `grace` what can be, counts no attempt for it, and lets the storage go.
    pub async fn stop(self, grace: Duration) {
        self.finish(grace).await;
        self.close().await;
    }

    /// The first half of a stop: takes nothing new, and within `grace` what is under way ends or is handed back.
    pub async fn finish(&self, grace: Duration) {
        info!("stopping");
        self.watching.cancel();
        self.worker.stop(grace).await;
        let ended = async {
            for source in &self.sources {
                source.ended().await
            }
        };
        if timeout(PATIENCE, ended).await.is_err() {
            warn!("a folder is still being read: the storage is let go when that is over");
        }
    }

    /// The second half: lets the storage go.
    pub async fn close(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        end(&self.store, self.session, self.clock.now()).await;
        info!("stopped");
    }
}

async fn end(store: &Store, session: SessionId, now: Moment) {
    if let Err(refused) = store.end_session(session, now).await {
        warn!(%refused, "the end of the session could not be written; the next start takes care of it");
    }
    store.close().await;
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
async fn settle_pauses(store: &Store, rules: &RuleSet) -> Result<(), StoreError> {
    let by_operator = store.paused_rules().await?;
    for rule in &rules.rules {
        if rule.paused {
            store.hold_open(&rule.name).await?;
        } else if by_operator.iter().all(|paused| paused.rule != rule.name) {
            store.resume_rule(&rule.name).await?;
        }
    }
    Ok(())
}

/// Rules whose sources have been seen whole, and how long ago.
fn seen_whole(sources: &[Running]) -> BTreeMap<String, Duration> {
    sources.iter().filter_map(|source| Some((source.name().to_owned(), source.seen_whole()?))).collect()
}

/// Carries an operator's words to the parts they concern. A rule's pause is in its row alone, which intake's own statement reads.
async fn obey(mut heard: mpsc::UnboundedReceiver<Heard>, worker: Arc<Worker>) {
    while let Some(word) = heard.recv().await {
        match word {
            Heard::ServerPaused(server) => worker.set_paused(&server, Paused::Yes).await,
            Heard::ServerResumed(server) => worker.set_paused(&server, Paused::No).await,
        }
    }
}

fn maildrop(settings: &Settings) -> Option<Maildrop> {
    let folder = settings.doors.maildrop.clone()?;
    let refused = folder.with_file_name("maildrop-refused");
    let Origin { message_size, host, domain } = origin(settings);
    Some(Maildrop { folder, refused, message_size, host, domain })
}

fn spool(settings: &Settings) -> Option<Spool> {
    Some(Spool::new(settings.doors.spool.clone()?, Requests::new(&settings.outline()), origin(settings)))
}

fn http(settings: &Settings) -> Option<Http> {
    let door = settings.doors.http.clone()?;
    Some(Http { door, requests: Requests::new(&settings.outline()), origin: origin(settings) })
}

fn submission(settings: &Settings) -> Option<Submission> {
    Some(Submission { door: settings.doors.submission.clone()?, origin: origin(settings) })
}

fn origin(settings: &Settings) -> Origin {
    let host = control::node();
    let domain = settings.mail.from.as_ref().map_or_else(|| host.clone(), |from| from.domain().to_owned());
    Origin { message_size: settings.limits.message_size, host, domain }
}

fn known(settings: &Settings, rules: &RuleSet) -> Known {
    let pause = |rule: &Rule| if rule.paused { PausedInFile::Yes } else { PausedInFile::No };
    Known {
        rules: rules.rules.iter().map(|rule| (rule.name.clone(), pause(rule))).collect(),
        servers: settings.servers.iter().map(|(name, server)| (name.clone(), server.kind())).collect(),
    }
}
