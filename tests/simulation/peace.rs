//! The end of a world: servers are well, and there is time for everything to end.

use crate::{
    check,
    life::Life,
    plan::Subject,
    world::{Run, pass},
};
use packetboat::{
    control::Command,
    domain::JobState,
    simulation::{Conditions, World, at_once, note},
    store::{JobFilter, JobVerb, Rehearsal, Which},
};
use sqlx::SqliteConnection;
use std::time::Duration;
use tokio::time::Instant;

/// How often folders are scanned.
const LOOK: Duration = Duration::from_secs(15);
/// Ticks still come for so long.
const TICKING: Duration = Duration::from_secs(40);
/// By then everything must have ended, once the servers are well.
const PEACE: Duration = Duration::from_secs(45 * 60);

impl Run {
    /// Servers are well, nobody pauses anything, and there is time.
    pub async fn peace(&mut self, life: &Life) {
        note("peace");
        World::with(|world| world.disk.death = None);
        self.cut.set(None);
        for server in 0..self.servers.len() {
            self.set(server, Conditions::FAIR, life.clock.now().0);
        }
        let rules = (0..self.plan.rules.len()).map(Subject::Rule);
        let subjects: Vec<Subject> = rules.chain((0..self.servers.len()).map(Subject::Server)).collect();
        for subject in subjects {
            self.resume(life, subject).await;
        }
        let held = JobFilter { states: vec![JobState::Held], ..JobFilter::default() };
        let release = Command::Jobs { verb: JobVerb::Release, which: Which::Filter(held), rehearsal: Rehearsal::No };
        life.obey(release).await;
        life.source.look().await;
        let mut db = self.database();
        if !self.plan.ticks.is_empty() {
            pass(TICKING).await;
            self.served.end(life.clock.now().0);
            life.stop_schedules().await;
        }
        let begun = Instant::now();
        let (mut told, mut looks) = (!self.plan.is_long, 1);
        while is_busy(&mut db) || !told {
            if begun.elapsed() > PEACE {
                return self.faults.push(format!("not over after {PEACE:?} of peace: {:?}", check::open(&mut db)));
            }
            told |= !is_busy(&mut db);
            if begun.elapsed() > LOOK * looks {
                looks += 1;
                life.source.look().await; // as a folder is scanned again and again
            }
            // an incident is over after a quiet minute, and the mail about it needs a look or two
            pass(Duration::from_secs(if self.plan.is_long && told { 90 } else { 1 })).await;
        }
    }
}

fn is_busy(db: &mut SqliteConnection) -> bool {
    const OPEN: &str = "SELECT (SELECT count(*) FROM jobs WHERE state IN ('waiting', 'queued', 'running', 'held'))
        + (SELECT count(*) FROM arrivals WHERE after IN ('due', 'ripe'))";
    at_once(sqlx::query_scalar::<_, i64>(OPEN).fetch_one(db)).unwrap() > 0
}
