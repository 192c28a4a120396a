//! The circuit of one lane: open, closed, or trying with one conversation; and how many conversations it bears.
//!
//! A server in trouble is tried by one conversation at a time, at most 30 s apart, so that the first delivery follows
//! soon after it is back. A server that says «too many connections» (421) while others of ours are served is not in
//! trouble: it gets one fewer, and one more again after a quiet while.

use crate::{
    domain::{Moment, Trouble, TroubleKind},
    policy::wait_before_try,
};
use std::time::Duration;

const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Quiet for this long, the learned limit grows by one.
const GROW_AFTER: Duration = Duration::from_secs(60);

/// See the module.
#[derive(Debug, Clone, PartialEq)]
pub struct Circuit {
    configured: u32,
    limit: u32,
    limit_since: Moment,
    conversations: u32,
    state: CircuitState,
}

#[derive(Debug, Clone, PartialEq)]
pub enum CircuitState {
    Open,
    Closed {
        since: Moment,
        failures: u32,
        retry_at: Moment,
        kind: TroubleKind,
        said: String,
        /// A conversation is trying.
        probing: bool,
    },
}

/// Whether a conversation may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    Yes,
    /// At the limit: when a conversation has ended.
    Full,
    /// Closed: not before.
    At(Moment),
}

impl Circuit {
    /// Open, for at most `configured` conversations.
    #[must_use]
    pub fn new(configured: u32, now: Moment) -> Self {
        let configured = configured.max(1);
        Self { configured, limit: configured, limit_since: now, conversations: 0, state: CircuitState::Open }
    }

    /// With what was learned before a restart.
    #[must_use]
    pub fn with_learned_limit(self, limit: Option<u32>) -> Self {
        Self { limit: limit.unwrap_or(self.configured).clamp(1, self.configured), ..self }
    }

    /// In trouble since before a restart: tried at once, but the trouble began when it began.
    #[must_use]
    pub fn closed_since(self, since: Moment, kind: TroubleKind, said: String, now: Moment) -> Self {
        Self { state: CircuitState::Closed { since, failures: 1, retry_at: now, kind, said, probing: false }, ..self }
    }

    #[must_use]
    pub fn state(&self) -> &CircuitState {
        &self.state
    }

    /// Fewer conversations than configured, if 421 taught us so.
    #[must_use]
    pub fn learned_limit(&self) -> Option<u32> {
        (self.limit < self.configured).then_some(self.limit)
    }

    #[must_use]
    pub fn conversations(&self) -> u32 {
        self.conversations
    }

    /// Whether one more conversation may begin now.
    #[must_use]
    pub fn admission(&self, now: Moment) -> Admission {
        match &self.state {
            CircuitState::Closed { probing: true, .. } => Admission::Full,
            CircuitState::Closed { retry_at, .. } if *retry_at > now => Admission::At(*retry_at),
            CircuitState::Closed { .. } if self.conversations > 0 => Admission::Full,
            CircuitState::Open if self.conversations >= self.limit => Admission::Full,
            CircuitState::Closed { .. } | CircuitState::Open => Admission::Yes,
        }
    }

    /// A conversation begins; only after [`Admission::Yes`].
    pub fn begin(&mut self) {
        self.conversations += 1;
        if let CircuitState::Closed { probing, .. } = &mut self.state {
            *probing = true;
        }
    }

    /// A conversation has ended, however.
    pub fn end(&mut self) {
        self.conversations = self.conversations.saturating_sub(1);
        if let CircuitState::Closed { probing, .. } = &mut self.state {
            *probing = false;
        }
    }

    /// The server let us in. True when that ended its trouble.
    pub fn success(&mut self, now: Moment) -> bool {
        let recovered = self.state != CircuitState::Open;
        self.state = CircuitState::Open;
        if self.limit < self.configured && now.since(self.limit_since) >= GROW_AFTER {
            self.limit += 1;
            self.limit_since = now;
        }
        recovered
    }

