//! What follows upon deliveries, in some worlds: rules that move or delete their sources, and deaths amid that.

use super::{Event, RulePlan};
use fastrand::Rng;

/// What becomes of the sources of a rule.
#[derive(Debug, Clone, Copy, Default)]
pub struct AfterPlan {
    pub after: Option<Fate>,
    /// Of a version that failed, to `failed/`.
    pub moves_failed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// To `sent/`.
    Move,
    Delete,
}

/// One world in three has such rules.
pub fn plan(dice: &mut Rng, rules: &mut [RulePlan], horizon_ms: u64) -> Vec<(u64, Event)> {
    if dice.u8(..3) > 0 {
        return vec![];
    }
    for rule in rules {
        let after = [None, Some(Fate::Move), Some(Fate::Move), Some(Fate::Delete)][dice.usize(..4)];
        rule.follow = AfterPlan { after, moves_failed: dice.bool() };
    }
    let cuts = dice.usize(..3);
    (0..cuts).map(|_| (dice.u64(..horizon_ms), Event::Cut { points: dice.u64(1..8) })).collect()
}
