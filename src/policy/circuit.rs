//! The circuit of one lane: open, closed, or trying with one conversation.
//!
//! A server in trouble is tried by one conversation at a time, at most 30 s apart, so that the first delivery follows
//! soon after it is back; what was under way when it closed goes on and holds no try up. A server that says «too many
//! connections» (421) while others of ours are served is not in trouble: it gets one fewer. Moments are wall time: a
//! clock that was set back shortens a wait, it never lengthens one.

use crate::{
    domain::{Moment, Trouble, TroubleKind},
    policy::{learned_limit::LearnedLimit, wait_before_try},
};
use std::time::Duration;

const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Trouble this soon after the last is not a new one.
const RELAPSE_WITHIN: Duration = Duration::from_secs(30);

/// See the module.
#[derive(Debug, Clone, PartialEq)]
pub struct Circuit {
    limit: LearnedLimit,
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
    kind: TroubleKind,
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
        Self {
            limit: LearnedLimit::new(configured, now),
            conversations: 0,
            begun: 0,
            state: CircuitState::Open,
            last_trouble: None,
        }
    }

    /// With what was learned before a restart.
    #[must_use]
    pub fn with_learned_limit(self, limit: Option<u32>) -> Self {
        Self { limit: self.limit.remembered(limit), ..self }
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
        self.limit.learned()
    }

    #[must_use]
    pub fn conversations(&self) -> u32 {
        self.conversations
    }

    /// Whether one more conversation may begin now. To ask is to let the learned limit grow when its time has come.
    pub fn admission(&mut self, now: Moment) -> Admission {
        self.limit.keep_to_clock(now);
        if self.state == CircuitState::Open {
            self.limit.grow(now);
        }
        match &self.state {
            CircuitState::Closed { prober: Some(_), .. } => Admission::Full,
            CircuitState::Closed { retry_at, .. } if is_ahead(*retry_at, now) => Admission::At(*retry_at),
            _ if self.conversations >= self.limit.most() => Admission::Full,
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

    /// The server serves us. True when that ended its trouble.
    pub fn success(&mut self, now: Moment) -> bool {
        let CircuitState::Closed { kind, since, failures, .. } = self.state else { return false };
        self.last_trouble = Some(LastTrouble { kind, since, failures, ended_at: now });
        self.state = CircuitState::Open;
        true
    }

    /// The server is in trouble, by `chance` in 0..1 tried again a little sooner or later. True when this closed the lane.
    pub fn trouble(&mut self, trouble: &Trouble, now: Moment, chance: f64) -> bool {
        let is_crowded = trouble.kind == TroubleKind::Busy && self.conversations > 1;
        if is_crowded {
            self.limit.fall(self.conversations, now);
        }
        let (since, failures, prober) = match &self.state {
            CircuitState::Open if is_crowded => return false,
            CircuitState::Open => {
                let (since, failures) = self.beginning(trouble.kind, now);
                (since, failures, None)
            }
            // One that was under way when the lane closed, and nobody has tried since: no news, and no reason to wait longer.
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

    /// Trouble of one kind soon after trouble is the same: a server that serves one job and no more is tried ever less often too.
    fn beginning(&self, kind: TroubleKind, now: Moment) -> (Moment, u32) {
        match &self.last_trouble {
            Some(last) if last.kind == kind && now.since(last.ended_at) < RELAPSE_WITHIN => {
                (last.since, last.failures.saturating_add(1))
            }
            _ => (now, 1),
        }
    }
}

/// No wait is longer than [`LONGEST_WAIT`]: what is further ahead was written before the clock was set back.
fn is_ahead(retry_at: Moment, now: Moment) -> bool {
    retry_at > now && retry_at.since(now) <= LONGEST_WAIT
}

#[cfg(test)]
mod tests;
