//! The circuit of one lane: open, closed, or trying with one conversation; and how many conversations it bears.
//!
//! A server in trouble is tried by one conversation at a time, at most 30 s apart, so that the first delivery follows
//! soon after it is back; what was under way when it closed goes on and holds no try up. A server that says «too many
//! connections» (421) while others of ours are served is not in trouble: it gets one fewer, and one more again after a
//! quiet while. Moments are wall time: a clock that was set back shortens a wait, it never lengthens one.

use crate::{
    domain::{Moment, Trouble, TroubleKind},
    policy::wait_before_try,
};
use std::time::Duration;

const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Quiet for this long, the learned limit grows by one.
const GROW_AFTER: Duration = Duration::from_secs(60);
/// Trouble this soon after the last is not a new one.
const RELAPSE_WITHIN: Duration = Duration::from_secs(30);

/// See the module.
#[derive(Debug, Clone, PartialEq)]
pub struct Circuit {
    configured: u32,
    limit: u32,
    limit_since: Moment,
    conversations: u32,
    /// Conversations ever begun, which numbers them.
    begun: u64,
    state: CircuitState,
    /// The trouble that ended last, in case it was not over.
    last_trouble: Option<LastTrouble>,
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
        /// The conversation that is trying.
        prober: Option<Conversation>,
    },
}

/// One conversation that was let begin, to be ended once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conversation(u64);

#[derive(Debug, Clone, PartialEq)]
struct LastTrouble {
    since: Moment,
    failures: u32,
    ended_at: Moment,
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
        Self {
            configured,
            limit: configured,
            limit_since: now,
            conversations: 0,
            begun: 0,
            state: CircuitState::Open,
            last_trouble: None,
        }
    }

    /// With what was learned before a restart.
    #[must_use]
    pub fn with_learned_limit(self, limit: Option<u32>) -> Self {
        Self { limit: limit.unwrap_or(self.configured).clamp(1, self.configured), ..self }
    }

    /// In trouble since before a restart: tried at once, but the trouble began when it began.
    #[must_use]
    pub fn closed_since(self, since: Moment, kind: TroubleKind, said: String, now: Moment) -> Self {
        Self { state: CircuitState::Closed { since, failures: 1, retry_at: now, kind, said, prober: None }, ..self }
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

    /// Whether one more conversation may begin now. To ask is to let the learned limit grow when its time has come.
    pub fn admission(&mut self, now: Moment) -> Admission {
        self.grow(now);
        match &self.state {
            CircuitState::Closed { prober: Some(_), .. } => Admission::Full,
            CircuitState::Closed { retry_at, .. } if is_ahead(*retry_at, now) => Admission::At(*retry_at),
            _ if self.conversations >= self.limit => Admission::Full,
            CircuitState::Closed { .. } | CircuitState::Open => Admission::Yes,
        }
    }

    /// A conversation begins; only after [`Admission::Yes`].
    pub fn begin(&mut self) -> Conversation {
        self.conversations += 1;
        self.begun += 1;
        let conversation = Conversation(self.begun);
        if let CircuitState::Closed { prober, .. } = &mut self.state {
            *prober = Some(conversation);
        }
        conversation
    }

    /// A conversation has ended, however. If it was trying a closed lane, another may.
    pub fn end(&mut self, conversation: Conversation) {
        self.conversations = self.conversations.saturating_sub(1);
        if let CircuitState::Closed { prober, .. } = &mut self.state
            && *prober == Some(conversation)
        {
            *prober = None;
        }
    }

    /// The server let us in. True when that ended its trouble.
    pub fn success(&mut self, now: Moment) -> bool {
        let CircuitState::Closed { since, failures, .. } = self.state else { return false };
        self.last_trouble = Some(LastTrouble { since, failures, ended_at: now });
        self.state = CircuitState::Open;
        true
    }

    /// The server is in trouble, by `chance` in 0..1 tried again a little sooner or later. True when this closed the lane.
    pub fn trouble(&mut self, trouble: &Trouble, now: Moment, chance: f64) -> bool {
        let is_crowded = trouble.kind == TroubleKind::Busy && self.conversations > 1;
        if is_crowded {
            self.limit = (self.limit.min(self.conversations) - 1).max(1);
            self.limit_since = now;
        }
        let (since, failures, prober) = match &self.state {
            CircuitState::Open if is_crowded => return false,
            CircuitState::Open => {
                let (since, failures) = self.beginning(now);
                (since, failures, None)
            }
            // One that was under way when the lane closed: no news, and no reason to wait longer.
            CircuitState::Closed { prober: None, .. } => return false,
            CircuitState::Closed { since, failures, prober, .. } => (*since, failures.saturating_add(1), *prober),
        };
        let has_closed = self.state == CircuitState::Open;
        self.state = CircuitState::Closed {
            since,
            failures,
            retry_at: now.plus(wait_before_try(failures, FIRST_WAIT, LONGEST_WAIT, chance)),
            kind: trouble.kind,
            said: trouble.said.clone(),
            prober,
        };
        has_closed
    }

    /// Trouble soon after trouble is the same: a server that lets us in and serves nothing is tried ever less often too.
    fn beginning(&self, now: Moment) -> (Moment, u32) {
        match &self.last_trouble {
            Some(last) if now.since(last.ended_at) < RELAPSE_WITHIN => (last.since, last.failures.saturating_add(1)),
            _ => (now, 1),
        }
    }

    fn grow(&mut self, now: Moment) {
        if now < self.limit_since {
            self.limit_since = now;
        }
        let is_quiet = self.state == CircuitState::Open && now.since(self.limit_since) >= GROW_AFTER;
        if is_quiet && self.limit < self.configured {
            self.limit += 1;
            self.limit_since = now;
        }
    }
}

