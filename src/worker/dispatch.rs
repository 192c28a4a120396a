//! Who is served next: fair between rules, by priority class, within what each rule allows.

use crate::{
    clock::Clock,
    domain::{HERE, Moment, NOTICES, Retry},
    policy::Fair,
    rules::RuleSet,
    store::{Ask, Parcel, QueueKey, SessionId, Store, StoreError},
    worker::{
        gates::{Admission, Gates},
        queues::Queues,
    },
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::Notify, time::Instant};

/// The one place that claims. Shared by all lanes.
#[derive(Debug)]
pub(super) struct Dispatch {
    store: Store,
    session: SessionId,
    clock: Clock,
    retries: HashMap<String, Retry>,
    /// Of a rule that is no longer there.
    default_retry: Retry,
    /// Serve this rule alone.
    only: Option<String>,
    state: Mutex<State>,
    bells: Mutex<HashMap<String, Arc<Notify>>>,
}

#[derive(Debug)]
struct State {
    queues: Queues,
    /// Counts what was heard, so that a look at the database older than the last word is not believed.
    heard: u64,
    gates: Gates,
    fair: HashMap<String, Fair>,
}

/// What a lane may expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outlook {
    /// Something may be claimed now.
    Due,
    /// Nothing before this span is over.
    In(Duration),
    /// Nothing at all until the bell rings.
    Nothing,
}

impl Dispatch {
    pub(super) async fn new(setup: DispatchSetup<'_>) -> Result<Self, StoreError> {
        let DispatchSetup { store, session, clock, rules, default_retry, only } = setup;
        let mut queues = Queues::default();
        for row in store.queues().await? {
            queues.set(row.key, Some(row.due_at));
        }
        Ok(Self {
            session,
            clock,
            retries: rules.rules.iter().map(|rule| (rule.name.clone(), rule.retry)).collect(),
            default_retry,
            only,
            state: Mutex::new(State {
                queues,
                heard: 0,
                gates: Gates::new(rules, Instant::now().into_std()),
                fair: HashMap::new(),
            }),
            bells: Mutex::default(),
            store,
        })
    }

    /// Rings whenever `server` may have something new to do.
    pub(super) fn bell(&self, server: &str) -> Arc<Notify> {
        lock(&self.bells).entry(server.to_owned()).or_default().clone()
    }

    /// A commit gave this queue something to do.
    pub(super) fn hear(&self, key: QueueKey) {
        let server = key.server.clone();
        {
            let mut state = lock(&self.state);
            state.heard += 1;
            state.queues.set(key, Some(Moment(0)));
        }
        self.ring(&server);
    }

    /// Asks the database what is due: what was committed a moment ago may not have been heard of yet.
    pub(super) async fn look_again(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        for row in self.store.queues().await?.into_iter().filter(|row| row.due_at <= now) {
            self.hear(row.key);
        }
        Ok(())
    }

    /// The servers that anything is queued for, configured or not.
    pub(super) fn servers(&self) -> Vec<String> {
        lock(&self.state).queues.servers().cloned().collect()
    }

    /// What `server` has to do.
    pub(super) fn outlook(&self, server: &str) -> Outlook {
        let (now, instant) = (self.clock.now(), Instant::now().into_std());
        let state = lock(&self.state);
        let mut soonest = state.queues.next_due(server, now).map(|due_at| due_at.since(now));
        for key in state.queues.due(server, now) {
            if !self.serves(&key.rule) {
                continue;
            }
            match admission(&state.gates, key, now, instant) {
                Admission::UpTo(_) => return Outlook::Due,
                Admission::After(span) => soonest = Some(soonest.map_or(span, |other| other.min(span))),
                Admission::Full => {}
            }
        }
        // wall time decides: look again in a while even if nothing rings, for the clock may have been set
        soonest.map_or(Outlook::Nothing, |span| Outlook::In(span.min(LONGEST_NAP)))
    }

    /// Claims up to `parcels` for `server`; none when nothing is due.
    pub(super) async fn claim(&self, server: &str, parcels: u32) -> Result<Vec<Parcel>, StoreError> {
        let now = self.clock.now();
        let asks = self.choose(server, parcels, now);
        if asks.is_empty() {
            return Ok(vec![]);
        }
        let claimed = self.store.claim(self.session, asks.clone(), now).await;
        self.account(server, &asks, claimed.as_deref().unwrap_or_default());
        let claimed = claimed?;
        for ask in asks {
            let got = claimed.iter().filter(|parcel| parcel.jobs[0].is_of(&ask.queue)).count();
            if got < ask.parcels as usize {
                let heard = lock(&self.state).heard;
                let due_at = self.store.next_due(&ask.queue).await?;
                let mut state = lock(&self.state);
                if state.heard == heard {
                    state.queues.set(ask.queue, due_at);
                }
            }
        }
        Ok(claimed)
    }

    /// A job of `rule` for `server` ended its try: its place is free.
    pub(super) fn ended(&self, rule: &str, server: &str) {
        if server != HERE {
            lock(&self.state).gates.ended(rule);
        }
        self.tell_others(rule, server); // first: where all share one place, each gets its turn
        self.ring_if_due(server);
    }

