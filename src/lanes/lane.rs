//! One server's lane, shared by every conversation with it.

use crate::{
    clock::Clock,
    domain::{ByteRate, Moment, Trouble},
    lanes::Permit,
    policy::{Admission, Circuit, CircuitState, Conversation},
    schedule::{Window, Windows},
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tracing::{info, warn};

#[derive(Debug)]
pub struct Lane {
    pub name: String,
    bandwidth: Bandwidth,
    clock: Clock,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    circuit: Circuit,
    paused: bool,
}

/// How many bytes a second a server may get, of all conversations together.
#[derive(Debug, Clone, Default)]
pub struct Bandwidth {
    pub usual: Option<ByteRate>,
    /// Inside these windows this limit instead; the first that matches.
    pub inside: Vec<(Window, ByteRate)>,
}

/// What is worth remembering of a lane.
#[derive(Debug, Clone, PartialEq)]
pub struct LaneReport {
    pub circuit: CircuitState,
    pub learned_limit: Option<u32>,
    pub paused: bool,
}

impl Lane {
    #[must_use]
    pub fn new(name: String, bandwidth: Bandwidth, circuit: Circuit, clock: Clock) -> Self {
        Self { name, bandwidth, clock, state: Mutex::new(State { circuit, paused: false }), changed: Notify::new() }
    }

    /// The right to hold one whole conversation, or when to ask again.
    ///
    /// # Errors
    /// Why there is none now. [`Lane::changed`] says when to ask again, as does the moment of [`Admission::At`].
    pub fn permit(self: &Arc<Self>) -> Result<Permit, Admission> {
        let mut state = self.lock();
        if state.paused {
            return Err(Admission::Full);
        }
        match state.circuit.admission(self.clock.now()) {
            Admission::Yes => {
                let conversation = state.circuit.begin();
                Ok(Permit::new(self.clone(), conversation))
            }
            other => Err(other),
        }
    }

    /// Waits until a permit may be had that could not be had before. Create the future before asking for the permit.
    pub fn changed(&self) -> tokio::sync::futures::Notified<'_> {
        self.changed.notified()
    }

    /// The server serves us, or has nothing to serve and let us in.
    pub fn success(&self) -> LaneReport {
        let now = self.clock.now();
        let mut state = self.lock();
        if let CircuitState::Closed { since, .. } = state.circuit.state() {
            let down_ms = now.since(*since).as_millis();
            info!(server = %self.name, down_ms, "the server is back");
        }
        state.circuit.success(now);
        self.changed.notify_waiters();
        state.report()
    }

    /// The server is in trouble.
    pub fn trouble(&self, trouble: &Trouble) -> LaneReport {
        let mut state = self.lock();
        let began = state.circuit.trouble(trouble, self.clock.now(), fastrand::f64());
        if began {
            warn!(server = %self.name, kind = trouble.kind.word(), said = %trouble.said, "trouble with the server; its jobs wait");
        }
        self.changed.notify_waiters();
        state.report()
    }

    /// Nothing new begins while paused; a running conversation ends its file.
    pub fn set_paused(&self, paused: Paused) {
        self.lock().paused = paused == Paused::Yes;
        self.changed.notify_waiters();
    }

    /// Whether an operator paused it.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.lock().paused
    }

    /// Neither in trouble nor paused.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let state = self.lock();
        !state.paused && matches!(state.circuit.state(), CircuitState::Open)
    }

    #[must_use]
    pub fn report(&self) -> LaneReport {
        self.lock().report()
    }

    /// Conversations that are held at this moment.
    #[must_use]
    pub fn conversations(&self) -> u32 {
        self.lock().circuit.conversations()
    }

    /// The bandwidth that holds at `now`: a window's own, else the server's.
    #[must_use]
    pub fn bandwidth(&self, now: Moment, time_zone: chrono_tz::Tz) -> Option<ByteRate> {
        let is_open = |window: &Window| Windows { windows: vec![window.clone()], time_zone }.is_open(now);
        let inside = self.bandwidth.inside.iter().find(|(window, _)| is_open(window));
        inside.map(|(_, rate)| *rate).or(self.bandwidth.usual)
    }

    pub(super) fn release(&self, conversation: Conversation) {
        self.lock().circuit.end(conversation);
        self.changed.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an operator's pause holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paused {
    Yes,
    No,
}

impl State {
    fn report(&self) -> LaneReport {
        LaneReport {
            circuit: self.circuit.state().clone(),
            learned_limit: self.circuit.learned_limit(),
            paused: self.paused,
        }
    }
}
