//! Whose turn it is: classes by weight 8:3:1, and within a class the rules in turn.

use crate::domain::Priority;
use std::collections::HashMap;

/// The memory of past turns of one server (smooth weighted round robin).
#[derive(Debug, Clone, Default)]
pub struct Fair {
    credit: [i64; Priority::ALL.len()],
    /// The turn in which a rule was last served.
    served: HashMap<String, u64>,
    turn: u64,
}

impl Fair {
    /// Chooses among rules that have something to do, by their index; `None` when there are none. An absent class gives
    /// its turns to the others; a rule that was long away is served next, once.
    pub fn choose(&mut self, candidates: &[(Priority, &str)]) -> Option<usize> {
        let class = self.next_class(candidates)?;
        let (index, (_, rule)) = candidates
            .iter()
            .enumerate()
            .filter(|(_, (priority, _))| *priority == class)
            .min_by_key(|(_, (_, rule))| self.served.get(*rule).copied().unwrap_or(0))?;
        self.turn += 1;
        self.served.insert((*rule).to_owned(), self.turn);
        Some(index)
    }

    fn next_class(&mut self, candidates: &[(Priority, &str)]) -> Option<Priority> {
        let present: Vec<Priority> = Priority::ALL
            .into_iter()
            .filter(|class| candidates.iter().any(|(priority, _)| priority == class))
            .collect();
        let slot = |class: Priority| usize::try_from(class.class()).unwrap_or(0);
        let total: i64 = present.iter().map(|class| i64::from(class.weight())).sum();
        for class in &present {
            self.credit[slot(*class)] += i64::from(class.weight());
        }
        let chosen = present.into_iter().max_by_key(|class| (self.credit[slot(*class)], -class.class()))?;
        self.credit[slot(chosen)] -= total;
        Some(chosen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shares(candidates: &[(Priority, &str)]) -> Vec<usize> {
        let mut fair = Fair::default();
        let mut turns = vec![0; candidates.len()];
        for _ in 0..12_000 {
            turns[fair.choose(candidates).unwrap()] += 1;
        }
        turns
    }

    #[test]
    fn classes_share_by_weight_and_rules_evenly() {
        use Priority::{High, Low, Normal};
        assert_eq!(shares(&[(High, "a"), (Normal, "b"), (Low, "c")]), [8000, 3000, 1000]);
        assert_eq!(shares(&[(Normal, "a"), (Normal, "b"), (Low, "c")]), [4500, 4500, 3000]);
        assert_eq!(shares(&[(Low, "a")]), [12_000]);
    }

    #[test]
    fn nobody_is_nobodys_turn() {
        assert_eq!(Fair::default().choose(&[]), None);
    }

    #[test]
    fn rules_of_a_class_take_turns_whatever_the_order_they_are_named_in() {
        use Priority::Normal;
        let mut fair = Fair::default();
        let mut turns = HashMap::<&str, u32>::new();
        for turn in 0..300 {
            let mut candidates = [(Normal, "a"), (Normal, "b"), (Normal, "c")];
            candidates.rotate_left(turn % 3);
            let chosen = fair.choose(&candidates).unwrap();
            *turns.entry(candidates[chosen].1).or_default() += 1;
        }
        assert_eq!(turns, HashMap::from([("a", 100), ("b", 100), ("c", 100)]));
    }

    #[test]
    fn a_class_that_was_long_away_does_not_catch_up() {
        use Priority::{High, Low};
        let mut fair = Fair::default();
        (0..1000).for_each(|_| _ = fair.choose(&[(Low, "low")]));
        let both = [(High, "high"), (Low, "low")];
        let high = (0..9).filter(|_| fair.choose(&both) == Some(0)).count();
        assert_eq!(high, 8);
    }

    proptest! {
        /// Others come and go: who always has something to do gets its turn within as many as its weight promises.
        #[test]
        fn nobody_starves(
            class in prop::sample::select(Priority::ALL.to_vec()),
            others in prop::collection::vec(prop::collection::vec(any::<bool>(), 9), 50..400),
        ) {
            let names: Vec<String> = (0..9).map(|number| format!("rule-{number}")).collect();
            let mut fair = Fair::default();
            let mut waited = 0;
            for present in others {
                let mut candidates = vec![(class, "patient")];
                let there = present.iter().enumerate().filter(|(_, is_there)| **is_there);
                candidates.extend(there.map(|(number, _)| (Priority::ALL[number % 3], names[number].as_str())));
                let chosen = fair.choose(&candidates);
                prop_assert!(chosen.is_some_and(|chosen| chosen < candidates.len()));
                waited = if chosen == Some(0) { 0 } else { waited + 1 };
                // Four rules at most share its class, and a class gets at least one turn in twelve; as much again for
                // what the coming and going of classes owes.
                prop_assert!(waited <= 2 * 4 * 12, "{waited} turns without");
            }
        }
    }
}