    /// Who shares the places of `rule` with `server` may have found them taken.
    fn tell_others(&self, rule: &str, server: &str) {
        let others: Vec<String> = {
            let state = lock(&self.state);
            if !state.gates.is_shared(rule) {
                return;
            }
            state.queues.servers_of(rule).filter(|other| *other != server).cloned().collect()
        };
        others.iter().for_each(|server| self.ring_if_due(server));
    }

    fn ring_if_due(&self, server: &str) {
        if self.outlook(server) == Outlook::Due {
            self.ring(server);
        }
    }

    /// What to claim. Its places are taken at once: other servers choose while the claim is under way.
    fn choose(&self, server: &str, parcels: u32, now: Moment) -> Vec<Ask> {
        let instant = Instant::now().into_std();
        let mut state = lock(&self.state);
        let State { queues, gates, fair, .. } = &mut *state;
        let open: Vec<&QueueKey> = queues.due(server, now).into_iter().filter(|key| self.serves(&key.rule)).collect();
        let left = open.iter().filter_map(|key| match admission(gates, key, now, instant) {
            Admission::UpTo(most) => Some((key.rule.as_str(), most)),
            Admission::After(_) | Admission::Full => None,
        });
        let left = left.collect();
        let shares = share(open, left, fair.entry(server.to_owned()).or_default(), parcels);
        if server != HERE {
            shares.iter().for_each(|(queue, parcels)| gates.started(&queue.rule, *parcels, instant));
        }
        let ask = |(queue, parcels): (QueueKey, u32)| Ask { retry: self.retry(&queue.rule), queue, parcels };
        shares.into_iter().map(ask).collect()
    }

    /// Makes the places taken for `asks` those of what was claimed.
    fn account(&self, server: &str, asks: &[Ask], claimed: &[Parcel]) {
        if server == HERE {
            return;
        }
        let mut places: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
        asks.iter().for_each(|ask| places.entry(&ask.queue.rule).or_default().0 += ask.parcels);
        claimed.iter().flat_map(|parcel| &parcel.jobs).for_each(|job| places.entry(&job.rule).or_default().1 += 1);
        let instant = Instant::now().into_std();
        for (rule, (taken, needed)) in places {
            if needed > taken {
                lock(&self.state).gates.started(rule, needed - taken, instant);
            } else if taken > needed {
                lock(&self.state).gates.not_started(rule, taken - needed, instant);
                self.tell_others(rule, server);
            }
        }
    }

    fn retry(&self, rule: &str) -> Retry {
        self.retries.get(rule).copied().unwrap_or(self.default_retry)
    }

    fn serves(&self, rule: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == rule || rule == NOTICES) // what went wrong is told in any case
    }

    fn ring(&self, server: &str) {
        self.bell(server).notify_waiters();
    }
}

/// A rule's `running` and `rate` are about what goes to servers.
fn admission(gates: &Gates, key: &QueueKey, now: Moment, instant: std::time::Instant) -> Admission {
    match key.server.as_str() {
        HERE => gates.admission_here(&key.rule, now),
        _ => gates.admission(&key.rule, now, instant),
    }
}

/// What a [`Dispatch`] is made of.
pub(super) struct DispatchSetup<'a> {
    pub store: Store,
    pub session: SessionId,
    pub clock: Clock,
    pub rules: &'a RuleSet,
    pub default_retry: Retry,
    pub only: Option<String>,
}

/// Whose turns the next `parcels` are. A rule may have a queue in each priority: they share what is `left` to it.
fn share<'a>(
    mut open: Vec<&'a QueueKey>,
    mut left: HashMap<&'a str, u32>,
    fair: &mut Fair,
    parcels: u32,
) -> Vec<(QueueKey, u32)> {
    let mut shares: Vec<(QueueKey, u32)> = vec![];
    for _ in 0..parcels {
        open.retain(|key| left.get(key.rule.as_str()).is_some_and(|left| *left > 0));
        let choices: Vec<_> = open.iter().map(|key| (key.priority, key.rule.as_str())).collect();
        let Some(key) = fair.choose(&choices).and_then(|chosen| open.get(chosen)) else { break };
        left.entry(&key.rule).and_modify(|left| *left -= 1);
        match shares.iter_mut().find(|(queue, _)| queue == *key) {
            Some((_, parcels)) => *parcels += 1,
            None => shares.push(((*key).clone(), 1)),
        }
    }
    shares
}

const LONGEST_NAP: Duration = Duration::from_secs(30);

/// A panic elsewhere cannot leave these half changed: each is changed by single calls.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Priority;

    #[test]
    fn the_queues_of_a_rule_share_what_is_left_to_it() {
        let key = |rule: &str, priority| QueueKey { server: "offsite".into(), priority, rule: rule.into(), rank: 0 };
        let keys = [key("a", Priority::High), key("a", Priority::Normal), key("b", Priority::Low)];
        for (left_to_a, asked) in [(0, 1), (1, 2), (2, 3), (9, 10)] {
            let left = HashMap::from([("a", left_to_a), ("b", 1)]);
            let shares = share(keys.iter().collect(), left, &mut Fair::default(), 12);
            let of_a: u32 = shares.iter().filter(|(queue, _)| queue.rule == "a").map(|(_, parcels)| parcels).sum();
            assert_eq!(of_a, left_to_a);
            assert_eq!(shares.iter().map(|(_, parcels)| parcels).sum::<u32>(), asked);
        }
    }
}
