//! What a rule expects is missed when nothing came for longer than its span, and only then; it is over when something came.

use super::facts::Facts;

/// Half a minute, and what files take to settle.
const GRACE: i64 = 35_000;
/// A look comes at least so often, and its words are on disk.
const LOOK: i64 = 15_000;
/// What arrives while a look reads counts as of the moment of the look.
const READ: i64 = 2_000;
/// An incident is over when it has been quiet for so long.
const QUIET: i64 = 60_000;

/// What was there to see at a moment in which the process served.
#[derive(Debug, Clone)]
pub struct Sample {
    pub rule: usize,
    pub at: i64,
    /// When this life had seen the folder whole.
    pub seen_at: i64,
    /// From when the expectation counts, if it has begun.
    pub counts_from: Option<i64>,
    /// When the open incident was opened, or came back.
    pub missed: Option<i64>,
}

pub fn check(facts: &Facts<'_>, faults: &mut Vec<String>) {
    if facts.plan.jumps() {
        return;
    }
    for sample in facts.samples {
        let rule = &facts.plan.rules[sample.rule];
        let span = rule.expects_s.map_or(0, |seconds| i64::try_from(seconds * 1000).unwrap());
        let came: Vec<i64> = facts
            .arrivals
            .iter()
            .filter(|arrival| arrival.rule == rule.name)
            .map(|arrival| arrival.arrived_at)
            .collect();
        let expected = Expected { span, came };
        if let Some(fault) = wrong(facts, sample, &expected) {
            faults.push(format!("{}: {fault} {sample:?} of {:?}", rule.name, expected.came));
        }
    }
}

struct Expected {
    span: i64,
    came: Vec<i64>,
}

impl Expected {
    /// When it was last satisfied.
    fn last(&self, counts_from: i64, at: i64) -> i64 {
        self.came.iter().copied().filter(|came| *came <= at).max().unwrap_or(counts_from).max(counts_from)
    }

    /// Something had come within the span, all the time.
    fn is_fresh(&self, counts_from: i64, (from, until): (i64, i64)) -> bool {
        let ends = self.came.iter().copied().filter(|came| (from..=until).contains(came)).map(|came| came - 1);
        let mut ends = ends.chain([from, until]).filter(|end| *end >= counts_from);
        ends.all(|end| end < self.last(counts_from, end) + self.span)
    }
}

fn wrong(facts: &Facts<'_>, sample: &Sample, expected: &Expected) -> Option<&'static str> {
    let has_had_time = sample.at >= sample.seen_at + GRACE + LOOK;
    let Some(counts_from) = sample.counts_from else {
        return has_had_time.then_some("nothing is expected yet");
    };
    let seen_before = |other: &&Sample| other.rule == sample.rule && other.seen_at + GRACE <= counts_from;
    if !facts.samples.iter().any(|other| seen_before(&other)) {
        return Some("it began before the folder had been seen and had settled");
    }
    let last = expected.last(counts_from, sample.at);
    match sample.missed {
        None => {
            let is_late = sample.at >= last + expected.span + GRACE + LOOK;
            (is_late && has_had_time).then_some("nothing came, and nobody is told")
        }
        Some(due) => {
            let before = expected.last(counts_from, due - expected.span + READ);
            let is_due = (0..=READ).contains(&(before + expected.span - due));
            if !is_due || expected.last(counts_from, due + GRACE - LOOK) != before {
                return Some("it had come");
            }
            let quiet = QUIET + 2 * LOOK;
            let is_over = sample.at >= sample.seen_at + GRACE + quiet
                && expected.is_fresh(counts_from, (sample.at - quiet, sample.at));
            is_over.then_some("it has come, and is missed")
        }
    }
}
