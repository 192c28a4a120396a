//! What rules expect, counted and judged.

use crate::{
    domain::{Event, Expectation, Moment, SETTLED},
    janitor::teller::Teller,
    notices::{Late, Patience},
    rules::{Rule, Source},
    schedule::Expect,
    store::{Arrived, StoreError},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
    time::Duration,
};

/// What a rule expects, and how long its files take to settle.
#[derive(Debug, Clone)]
pub(super) struct Expecting {
    pub expect: Expect,
    pub settled_for: Duration,
    /// How much later than by the clock it may come: by how much a schedule sways with summer time.
    pub sway: Duration,
}

impl Expecting {
    /// `None` for a rule that expects nothing.
    pub fn of(rule: &Rule) -> Option<Self> {
        let expect = rule.expect.clone()?;
        let (settled_for, sway) = match &rule.when {
            Source::Watch(watch) => (watch.settled_for, Duration::ZERO),
            Source::Schedule(timetable) => (Duration::ZERO, timetable.sway()),
            Source::Mail(_) => (Duration::ZERO, Duration::ZERO),
        };
        Some(Self { expect, settled_for, sway })
    }
}

/// Rules whose sources have been seen whole since the start, and how long ago that was: what the others expect may lie there.
#[derive(Clone)]
pub struct Sight(Arc<dyn Fn() -> BTreeMap<String, Duration> + Send + Sync>);

impl Sight {
    /// By asking whoever watches.
    pub fn new(ask: impl Fn() -> BTreeMap<String, Duration> + Send + Sync + 'static) -> Self {
        Self(Arc::new(ask))
    }
}

impl fmt::Debug for Sight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sight").field(&(self.0)()).finish()
    }
}

/// What a look at the expectations came to.
#[derive(Debug, Default)]
pub(super) struct Expected {
    pub missed: Vec<Late>,
    /// Rules whose expectation is the one that it was.
    pub same: BTreeSet<String>,
    pub changed: Vec<Expectation>,
    /// Rules that expect nothing any more.
    pub ended: Vec<String>,
    pub counted_until: Option<i64>,
    /// More has arrived than one look counts.
    pub is_more: bool,
}

impl Teller {
    /// Counts what arrived and judges what was expected, of the rules whose sources have been seen whole.
    pub(super) async fn expected(&self, now: Moment, patience: Patience) -> Result<Expected, StoreError> {
        let mut stored = self.store.expectations().await?;
        let is_over = |rule: &&String| !self.expecting.contains_key(*rule);
        let mut expected = Expected { ended: stored.keys().filter(is_over).cloned().collect(), ..Expected::default() };
        if self.expecting.is_empty() {
            return Ok(expected);
        }
        let seen = (self.sight.0)();
        let Arrived { came, until, is_more } = self.store.arrived(None).await?;
        (expected.counted_until, expected.is_more) = ((!came.is_empty()).then_some(until), is_more);
        for (rule, Expecting { expect, settled_for, sway }) in &self.expecting {
            let spec = expect.to_string();
            let before = stored.remove(rule).filter(|state| state.spec == spec);
            let grace = match patience {
                Patience::Usual => SETTLED + *settled_for,
                Patience::None => Duration::ZERO, // all that was there has settled
            };
            // what the first scan found may not have settled before
            let is_seen = seen.get(rule).is_some_and(|ago| *ago >= grace);
            let Some(mut state) = before.clone().or_else(|| is_seen.then(|| expect.begin(rule, now))) else {
                continue;
            };
            if before.is_some() {
                expected.same.insert(rule.clone());
            }
            for came in came.iter().filter(|came| came.rule == *rule) {
                let mut came = came.clone();
                came.at = came.at.min(now);
                expect.count(&mut state, &came);
            }
            if is_seen && !is_more {
                expect.judge(&mut state, now, grace + *sway);
            }
            expected.missed.extend(state.missed_at.map(|missed_at| late(&state, missed_at)));
            if before.as_ref() != Some(&state) {
                expected.changed.push(state);
            }
        }
        Ok(expected)
    }

    /// What is missed at the moment, by rule.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn missed(&self) -> Result<BTreeMap<String, Moment>, StoreError> {
        let stored = self.store.expectations().await?.into_values();
        let missed = stored.filter(|state| self.expecting.contains_key(&state.rule));
        Ok(missed.filter_map(|state| Some((state.rule, state.missed_at?))).collect())
    }
}

fn late(state: &Expectation, since: Moment) -> Late {
    let unfit = state.unfit.as_ref().map_or_else(String::new, |unfit| format!("; but {unfit}"));
    Late {
        event: Event::Missed,
        subject: state.rule.clone(),
        since,
        said: format!("{}{unfit}", state.spec),
        rules: BTreeSet::from([state.rule.clone()]),
        jobs: 0,
        examples: Vec::new(),
    }
}
