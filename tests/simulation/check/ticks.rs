//! Each tick that passes while somebody serves arrives once; of those that passed unseen, the last one.

use super::facts::Facts;
use crate::{plan::TickPlan, served::Span};

/// A start takes no longer until the first look at the clock has ended; nor does any look.
const LOOK_MS: i64 = 5_000;
/// Monday 1970-01-05 00:00 UTC.
const MONDAY: i64 = 4 * 86_400_000;

pub fn check(facts: &Facts<'_>, faults: &mut Vec<String>) {
    for rule in &facts.plan.ticks {
        let mut check = Check { rule, covered: None, faults: vec![] };
        let came: Vec<(i64, i64)> = facts
            .arrivals
            .iter()
            .filter(|arrival| arrival.rule == rule.name)
            .map(|arrival| (arrival.id, arrival.arrived_at))
            .collect();
        let mut seen = 0;
        for (at, span) in facts.spans.iter().enumerate() {
            let of_span = came[seen..].iter().take_while(|(id, _)| *id <= span.last_arrival);
            let ticks: Vec<i64> = of_span.map(|(_, tick)| *tick).collect();
            seen += ticks.len();
            let jumped = at.checked_sub(1).map(|before| &facts.spans[before]).filter(|before| before.is_cut_by_jump);
            check.span(span, jumped, ticks);
        }
        if seen < came.len() {
            check.faults.push(format!("{} ticks when nobody served", came.len() - seen));
        }
        faults.extend(check.faults.into_iter().map(|fault| format!("{}: {fault}", rule.name)));
    }
}

struct Check<'a> {
    rule: &'a TickPlan,
    /// What has passed up to here is not asked for any more; and whether a tick arrived last.
    covered: Option<(i64, bool)>,
    faults: Vec<String>,
}

impl Check<'_> {
    fn span(&mut self, span: &Span, jumped: Option<&Span>, mut ticks: Vec<i64>) {
        let in_flight =
            |tick: i64| jumped.is_some_and(|before| (before.until - LOOK_MS..=before.until).contains(&tick));
        if ticks.first().is_some_and(|tick| in_flight(*tick)) {
            self.covered = Some((ticks.remove(0), true));
        }
        let every = self.rule.every_ms();
        let first_look = span.from + LOOK_MS + if jumped.is_some() { every.min(20_000) } else { 0 };
        let has_looked = span.until >= first_look;
        let mut from = first_look;
        match self.covered {
            Some((covered, _)) if covered <= span.from => {
                // of what passed unseen, the last one
                let last_unseen = last_multiple(every, span.from);
                let early: Vec<&i64> = ticks.iter().filter(|tick| **tick < last_unseen || **tick <= covered).collect();
                if !early.is_empty() {
                    self.faults.push(format!("{early:?} after {covered} came in {span:?}: they were covered"));
                }
                if has_looked && last_unseen > covered && ticks.is_empty() {
                    self.faults.push(format!("nothing is made good of {last_unseen} in {span:?}"));
                }
            }
            // the clock was set back behind what has arrived: a little is waited for, after more it begins anew
            Some((covered, has_arrived)) => {
                let patience = every.clamp(10_000, 3 * 3_600_000);
                let (least, most) = (covered - first_look, covered - span.from);
                if has_arrived && most < patience {
                    let twice: Vec<&i64> = ticks.iter().filter(|tick| **tick <= covered).collect();
                    if !twice.is_empty() {
                        self.faults.push(format!("{twice:?} came again in {span:?}"));
                    }
                }
                if has_arrived && least < patience {
                    from = from.max(covered + LOOK_MS);
                }
            }
            None => {}
        }
        if ticks.iter().any(|tick| tick.rem_euclid(every) != MONDAY.rem_euclid(every) || *tick > span.until) {
            self.faults.push(format!("{ticks:?} are not all ticks of {span:?}"));
        }
        if ticks.windows(2).any(|pair| pair[0] >= pair[1]) {
            self.faults.push(format!("{ticks:?} in {span:?} came more than once"));
        }
        let mut wanted = last_multiple(every, from) + every;
        while wanted <= span.until - LOOK_MS {
            if !ticks.contains(&wanted) {
                self.faults.push(format!("{wanted} did not come in {span:?}, {ticks:?} did"));
            }
            wanted += every;
        }
        if let Some(last) = ticks.last() {
            self.covered = Some((*last, true));
        } else if has_looked && self.covered.is_none_or(|(covered, _)| covered > span.from) {
            self.covered = Some((first_look, self.covered.is_some_and(|(_, has_arrived)| has_arrived)));
        }
    }
}

fn last_multiple(every: i64, moment: i64) -> i64 {
    moment - (moment - MONDAY).rem_euclid(every)
}
