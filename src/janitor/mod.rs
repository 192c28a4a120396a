//! Housekeeping by the clock: the session's heartbeat, deadlines, a clock that was set back, history that has been kept long enough,
//! and notices.

mod bounces;
mod deliveries;
mod digests;
mod expectations;
mod heartbeat;
mod lateness;
mod missing;
mod senders;
mod teller;
#[cfg(test)]
mod tests;
mod writing;

pub use expectations::Sight;
pub use heartbeat::{Heartbeat, Surroundings, Unanswered};
pub use teller::Teller;

use crate::{
    clock::Clock,
    config::History,
    domain::{JobState, Moment},
    store::{SessionId, Store, StoreError},
};
use std::time::Duration;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

/// What the janitor looks after.
#[derive(Debug, Clone)]
pub struct Janitor {
    pub store: Store,
    pub session: SessionId,
    pub clock: Clock,
    pub history: History,
}

/// How late a deadline may be noticed.
const EXPIRE_EVERY: Duration = Duration::from_secs(2);
/// A clock that lost more than this was set, and did not drift.
const SET_BACK: Duration = Duration::from_secs(10);
/// A third of the lease.
const BEAT_EVERY: Duration = Duration::from_secs(20);
const PURGE_EVERY: Duration = Duration::from_secs(3600);

impl Janitor {
    /// Works until told to stop, also in the middle of a long purge: what it has asked of the database is done or not.
    pub async fn run(self, stop: CancellationToken) {
        let all = async { tokio::join!(self.beat_always(), self.expire_always(), self.purge_always()) };
        _ = stop.run_until_cancelled(all).await;
    }

    async fn beat_always(&self) {
        let mut ticks = every(BEAT_EVERY);
        loop {
            ticks.tick().await;
            tell(self.store.heartbeat(self.session, self.clock.now()).await);
        }
    }

    async fn expire_always(&self) {
        let mut ticks = every(EXPIRE_EVERY);
        let (mut wall, mut real) = (Moment(i64::MAX), Instant::now()); // at the start it may have been set back while nobody ran
        loop {
            ticks.tick().await;
            let now = self.clock.now();
            if now < wall.plus(real.elapsed()).minus(SET_BACK) {
                tell(self.store.bring_forward(now).await);
            }
            (wall, real) = (now, Instant::now());
            tell(self.expire().await);
        }
    }

    async fn purge_always(&self) {
        let mut ticks = every(PURGE_EVERY);
        loop {
            ticks.tick().await;
            tell(self.purge().await);
        }
    }

    /// Fails what reached its deadline.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn expire(&self) -> Result<(), StoreError> {
        loop {
            let expired = self.store.expire(self.clock.now()).await?;
            if expired.is_empty() {
                return Ok(());
            }
            for job in expired {
                info!(job = %job.job, rule = %job.rule, server = %job.server, "the deadline passed; the job is failed");
            }
        }
    }

    /// Removes ended jobs that have been kept long enough. Receipts stay.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn purge(&self) -> Result<(), StoreError> {
        let History { delivered, failed, bodies } = self.history;
        for (state, kept) in
            [(JobState::Delivered, delivered), (JobState::Failed, failed), (JobState::Cancelled, failed)]
        {
            let before = self.clock.now().minus(kept);
            while self.store.purge(state, before).await? > 0 {}
        }
        let (mut behind, before) = (Some(0), self.clock.now().minus(bodies));
        while let Some(last) = behind {
            behind = self.store.purge_bodies(last, before).await?;
        }
        self.store.forget_turned_away(self.clock.now().minus(failed)).await?;
        self.store.forget_suppressions(self.clock.now()).await?;
        self.store.forget_message_keys(self.clock.now()).await?;
        self.store.forget_incidents(self.clock.now().minus(failed)).await
    }
}

fn every(span: Duration) -> Interval {
    let mut ticks = interval(span);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

fn tell(done: Result<(), StoreError>) {
    if let Err(refused) = done {
        error!(%refused, "housekeeping must wait");
    }
}