    /// The server is in trouble, by `chance` in 0..1 tried again a little sooner or later. True when this began it.
    pub fn trouble(&mut self, trouble: &Trouble, now: Moment, chance: f64) -> bool {
        if trouble.kind == TroubleKind::Busy && self.conversations > 1 {
            self.limit = (self.limit.min(self.conversations) - 1).max(1);
            self.limit_since = now;
            return false;
        }
        let (since, failures) = match &self.state {
            CircuitState::Open => (now, 1),
            CircuitState::Closed { since, failures, .. } => (*since, failures.saturating_add(1)),
        };
        self.state = CircuitState::Closed {
            since,
            failures,
            retry_at: now.plus(wait_before_try(failures, FIRST_WAIT, LONGEST_WAIT, chance)),
            kind: trouble.kind,
            said: trouble.said.clone(),
            probing: matches!(self.state, CircuitState::Closed { probing: true, .. }),
        };
        failures == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Moment = Moment(1_000_000);

    fn down() -> Trouble {
        Trouble::of_server(TroubleKind::Connect, "connection refused")
    }

    fn busy() -> Trouble {
        Trouble::of_server(TroubleKind::Busy, "421 too many connections")
    }

    #[test]
    fn a_server_in_trouble_is_tried_by_one_at_a_time_ever_less_often() {
        let mut circuit = Circuit::new(4, NOW);
        let mut now = NOW;
        let mut waits = vec![];
        for failure in 1..=8 {
            assert_eq!(circuit.admission(now), Admission::Yes);
            circuit.begin();
            if failure > 1 {
                assert_eq!(circuit.admission(now), Admission::Full);
            }
            assert_eq!(circuit.trouble(&down(), now, 1.0), failure == 1);
            circuit.end();
            let Admission::At(retry_at) = circuit.admission(now) else { panic!("admitted at once") };
            waits.push(retry_at.since(now).as_secs());
            now = retry_at;
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30, 30]);
        assert!(circuit.success(now));
        assert_eq!(circuit.admission(now), Admission::Yes);
    }

    #[test]
    fn too_many_connections_costs_one_connection_and_it_comes_back() {
        let mut circuit = Circuit::new(4, NOW);
        (0..4).for_each(|_| circuit.begin());
        assert!(!circuit.trouble(&busy(), NOW, 1.0));
        circuit.end();
        assert_eq!(circuit.admission(NOW), Admission::Full);
        assert_eq!(circuit.learned_limit(), Some(3));
        circuit.success(NOW.plus(Duration::from_secs(59)));
        assert_eq!(circuit.learned_limit(), Some(3));
        circuit.success(NOW.plus(Duration::from_secs(60)));
        assert_eq!(circuit.learned_limit(), None);
    }

    #[test]
    fn a_server_too_busy_for_even_one_is_in_trouble() {
        let mut circuit = Circuit::new(4, NOW);
        circuit.begin();
        assert!(circuit.trouble(&busy(), NOW, 1.0));
        assert_eq!(circuit.learned_limit(), None);
    }

    #[test]
    fn trouble_outlives_a_restart_and_is_tried_at_once() {
        let circuit = Circuit::new(4, NOW).with_learned_limit(Some(2)).closed_since(
            Moment(5),
            TroubleKind::Login,
            "530".into(),
            NOW,
        );
        assert_eq!(circuit.admission(NOW), Admission::Yes);
        assert!(matches!(circuit.state(), CircuitState::Closed { since: Moment(5), .. }));
        assert_eq!(circuit.learned_limit(), Some(2));
    }

    proptest! {
        #[test]
        fn whatever_happens_the_limit_holds_and_a_closed_lane_has_one_prober(steps in prop::collection::vec((0..4u8, 0..40_000i64), 1..200)) {
            let mut circuit = Circuit::new(3, NOW);
            let mut now = NOW;
            for (step, millis) in steps {
                now = Moment(now.0 + millis);
                match step {
                    0 if circuit.admission(now) == Admission::Yes => {
                        let closed = *circuit.state() != CircuitState::Open;
                        circuit.begin();
                        prop_assert!(!closed || circuit.conversations() == 1);
                    }
                    1 if circuit.conversations() > 0 => circuit.end(),
                    2 if circuit.conversations() > 0 => _ = circuit.success(now),
                    3 if circuit.conversations() > 0 => {
                        let trouble = if millis % 2 == 0 { busy() } else { down() };
                        circuit.trouble(&trouble, now, 0.7);
                    }
                    _ => {}
                }
                prop_assert!(circuit.conversations() <= 3);
                prop_assert!((1..=3).contains(&circuit.learned_limit().unwrap_or(3)));
                if let CircuitState::Closed { retry_at, .. } = circuit.state() {
                    prop_assert!(retry_at.0 <= now.0 + 30_000);
                }
            }
        }
    }
}
