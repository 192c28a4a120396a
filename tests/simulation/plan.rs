//! What a seed makes of a world: its servers, its rules, and what happens when.

mod after;
mod expect;
mod ticks;

pub use after::{AfterPlan, Fate};
pub use ticks::TickPlan;

use fastrand::Rng;
use packetboat::{
    simulation::{Conditions, Death, Entry},
    store::JobVerb,
};

/// A world to be.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Servers for files, then relays.
    pub servers: Vec<ServerPlan>,
    pub rules: Vec<RulePlan>,
    /// Rules of the clock.
    pub ticks: Vec<TickPlan>,
    /// In order of their milliseconds.
    pub events: Vec<(u64, Event)>,
    /// Incidents are waited for until they are told to their end.
    pub is_long: bool,
    pub slowest_commit_ms: u64,
}

#[derive(Debug, Clone)]
pub struct ServerPlan {
    pub name: String,
    pub is_relay: bool,
    pub connections: u32,
}

#[derive(Debug, Clone)]
pub struct RulePlan {
    pub name: String,
    /// Places in [`Plan::servers`].
    pub to: Vec<usize>,
    /// It mails, to these.
    pub recipients: Vec<String>,
    pub in_order: bool,
    /// One job at once.
    pub is_single: bool,
    /// Nothing starts in the first two minutes.
    pub is_windowed: bool,
    /// All its files have one target.
    pub is_shared: bool,
    pub priority: &'static str,
    pub deadline_s: Option<u64>,
    pub attempts: Option<u32>,
    pub resumes: bool,
    pub follow: AfterPlan,
    /// That something comes.
    pub expects_s: Option<u64>,
}

#[derive(Debug, Clone)]
pub enum Event {
    Write {
        rule: usize,
        name: String,
        bytes: usize,
        how: Writing,
    },
    Remove {
        rule: usize,
        name: String,
    },
    Server {
        server: usize,
        conditions: Conditions,
    },
    Pause(Subject),
    Resume(Subject),
    Jobs {
        verb: JobVerb,
        rule: usize,
    },
    Move {
        from: usize,
        to: usize,
    },
    /// At a commit to come.
    Die {
        commits: u64,
        side: Death,
    },
    /// Amid what is done to sources, at a step to come.
    Cut {
        points: u64,
    },
    LookAtIncidents,
    /// Now.
    Kill,
    Stop,
    Jump {
        millis: i64,
    },
}

#[derive(Debug, Clone, Copy)]
pub enum Writing {
    /// Another file gets its name.
    Renamed,
    /// The same file gets other bytes.
    InPlace,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    Rule(usize),
    Server(usize),
}

impl Plan {
    pub fn of(seed: u64) -> Self {
        let mut dice = Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5eed);
        let servers = servers(&mut dice);
        let mut rules = rules(&mut dice, &servers);
        let horizon_ms = dice.u64(10_000..50_000);
        let mut events = files(&mut dice, &rules, horizon_ms);
        events.extend(moods(&mut dice, &servers, horizon_ms));
        events.extend(operator(&mut dice, &servers, &rules, horizon_ms));
        events.extend(ends(&mut dice, horizon_ms));
        let mut of_sources = Rng::with_seed(seed ^ 0xaf7e);
        events.extend(after::plan(&mut of_sources, &mut rules, horizon_ms));
        if dice.u8(..10) == 0 {
            let millis = [-3_600_000, -60_000, -15_000, 15_000, 60_000, 7_200_000][dice.usize(..6)];
            events.push((dice.u64(..horizon_ms), Event::Jump { millis }));
        }
        events.extend(expect::plan(&mut Rng::with_seed(seed ^ 0xe4bec7), &mut rules));
        let ticks = ticks::plan(&mut Rng::with_seed(seed ^ 0x71c5));
        events.sort_by_key(|(at_ms, _)| *at_ms);
        let (is_long, slowest_commit_ms) = (dice.u8(..6) == 0, [0, 5, 40, 200][dice.usize(..4)]);
        Self { servers, rules, ticks, events, is_long, slowest_commit_ms }
    }

    pub fn jumps(&self) -> bool {
        self.events.iter().any(|(_, event)| matches!(event, Event::Jump { .. }))
    }

    pub fn moves(&self) -> bool {
        self.events.iter().any(|(_, event)| matches!(event, Event::Move { .. }))
    }

    pub fn relays(&self) -> usize {
        self.servers.iter().filter(|server| server.is_relay).count()
    }

    /// Whether the operator does this to jobs of this rule.
    pub fn does(&self, wanted: JobVerb, of: usize) -> bool {
        let is_it = |event: &Event| matches!(event, Event::Jobs { verb, rule } if *verb == wanted && *rule == of);
        self.events.iter().any(|(_, event)| is_it(event))
    }
}

fn servers(dice: &mut Rng) -> Vec<ServerPlan> {
    let (files, relays) = (dice.usize(1..=3), dice.usize(1..=2));
    let names = ["alpha", "beta", "gamma"].into_iter().take(files).map(|name| (name, false));
    let relays = ["main", "spare"].into_iter().take(relays).map(|name| (name, true));
    let server =
        |(name, is_relay): (&str, bool)| ServerPlan { name: name.to_owned(), is_relay, connections: dice.u32(1..=3) };
    names.chain(relays).map(server).collect()
}

