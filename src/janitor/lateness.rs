//! Jobs that wait for longer than their rules find right.

use crate::{
    domain::{Event, Moment, NOTICES},
    janitor::{missing::troubles, teller::Teller},
    notices::{LaneTrouble, Late, Patience},
    schedule::Windows,
    store::{LaneRow, LaneState, StoreError},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Reading every open job is not for every look.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// When a rule's jobs are late.
#[derive(Debug, Clone)]
pub(super) struct Lateness {
    pub after: Duration,
    pub windows: Windows,
}

/// What the last reading of all open jobs came to.
#[derive(Debug, Clone, Default)]
pub(super) struct Delayed {
    read_at: Option<Moment>,
    pub late: Vec<Late>,
    /// Servers that are not configured any more.
    pub missing: Vec<LaneTrouble>,
    /// Servers that are paused, or whose jobs' windows are shut.
    pub at_rest: BTreeSet<String>,
}

impl Teller {
    /// Reads the open jobs again if that is due.
    pub(super) async fn delayed(
        &self,
        delayed: &mut Delayed,
        lanes: &[LaneRow],
        (now, patience): (Moment, Patience),
    ) -> Result<(), StoreError> {
        // an age, and a moment ahead where the clock was set back
        let is_fresh = |read_at: Moment| read_at <= now && now.since(read_at) < LOOK_EVERY;
        if patience == Patience::Usual && delayed.read_at.is_some_and(is_fresh) {
            return Ok(());
        }
        let mut late: BTreeMap<String, Late> = BTreeMap::new();
        let mut at_rest: BTreeSet<String> = BTreeSet::new();
        let (missing, waiting): (Vec<_>, Vec<_>) =
            self.waiting(lanes).await?.into_iter().partition(|waiting| self.is_missing(waiting));
        for waiting in waiting {
            if waiting.rule == NOTICES {
                continue;
            }
            let Lateness { after, windows } = self.lateness.get(&waiting.rule).unwrap_or(&self.usual);
            let is_paused = |lane: &LaneRow| lane.server == waiting.server && lane.state == LaneState::Paused;
            if lanes.iter().any(is_paused) || !windows.is_open(now) {
                at_rest.insert(waiting.server);
                continue;
            }
            let since = waiting.oldest.max(windows.open_since(now).unwrap_or(waiting.oldest)).plus(*after);
            if since > now {
                continue;
            }
            let jobs = self.store.waiting_since(&waiting.rule, &waiting.server, now.minus(*after)).await?;
            let examples = self.store.waiting_examples(&waiting.server, Some(&waiting.rule)).await?;
            let group = late.entry(waiting.server.clone()).or_insert_with(|| Late {
                event: Event::Delayed,
                subject: waiting.server,
                since,
                said: examples
                    .iter()
                    .map(|example| example.said.clone())
                    .find(|said| !said.is_empty())
                    .unwrap_or_default(),
                rules: BTreeSet::new(),
                jobs: 0,
                examples,
            });
            group.since = group.since.min(since);
            group.jobs += jobs;
            group.rules.insert(waiting.rule);
        }
        *delayed = Delayed {
            read_at: Some(now),
            late: late.into_values().collect(),
            missing: troubles(missing, &delayed.missing, now),
            at_rest,
        };
        Ok(())
    }
}
