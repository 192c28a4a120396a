//! One world from its seed to its end: lives of the process, what happens to them, and peace at last.

use crate::{
    check::{self, Facts, Sample, Shut},
    configuration::{configure, host},
    life::Life,
    plan::{Event, Plan, Subject},
    served::Served,
    truth::Truth,
};
use packetboat::{
    clock::Clock,
    control::{self, Answer, Command, Configuration},
    domain::Moment,
    faults,
    simulation::{Conditions, Cut, Disk, Entry, Server, World, at_once, note},
    store::{JobFilter, Rehearsal, Which, database},
};
use sqlx::{ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{
    cell::Cell,
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::Path,
    rc::Rc,
    sync::{Arc, Mutex, Once},
    time::Duration,
};
use tempfile::TempDir;
use tokio::{sync::Notify, time::Instant};

/// Monday 2026-03-02, 09:00 UTC.
pub const BEGIN: i64 = 1_772_442_000_000;
const GRACE: Duration = Duration::from_secs(5);
/// What is claimed when a server goes down is noticed within this: a conversation lingers for ten seconds.
const NOTICED_MS: i64 = 15_000;
const PAUSED_MS: i64 = 2_000;

/// How it went.
pub struct Told {
    pub faults: Vec<String>,
    pub log: Vec<String>,
}

thread_local! {
    static PANICS: Cell<u32> = const { Cell::new(0) };
}

/// The world of `seed`, to its end.
pub fn run(seed: u64) -> Told {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICS.set(PANICS.get() + 1);
            usual(panic);
        }));
    });
    PANICS.set(0);
    fastrand::seed(seed);
    let plan = Plan::of(seed);
    let faults = catch_unwind(AssertUnwindSafe(|| {
        let mut run = Run::new(seed, plan);
        while run.live() {}
        run.judge()
    }));
    let log = World::end().map(|world| world.log).unwrap_or_default();
    let mut faults = faults.unwrap_or_default();
    if PANICS.get() > 0 {
        faults.push(format!("{} panics", PANICS.get()));
    }
    Told { faults, log }
}

pub struct Run {
    pub plan: Plan,
    home: TempDir,
    configuration: Configuration,
    pub servers: Vec<Arc<Server>>,
    truth: Arc<Mutex<Truth>>,
    dice: fastrand::Rng,
    /// The machine's clock when the process last ended.
    wall: i64,
    /// The event that comes next.
    next: usize,
    pub served: Served,
    samples: Vec<Sample>,
    shut: Vec<Shut>,
    refusing: BTreeMap<usize, i64>,
    paused: Vec<(Subject, i64)>,
    /// Steps to come of what is done to sources until the process dies.
    pub cut: Rc<Cell<Option<u64>>>,
    pub faults: Vec<String>,
}

/// Why a life is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Died,
    Stopped,
    /// Everything has happened.
    Over,
}

impl Run {
    fn new(seed: u64, plan: Plan) -> Self {
        let shared = Path::new("/dev/shm"); // no disk below it: a flush costs nothing
        let builder = || tempfile::Builder::new().prefix("packetboat-world-").tempdir_in(shared);
        let home = builder().or_else(|_| tempfile::tempdir()).unwrap();
        let moods = |salt: u64| fastrand::Rng::with_seed(seed.wrapping_mul(31).wrapping_add(salt));
        let server = |at: usize| Server::new(&plan.servers[at].name, moods(at as u64));
        let servers: Vec<Arc<Server>> = (0..plan.servers.len()).map(server).collect();
        let disk =
            Disk { moods: moods(77), slowest_ms: plan.slowest_commit_ms, death: None, died: Arc::new(Notify::new()) };
        let by_host = servers.iter().map(|server| (host(&server.name), server.clone())).collect();
        World { disk, servers: by_host, log: vec![], before_ms: 0, since: None }.begin();
        note(format!("seed {seed}: {:?} {:?}", plan.servers, plan.rules));
        let configuration = configure(home.path(), &plan);
        let truth = Arc::new(Mutex::new(Truth::new(home.path(), seed)));
        Self {
            plan,
            home,
            configuration,
            servers,
            truth,
            dice: moods(99),
            wall: BEGIN,
            next: 0,
            served: Served::default(),
            samples: vec![],
            shut: vec![],
            refusing: BTreeMap::new(),
            paused: vec![],
            cut: Rc::default(),
            faults: vec![],
        }
    }