/// No wait is longer than [`LONGEST_WAIT`]: what is further ahead was written before the clock was set back.
fn is_ahead(retry_at: Moment, now: Moment) -> bool {
    retry_at > now && retry_at.since(now) <= LONGEST_WAIT
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Moment = Moment(1_000_000);

    fn seconds(span: u64) -> Moment {
        NOW.plus(Duration::from_secs(span))
    }

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
            let conversation = circuit.begin();
            if failure > 1 {
                assert_eq!(circuit.admission(now), Admission::Full);
            }
            assert_eq!(circuit.trouble(&down(), now, 1.0), failure == 1);
            circuit.end(conversation);
            let Admission::At(retry_at) = circuit.admission(now) else { panic!("admitted at once") };
            waits.push(retry_at.since(now).as_secs());
            now = retry_at;
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30, 30]);
        assert!(circuit.success(now));
        assert_eq!(circuit.admission(now), Admission::Yes);
    }

    #[test]
    fn a_long_transfer_holds_no_try_up_and_its_end_is_not_the_trys() {
        let mut circuit = Circuit::new(4, NOW);
        let long = circuit.begin();
        let cut = circuit.begin();
        circuit.trouble(&down(), NOW, 1.0);
        circuit.end(cut);
        assert_eq!(circuit.admission(NOW), Admission::At(seconds(1)));
        assert_eq!(circuit.admission(seconds(1)), Admission::Yes);
        let prober = circuit.begin();
        circuit.end(long);
        assert_eq!(circuit.admission(seconds(9)), Admission::Full, "one is trying still");
        circuit.end(prober);
        assert_eq!(circuit.admission(seconds(9)), Admission::Yes, "it ended without a word; another may try");
    }

    #[test]
    fn many_cut_at_once_are_one_trouble() {
        let mut circuit = Circuit::new(4, NOW);
        let cut = [(); 4].map(|()| circuit.begin());
        assert_eq!(cut.map(|_| circuit.trouble(&down(), NOW, 1.0)), [true, false, false, false]);
        cut.into_iter().for_each(|conversation| circuit.end(conversation));
        assert_eq!(circuit.admission(NOW), Admission::At(seconds(1)));
    }

    #[test]
    fn a_server_that_lets_in_and_serves_nothing_is_tried_ever_less_often() {
        let mut circuit = Circuit::new(4, NOW);
        let mut now = NOW;
        let mut waits = vec![];
        for _ in 0..7 {
            let conversation = circuit.begin();
            circuit.success(now);
            circuit.trouble(&down(), now, 1.0);
            circuit.end(conversation);
            let Admission::At(retry_at) = circuit.admission(now) else { panic!("admitted at once") };
            waits.push(retry_at.since(now).as_secs());
            now = retry_at;
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
        assert!(matches!(circuit.state(), CircuitState::Closed { since: NOW, .. }));
        circuit.success(now);
        now = now.plus(RELAPSE_WITHIN);
        assert!(circuit.trouble(&down(), now, 1.0));
        assert!(matches!(circuit.state(), CircuitState::Closed { failures: 1, since, .. } if *since == now));
    }

    #[test]
    fn too_many_connections_costs_one_connection_and_it_comes_back() {
        let mut circuit = Circuit::new(4, NOW);
        let conversations = [(); 4].map(|()| circuit.begin());
        assert!(!circuit.trouble(&busy(), seconds(300), 1.0));
        circuit.end(conversations[3]);
        assert_eq!(circuit.admission(seconds(300)), Admission::Full);
        assert_eq!(circuit.learned_limit(), Some(3));
        assert_eq!(circuit.admission(seconds(359)), Admission::Full);
        assert_eq!(circuit.admission(seconds(360)), Admission::Yes, "though no conversation has ended or begun");
        assert_eq!(circuit.learned_limit(), None);
    }

    #[test]
    fn the_limit_falls_to_what_is_served_and_never_below_one() {
        let mut circuit = Circuit::new(4, NOW);
        let conversations = [(); 4].map(|()| circuit.begin());
        for (conversation, limit) in conversations.into_iter().zip([3, 2, 1]) {
            circuit.trouble(&busy(), NOW, 1.0);
            circuit.end(conversation);
            assert_eq!(circuit.learned_limit(), Some(limit));
        }
        circuit.begin();
        circuit.trouble(&busy(), NOW, 1.0);
        assert_eq!(circuit.learned_limit(), Some(1));
        assert_eq!(circuit.state(), &CircuitState::Open);
        assert_eq!(circuit.admission(seconds(60)), Admission::Full);
        assert_eq!(circuit.admission(seconds(61)), Admission::Full);
        assert_eq!(circuit.learned_limit(), Some(2), "one more each quiet minute, not two");
    }

    #[test]
    fn a_server_too_busy_for_even_one_is_in_trouble() {
        let mut circuit = Circuit::new(4, NOW);
        circuit.begin();
        assert!(circuit.trouble(&busy(), NOW, 1.0));
        assert_eq!(circuit.learned_limit(), None);
    }

    #[test]
    fn a_try_that_is_one_too_many_waits_like_any_other() {
        let mut circuit = Circuit::new(4, NOW);
        let long = circuit.begin();
        circuit.trouble(&down(), NOW, 1.0);
        let prober = circuit.begin();
        circuit.trouble(&busy(), seconds(1), 1.0);
        circuit.end(prober);
        assert_eq!(circuit.learned_limit(), Some(1));
        assert_eq!(circuit.admission(seconds(1)), Admission::At(seconds(3)));
        circuit.end(long);
        assert_eq!(circuit.admission(seconds(3)), Admission::Yes);
    }

    #[test]
    fn trouble_outlives_a_restart_and_is_tried_at_once() {
        let mut circuit = Circuit::new(4, NOW).with_learned_limit(Some(2)).closed_since(
            Moment(5),
            TroubleKind::Login,
            "530".into(),
            NOW,
        );
        assert_eq!(circuit.admission(NOW), Admission::Yes);
        assert!(matches!(circuit.state(), CircuitState::Closed { since: Moment(5), .. }));
        assert_eq!(circuit.learned_limit(), Some(2));
    }

    #[test]
    fn a_clock_that_is_set_back_closes_nothing_for_a_day() {
        let mut circuit = Circuit::new(4, NOW);
        let conversations = [(); 2].map(|()| circuit.begin());
        circuit.trouble(&busy(), NOW, 1.0);
        circuit.trouble(&down(), NOW, 1.0);
        conversations.into_iter().for_each(|conversation| circuit.end(conversation));
        let yesterday = NOW.minus(Duration::from_secs(86_400));
        assert_eq!(circuit.admission(yesterday), Admission::Yes);
        circuit.success(yesterday);
        circuit.admission(yesterday.plus(GROW_AFTER));
        assert_eq!(circuit.learned_limit(), Some(2));
    }

    proptest! {
        #[test]
        fn whatever_happens_the_limit_holds_and_a_closed_lane_has_one_prober(
            steps in prop::collection::vec((0..4u8, -50_000..90_000i64, any::<prop::sample::Index>()), 1..200),
        ) {
            let mut circuit = Circuit::new(3, NOW);
            let (mut now, mut alive, mut probers) = (NOW, vec![], vec![]);
            for (step, millis, index) in steps {
                now = Moment(now.0 + millis);
                let admission = circuit.admission(now);
                match step {
                    0 if admission == Admission::Yes => {
                        let is_closed = *circuit.state() != CircuitState::Open;
                        let conversation = circuit.begin();
                        if is_closed {
                            prop_assert_eq!(&probers, &vec![], "a second prober");
                            probers.push(conversation);
                        }
                        alive.push(conversation);
                    }
                    1 if !alive.is_empty() => {
                        let conversation = alive.swap_remove(index.index(alive.len()));
                        probers.retain(|prober| *prober != conversation);
                        circuit.end(conversation);
                    }
                    2 if !alive.is_empty() => {
                        circuit.success(now);
                        probers.clear(); // an ordinary conversation from here on
                    }
                    3 if !alive.is_empty() => _ = circuit.trouble(&if millis % 2 == 0 { busy() } else { down() }, now, 0.7),
                    _ => {}
                }
                prop_assert_eq!(circuit.conversations() as usize, alive.len());
                prop_assert!(alive.len() <= 3);
                prop_assert!((1..=3).contains(&circuit.learned_limit().unwrap_or(3)));
                if let Admission::At(moment) = circuit.admission(now) {
                    prop_assert!(now < moment && moment.0 <= now.0 + 30_000);
                }
            }
            // Whatever went before: when all have ended, a try follows within 30 s of whatever the clock shows.
            alive.into_iter().for_each(|conversation| circuit.end(conversation));
            match circuit.admission(now) {
                Admission::At(moment) => prop_assert_eq!(circuit.admission(moment), Admission::Yes),
                admission => prop_assert_eq!(admission, Admission::Yes),
            }
        }
    }
}
