//! Rules that act by the clock, in some worlds.

use fastrand::Rng;

/// A rule that mails at each tick.
#[derive(Debug, Clone)]
pub struct TickPlan {
    pub name: String,
    pub every_s: u64,
}

impl TickPlan {
    pub fn every_ms(&self) -> i64 {
        i64::try_from(self.every_s * 1000).unwrap()
    }
}

/// One world in six has such rules.
pub fn plan(dice: &mut Rng) -> Vec<TickPlan> {
    if dice.u8(..6) > 0 {
        return vec![];
    }
    let tick = |number| TickPlan { name: format!("tick-{number}"), every_s: [5, 15, 60][dice.usize(..3)] };
    (0..2).map(tick).collect()
}