    /// One life; whether another follows.
    fn live(&mut self) -> bool {
        self.what_happened_meanwhile();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let died = Arc::new(Notify::new());
        World::with(|world| world.disk.died = died.clone());
        let cut = self.cut.clone();
        let life = async {
            World::with(|world| world.since = Some(Instant::now()));
            let clock = Clock::paced(Moment(self.wall));
            let end = tokio::select! {
                biased;
                () = died.notified() => End::Died,
                end = self.go_on(clock.clone()) => end,
            };
            self.wall = clock.now().0;
            World::with(|world| (world.before_ms, world.since) = (world.elapsed_ms(), None));
            end
        };
        let end = faults::at_points(move |point| cut_at(point, &cut), || runtime.block_on(life));
        drop(runtime); // and with it every task, wherever it was
        self.served.close(self.wall, self.last_arrival());
        note(format!("{end:?}"));
        self.servers.iter().for_each(|server| server.hang_up());
        let down_ms = self.dice.u64(..20_000);
        World::with(|world| world.before_ms += down_ms);
        self.wall += i64::try_from(down_ms).unwrap();
        end != End::Over
    }

    /// Nobody was there to see it.
    fn what_happened_meanwhile(&mut self) {
        let now_ms = World::with(|world| world.elapsed_ms()).unwrap();
        while let Some((at_ms, event)) = self.plan.events.get(self.next).cloned() {
            let is_outside = matches!(event, Event::Write { .. } | Event::Remove { .. } | Event::Server { .. });
            if at_ms > now_ms || !is_outside {
                break;
            }
            self.next += 1;
            self.happen_outside(&event, self.wall);
        }
    }

    async fn go_on(&mut self, clock: Clock) -> End {
        note("the process begins");
        let life = Life::begin(&self.configuration, clock, self.truth.clone()).await;
        self.served.begin(life.clock.now().0);
        life.look_soon(Duration::ZERO);
        while let Some((at_ms, event)) = self.plan.events.get(self.next).cloned() {
            let now_ms = World::with(|world| world.elapsed_ms()).unwrap();
            pass(Duration::from_millis(at_ms.saturating_sub(now_ms))).await;
            self.next += 1;
            match event {
                Event::Kill => return End::Died,
                Event::Stop => {
                    self.served.end(life.clock.now().0);
                    life.stop(GRACE).await;
                    return End::Stopped;
                }
                event => self.happen(&life, event).await,
            }
        }
        self.peace(&life).await;
        life.stop(GRACE).await;
        End::Over
    }

    async fn happen(&mut self, life: &Life, event: Event) {
        let name = |subject| match subject {
            Subject::Rule(rule) => control::Subject::Rule(self.plan.rules[rule].name.clone()),
            Subject::Server(server) => control::Subject::Server(self.plan.servers[server].name.clone()),
        };
        match event {
            Event::Pause(subject) => {
                let answer = life.obey(Command::Pause { what: name(subject) }).await;
                if !matches!(answer, Answer::Failed { .. }) {
                    self.paused.push((subject, life.clock.now().0 + PAUSED_MS));
                }
            }
            Event::Resume(subject) => self.resume(life, subject).await,
            Event::Jobs { verb, rule } => {
                let filter = JobFilter { rule: Some(self.plan.rules[rule].name.clone()), ..JobFilter::default() };
                let which = Which::Filter(filter);
                life.obey(Command::Jobs { verb, which, rehearsal: Rehearsal::No }).await;
            }
            Event::Move { from, to } => {
                let [from, to] = [from, to].map(|server| self.plan.servers[server].name.clone());
                life.obey(Command::MoveJobs { from, to, rehearsal: Rehearsal::No }).await;
            }
            Event::Die { commits, side } => _ = World::with(|world| world.disk.death = Some((commits, side))),
            Event::LookAtIncidents => self.look_at_incidents(life),
            Event::Cut { points } => self.cut.set(Some(points)),
            Event::Jump { millis } => {
                note(format!("the clock jumps by {millis} ms"));
                let before = life.clock.now().0;
                life.clock.move_by(millis);
                self.served.jump((before, before + millis), self.last_arrival());
            }
            outside => {
                self.happen_outside(&outside, life.clock.now().0);
                life.look_soon(Duration::from_millis(self.dice.u64(1..1500)));
            }
        }
    }

