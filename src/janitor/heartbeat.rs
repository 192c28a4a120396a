//! The heartbeat: an address that is asked for every minute while all is well, so that whoever waits for it notices our own death. That
//! jobs failed is over and was told: it does not last, and does not silence it.

use crate::{
    clock::Clock,
    config::Url,
    domain::Moment,
    store::{SessionId, Store},
    web,
};
use std::{fmt, sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval_at},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

const EVERY: Duration = Duration::from_secs(60);
/// By then most of what is wrong has been seen.
const FIRST: Duration = Duration::from_secs(5);
const DEADLINE: Duration = Duration::from_secs(10);

/// Since when the address does not answer as it should, and why; `None` while it does or is not asked.
pub type Unanswered = Option<(Moment, String)>;

/// Whatever the database does not know of: `None` while it is well, else what is wrong.
#[derive(Clone)]
pub struct Surroundings(Arc<dyn Fn() -> Option<String> + Send + Sync>);

impl Surroundings {
    /// By asking whoever knows.
    pub fn new(ask: impl Fn() -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(ask))
    }
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Surroundings").field(&(self.0)()).finish()
    }
}

/// What asks.
#[derive(Debug)]
pub struct Heartbeat {
    pub url: Url,
    pub store: Store,
    pub session: SessionId,
    pub clock: Clock,
    pub surroundings: Surroundings,
    /// Who wants to know how it went.
    pub said: watch::Sender<Unanswered>,
}

impl Heartbeat {
    /// Asks every minute until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut ticks = interval_at(Instant::now() + FIRST, EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let all = async {
            loop {
                ticks.tick().await;
                self.beat().await;
            }
        };
        stop.run_until_cancelled(all).await;
    }

    /// Asks once, if all is well.
    pub async fn beat(&self) {
        if let Some(why) = self.ill().await {
            debug!(%why, "no heartbeat: not all is well");
            return;
        }
        let host = self.url.authority();
        match web::get(&self.url, DEADLINE).await {
            Ok(()) => {
                if self.said.send_replace(None).is_some() {
                    info!(host, "the heartbeat is answered again");
                }
            }
            Err(why) => {
                let since = self.said.borrow().as_ref().map(|(since, _)| *since);
                if since.is_none() {
                    warn!(%why, "the heartbeat is not answered");
                }
                self.said.send_replace(Some((since.unwrap_or_else(|| self.clock.now()), why.to_string())));
            }
        }
    }

    /// What is wrong: the database takes nothing, something is in trouble, late or missed, or the surroundings.
    async fn ill(&self) -> Option<String> {
        if let Err(refused) = self.store.heartbeat(self.session, self.clock.now()).await {
            return Some(refused.to_string());
        }
        match self.store.open_troubles().await {
            Ok(0) => (self.surroundings.0)(),
            Ok(_) => Some("an incident lasts".to_owned()),
            Err(unreadable) => Some(unreadable.to_string()),
        }
    }
}