fn rules(dice: &mut Rng, servers: &[ServerPlan]) -> Vec<RulePlan> {
    let files: Vec<usize> = (0..servers.len()).filter(|at| !servers[*at].is_relay).collect();
    let count = dice.usize(1..=4);
    let rule = |number: usize| {
        let mut to = files.clone();
        dice.shuffle(&mut to);
        to.truncate(dice.usize(1..=2).min(to.len()));
        let mails = dice.u8(..4) == 0;
        let who = ["ann@there.example", "bob@there.example", "nobody@there.example"];
        let recipients =
            if mails { who[..dice.usize(1..=3)].iter().map(|to| (*to).to_owned()).collect() } else { vec![] };
        RulePlan {
            name: format!("rule-{number}"),
            to,
            recipients,
            in_order: dice.u8(..4) == 0,
            is_single: dice.u8(..5) == 0,
            is_windowed: dice.u8(..16) == 0,
            is_shared: !mails && dice.u8(..6) == 0,
            priority: ["low", "normal", "high"][dice.usize(..3)],
            deadline_s: (dice.u8(..6) == 0).then(|| dice.u64(20..200)),
            attempts: (dice.u8(..5) == 0).then(|| dice.u32(1..5)),
            resumes: dice.bool(),
            follow: AfterPlan::default(),
            expects_s: None,
        }
    };
    (0..count).map(rule).collect()
}

fn files(dice: &mut Rng, rules: &[RulePlan], horizon_ms: u64) -> Vec<(u64, Event)> {
    let mut events = vec![];
    for rule in 0..rules.len() {
        for file in 0..dice.usize(1..=6) {
            let kind = ["", "", "", "", "450-", "553-"][dice.usize(..6)];
            let name = format!("{kind}file-{file}");
            let mut at_ms = dice.u64(..horizon_ms / 2);
            for _ in 0..[1, 1, 1, 2, 4][dice.usize(..5)] {
                let bytes = [0, 1, 3000, 9000, 30_000][dice.usize(..5)] + dice.usize(..1000);
                let how = if dice.bool() { Writing::Renamed } else { Writing::InPlace };
                events.push((at_ms, Event::Write { rule, name: name.clone(), bytes, how }));
                at_ms += if dice.bool() { dice.u64(..1500) } else { dice.u64(..horizon_ms / 3) };
            }
            if dice.u8(..8) == 0 {
                events.push((at_ms, Event::Remove { rule, name }));
            }
        }
    }
    events
}

fn moods(dice: &mut Rng, servers: &[ServerPlan], horizon_ms: u64) -> Vec<(u64, Event)> {
    let mut events = vec![];
    for server in 0..servers.len() {
        let mut at_ms = if dice.bool() { 0 } else { dice.u64(..horizon_ms) };
        for _ in 0..dice.usize(..4) {
            let conditions = condition(dice);
            events.push((at_ms, Event::Server { server, conditions }));
            at_ms += dice.u64(500..40_000);
            if dice.bool() {
                events.push((at_ms, Event::Server { server, conditions: Conditions::FAIR }));
                at_ms += dice.u64(500..30_000);
            }
        }
    }
    events
}

fn condition(dice: &mut Rng) -> Conditions {
    let fair = Conditions::FAIR;
    match dice.u8(..8) {
        0 | 1 => Conditions { entry: Entry::Refused, ..fair },
        2 => Conditions { entry: Entry::WrongPassword, ..fair },
        3 => Conditions { conversations: dice.u32(..3), ..fair },
        4 => Conditions { drops: 25, ..fair },
        5 => Conditions { loses: 50, ..fair },
        6 => Conditions { grumbles: 30, drops: 5, ..fair },
        _ => Conditions { slowest_ms: 3000, loses: 10, ..fair },
    }
}

fn operator(dice: &mut Rng, servers: &[ServerPlan], rules: &[RulePlan], horizon_ms: u64) -> Vec<(u64, Event)> {
    let mut events = vec![];
    if dice.bool() {
        return events;
    }
    for _ in 0..dice.usize(1..5) {
        let at_ms = dice.u64(..horizon_ms);
        let rule = dice.usize(..rules.len());
        let subject = if dice.bool() { Subject::Rule(rule) } else { Subject::Server(dice.usize(..servers.len())) };
        match dice.u8(..6) {
            0 | 1 => {
                events.push((at_ms, Event::Pause(subject)));
                events.push((at_ms + dice.u64(..40_000), Event::Resume(subject)));
            }
            2 => events.push((at_ms, Event::Jobs { verb: JobVerb::Cancel, rule })),
            3 => {
                events.push((at_ms, Event::Jobs { verb: JobVerb::Hold, rule }));
                events.push((at_ms + dice.u64(..30_000), Event::Jobs { verb: JobVerb::Release, rule }));
            }
            // an older file of a shared target that is tried again goes over a newer one: who asks for it wants it
            4 if !rules[rule].is_shared => events.push((at_ms, Event::Jobs { verb: JobVerb::Retry, rule })),
            5 if !rules.iter().any(|rule| rule.is_shared) => {
                let to: Vec<usize> = (0..servers.len()).filter(|at| !servers[*at].is_relay).collect();
                let (from, to) = (dice.usize(..to.len()), dice.usize(..to.len()));
                events.push((at_ms, Event::Move { from, to }));
            }
            _ => {}
        }
    }
    events
}

fn ends(dice: &mut Rng, horizon_ms: u64) -> Vec<(u64, Event)> {
    let mut events = vec![];
    for _ in 0..[0, 0, 1, 1, 1, 2][dice.usize(..6)] {
        let side = if dice.bool() { Death::Before } else { Death::After };
        let end = match dice.u8(..4) {
            0 => Event::Kill,
            1 => Event::Stop,
            _ => Event::Die { commits: dice.u64(1..30), side },
        };
        events.push((dice.u64(..horizon_ms), end));
    }
    events
}