    pub async fn resume(&mut self, life: &Life, subject: Subject) {
        let now = life.clock.now().0;
        let (over, paused) = std::mem::take(&mut self.paused).into_iter().partition(|(paused, _)| *paused == subject);
        self.paused = paused;
        for (_, from) in over {
            self.shut.push(match subject {
                Subject::Rule(rule) => {
                    Shut { server: None, rule: Some(self.plan.rules[rule].name.clone()), from, until: now }
                }
                Subject::Server(server) => self.shut_server(server, (from, now)),
            });
        }
        let what = match subject {
            Subject::Rule(rule) => control::Subject::Rule(self.plan.rules[rule].name.clone()),
            Subject::Server(server) => control::Subject::Server(self.plan.servers[server].name.clone()),
        };
        life.obey(Command::Resume { what }).await;
    }

    fn happen_outside(&mut self, event: &Event, now: i64) {
        match event {
            Event::Write { rule, name, bytes, how } => {
                note(format!("{} {name}: {bytes} bytes, {how:?}", self.plan.rules[*rule].name));
                self.truth.lock().unwrap().write(&self.plan, *rule, name, (*bytes, *how));
            }
            Event::Remove { rule, name } => {
                note(format!("{} {name} is removed", self.plan.rules[*rule].name));
                self.truth.lock().unwrap().remove(&self.plan, *rule, name);
            }
            Event::Server { server, conditions } => self.set(*server, *conditions, now),
            _ => {}
        }
    }

    pub fn set(&mut self, server: usize, conditions: Conditions, now: i64) {
        note(format!("{}: {conditions:?}", self.plan.servers[server].name));
        self.servers[server].set(conditions);
        if conditions.entry == Entry::Refused {
            self.refusing.entry(server).or_insert(now + NOTICED_MS);
        } else if let Some(from) = self.refusing.remove(&server) {
            let shut = self.shut_server(server, (from, now));
            self.shut.push(shut);
        }
    }

    fn shut_server(&self, server: usize, (from, until): (i64, i64)) -> Shut {
        Shut { server: Some(self.plan.servers[server].name.clone()), rule: None, from, until }
    }

    pub fn database(&self) -> SqliteConnection {
        let path = database(&self.home.path().join("storage"));
        at_once(SqliteConnectOptions::new().filename(path).read_only(true).connect()).unwrap()
    }

    fn look_at_incidents(&mut self, life: &Life) {
        const ROW: &str = "SELECT (SELECT counts_from FROM expectations WHERE rule = ?1),
            (SELECT coalesce(reopened_at, opened_at) FROM incidents WHERE event = 'missed' AND subject = ?1 AND closed_at IS NULL)";
        let (mut db, at) = (self.database(), life.clock.now().0);
        for (number, rule) in self.plan.rules.iter().enumerate() {
            let Some(ago) = life.seen.lock().unwrap().get(&rule.name).map(Instant::elapsed) else { continue };
            let seen_at = at - i64::try_from(ago.as_millis()).unwrap();
            let row = at_once(sqlx::query_as(ROW).bind(&rule.name).fetch_one(&mut db)).unwrap();
            let (counts_from, missed) = row;
            self.samples.push(Sample { rule: number, at, seen_at, counts_from, missed });
        }
    }

    fn last_arrival(&self) -> i64 {
        const LAST: &str = "SELECT coalesce(max(id), 0) FROM arrivals";
        at_once(sqlx::query_scalar(LAST).fetch_one(&mut self.database())).unwrap()
    }

    fn judge(mut self) -> Vec<String> {
        let mut db = self.database();
        let truth = self.truth.lock().unwrap();
        let facts =
            Facts::read(&mut db, &self.plan, &truth, &self.servers, (&self.shut, &self.served.spans, &self.samples))
                .unwrap();
        self.faults.extend(check::all(&facts));
        drop(truth);
        self.faults
    }
}

pub async fn pass(span: Duration) {
    tokio::time::sleep_until(Instant::now() + span).await;
}

/// Whether the process dies here.
fn cut_at(point: &str, cut: &Cell<Option<u64>>) {
    let Some(left) = cut.get().filter(|_| point.starts_with("here.")) else { return };
    cut.set(left.checked_sub(1).filter(|left| *left > 0));
    if cut.get().is_none() {
        resume_unwind(Box::new(Cut));
    }
}
