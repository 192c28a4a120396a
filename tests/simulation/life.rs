//! One life of the process: the parts that a gateway puts together, without its sockets and without inotify.

use crate::{
    source::{Seen, Source},
    truth::Truth,
};
use packetboat::{
    clock::Clock,
    control::{Answer, Command, Configuration, Heard, Known, Operator, PausedInFile},
    intake::Intake,
    janitor::{Janitor, Sight, Teller},
    lanes::Paused,
    rules::{BySource, Scheduled, Watching},
    simulation::{at_once, note},
    sources::schedule::{Handle, ScheduleSource},
    store::{SessionId, Store},
    worker::{Worker, WorkerSetup},
};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub struct Life {
    pub clock: Clock,
    pub source: Arc<Source>,
    schedules: Vec<Handle>,
    pub seen: Arc<Seen>,
    operator: Operator,
    worker: Arc<Worker>,
    store: Store,
    session: SessionId,
    /// Cancelled first: nothing new is taken.
    watching: CancellationToken,
    stop: CancellationToken,
    tasks: TaskTracker,
}

const NODE: &str = "gate";

impl Life {
    /// As `app::Gateway` does it, and in its order.
    pub async fn begin(configuration: &Configuration, clock: Clock, truth: Arc<Mutex<Truth>>) -> Self {
        let Configuration { settings, rules, .. } = configuration;
        let store = at_once(Store::open(&settings.storage)).unwrap();
        let session = store.begin_session(NODE, clock.now()).await.unwrap();
        let paused = store.paused_rules().await.unwrap();
        for rule in rules.rules.iter().filter(|rule| paused.iter().all(|paused| paused.rule != rule.name)) {
            store.resume_rule(&rule.name).await.unwrap();
        }
        let setup = WorkerSetup {
            store: store.clone(),
            session,
            settings,
            rules,
            clock: clock.clone(),
            node: NODE.to_owned(),
            only: None,
        };
        let worker = Arc::new(Worker::start(setup).await.unwrap());
        let (watching, stop, tasks) = (CancellationToken::new(), CancellationToken::new(), TaskTracker::new());
        let intake =
            Intake::new(store.clone(), clock.clone(), NODE.to_owned(), &settings.storage, settings.limits.disk_free);
        let (tell, heard) = mpsc::unbounded_channel();
        let known = Known {
            rules: rules.rules.iter().map(|rule| (rule.name.clone(), PausedInFile::No)).collect(),
            servers: settings.servers.iter().map(|(name, server)| (name.clone(), server.kind())).collect(),
        };
        let operator = Operator::new(store.clone(), clock.clone(), known).heard_by(tell);
        tasks.spawn(obey(heard, worker.clone()));
        let seen: Arc<Seen> = Arc::default();
        let looking = seen.clone();
        let ago = move || looking.lock().unwrap().iter().map(|(rule, since)| (rule.clone(), since.elapsed())).collect();
        let teller = Teller::new(store.clone(), (clock.clone(), Sight::new(ago)), NODE.to_owned(), (settings, rules));
        tasks.spawn(teller.run(stop.clone()));
        let janitor =
            Janitor { store: store.clone(), session, clock: clock.clone(), history: settings.history.clone() };
        tasks.spawn(janitor.run(stop.clone()));
        let (mut watched, mut scheduled): (Vec<Watching>, Vec<Scheduled>) = (vec![], vec![]);
        for rule in &rules.rules {
            match BySource::of(Arc::new(rule.clone())) {
                BySource::Watching(rule) => watched.push(rule),
                BySource::Receiving(_) => unreachable!("no rule of a world takes mail"),
                BySource::Scheduled(rule) => scheduled.push(rule),
            }
        }
        let source = Arc::new(Source::new(intake.clone(), &watched, clock.clone(), (truth, seen.clone())).await);
        let names: Arc<[String]> = rules.rules.iter().map(|rule| rule.name.clone()).collect();
        let start = |rule| {
            let door = (intake.clone(), clock.clone());
            ScheduleSource::start(rule, names.clone(), door, watching.clone())
        };
        let schedules = scheduled.into_iter().map(start).collect();
        Self { clock, source, schedules, seen, operator, worker, store, session, watching, stop, tasks }
    }

    /// No tick is taken any more.
    pub async fn stop_schedules(&self) {
        for schedule in &self.schedules {
            schedule.stop();
            schedule.ended().await;
        }
    }

    pub async fn obey(&self, command: Command) -> Answer {
        let answer = self.operator.obey(command.clone()).await;
        note(format!("{command:?}: {answer:?}"));
        answer
    }

    /// As `app::Gateway::stop`, up to the closing of the database, of which nobody would know who waits for whom.
    pub async fn stop(self, grace: Duration) {
        self.watching.cancel();
        self.worker.stop(grace).await;
        self.stop.cancel();
        drop(self.operator);
        self.tasks.close();
        self.tasks.wait().await;
        self.store.end_session(self.session, self.clock.now()).await.unwrap();
    }

    /// Looks at the folders in a while, beside everything else.
    pub fn look_soon(&self, wait: Duration) {
        let (source, watching) = (self.source.clone(), self.watching.clone());
        let at = tokio::time::Instant::now() + wait;
        tokio::spawn(async move {
            tokio::time::sleep_until(at).await;
            watching.run_until_cancelled(source.look()).await;
        });
    }
}

async fn obey(mut heard: mpsc::UnboundedReceiver<Heard>, worker: Arc<Worker>) {
    while let Some(word) = heard.recv().await {
        match word {
            Heard::ServerPaused(server) => worker.set_paused(&server, Paused::Yes).await,
            Heard::ServerResumed(server) => worker.set_paused(&server, Paused::No).await,
        }
    }
}
