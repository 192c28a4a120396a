//! Rules that expect files, in some worlds, and the files that come late.

use super::{Event, RulePlan, Writing};
use fastrand::Rng;

const UNTIL_MS: u64 = 360_000;
const LOOK_MS: u64 = 7_000;

/// One world in forty has such rules. It lasts for minutes, in which files come, the process ends once, and the incidents are looked at.
pub fn plan(dice: &mut Rng, rules: &mut [RulePlan]) -> Vec<(u64, Event)> {
    let mut events = vec![];
    if dice.u8(..40) > 0 {
        return events;
    }
    for (number, rule) in rules.iter_mut().enumerate() {
        let span_s = [20, 60, 150][dice.usize(..3)];
        rule.expects_s = Some(span_s);
        let mut at_ms = 50_000;
        while at_ms < UNTIL_MS {
            let name = format!("late-{at_ms}");
            events.push((at_ms, Event::Write { rule: number, name, bytes: 10, how: Writing::Renamed }));
            at_ms += if dice.u8(..4) == 0 { dice.u64(60_000..200_000) } else { dice.u64(1_000..span_s * 1_000) };
        }
    }
    if dice.bool() {
        events.push((dice.u64(60_000..300_000), if dice.bool() { Event::Kill } else { Event::Stop }));
    }
    events.extend((0..UNTIL_MS / LOOK_MS).map(|number| (number * LOOK_MS, Event::LookAtIncidents)));
    events
}
