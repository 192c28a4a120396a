//! What a rule says about when its jobs may start: windows, how many at once, how many an hour.

use crate::{
    domain::Moment,
    policy::TokenBucket,
    rules::{Rule, RuleSet},
    schedule::Windows,
};
use std::time::Instant;
use std::{collections::HashMap, time::Duration};

#[derive(Debug, Default)]
pub(super) struct Gates {
    by_rule: HashMap<String, Gate>,
}

#[derive(Debug)]
struct Gate {
    windows: Windows,
    most_running: Option<u32>,
    running: u32,
    rate: Option<TokenBucket>,
}

/// Whether jobs of a rule may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// So many, now.
    UpTo(u32),
    /// None before this span is over.
    After(Duration),
    /// None before one of its running jobs has ended.
    Full,
}

impl Gates {
    pub(super) fn new(rules: &RuleSet, started: Instant) -> Self {
        let gate = |rule: &Rule| Gate {
            windows: rule.windows.clone(),
            most_running: rule.limits.running,
            running: 0,
            rate: rule.limits.rate.map(|(starts, span)| {
                TokenBucket::new(f64::from(starts) / span.as_secs_f64(), f64::from(starts).min(STARTS_AT_ONCE), started)
            }),
        };
        Self { by_rule: rules.rules.iter().map(|rule| (rule.name.clone(), gate(rule))).collect() }
    }

    /// Whether the windows of `rule` are open: all that the jobs of this machine keep to.
    pub(super) fn admission_here(&self, rule: &str, now: Moment) -> Admission {
        match self.by_rule.get(rule).and_then(|gate| shut_for(&gate.windows, now)) {
            Some(span) => Admission::After(span),
            None => Admission::UpTo(u32::MAX),
        }
    }

    /// How many jobs of `rule` may start. A rule that is no longer there has no gate: its jobs are delivered.
    pub(super) fn admission(&self, rule: &str, now: Moment, instant: Instant) -> Admission {
        let Some(gate) = self.by_rule.get(rule) else { return Admission::UpTo(u32::MAX) };
        if let Some(span) = shut_for(&gate.windows, now) {
            return Admission::After(span);
        }
        let free = gate.most_running.map_or(u32::MAX, |most| most.saturating_sub(gate.running));
        if free == 0 {
            return Admission::Full;
        }
        match &gate.rate {
            None => Admission::UpTo(free),
            Some(bucket) => match bucket.available(instant) {
                0 => Admission::After(bucket.wait_for_one(instant)),
                tokens => Admission::UpTo(free.min(tokens)),
            },
        }
    }

    /// `jobs` of `rule` are about to be claimed, or were.
    pub(super) fn started(&mut self, rule: &str, jobs: u32, instant: Instant) {
        if let Some(gate) = self.by_rule.get_mut(rule) {
            gate.running += jobs;
            if let Some(bucket) = &mut gate.rate {
                bucket.spend(jobs, instant);
            }
        }
    }

    /// `jobs` of `rule` that were to be claimed were not there.
    pub(super) fn not_started(&mut self, rule: &str, jobs: u32, instant: Instant) {
        if let Some(gate) = self.by_rule.get_mut(rule) {
            gate.running = gate.running.saturating_sub(jobs);
            if let Some(bucket) = &mut gate.rate {
                bucket.refund(jobs, instant);
            }
        }
    }

    /// A job of `rule` has ended its try.
    pub(super) fn ended(&mut self, rule: &str) {
        if let Some(gate) = self.by_rule.get_mut(rule) {
            gate.running = gate.running.saturating_sub(1);
        }
    }

    /// The end of one job of `rule` lets another one start, on whichever server.
    pub(super) fn is_shared(&self, rule: &str) -> bool {
        self.by_rule.get(rule).is_some_and(|gate| gate.most_running.is_some())
    }
}

/// How long to wait before looking whether they are open.
fn shut_for(windows: &Windows, now: Moment) -> Option<Duration> {
    if windows.is_open(now) {
        return None;
    }
    let opens = windows.next_open(now).map_or(LONGEST_SHUT, |moment| moment.since(now));
    Some(opens.clamp(Duration::from_millis(1), LONGEST_SHUT))
}

/// A rate of 5000 an hour does not mean 5000 in the first second.
const STARTS_AT_ONCE: f64 = 10.0;

/// Windows are asked again at least this often, so that a clock that was set is noticed.
const LONGEST_SHUT: Duration = Duration::from_secs(60);
