//! What a session, its connector and its streams tell each other behind suppaftp's back.

use crate::ftp::client::{Error, ahead::Ahead, pulse::Pulse};
use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

/// One for each control connection.
#[derive(Debug)]
pub(super) struct Shared {
    pub pulse: Pulse,
    is_connected: AtomicBool,
    ahead: Mutex<Ahead>,
    notes: Mutex<Notes>,
}

#[derive(Debug, Default)]
struct Notes {
    /// The typed form of an error that suppaftp carries as a text.
    trouble: Option<Error>,
    tls: Option<&'static str>,
    /// Where the data connection went that is being made.
    dialled: Option<Dialled>,
}

/// How far a data connection got.
#[derive(Debug, Clone)]
pub(super) enum Dialled {
    Begun,
    Failed(String),
}

impl Shared {
    pub(super) fn new() -> Self {
        Self {
            pulse: Pulse::new(),
            is_connected: AtomicBool::new(false),
            ahead: Mutex::default(),
            notes: Mutex::default(),
        }
    }

    /// TCP stands: what fails from here on is not the address's fault.
    pub(super) fn is_connected(&self) -> bool {
        self.is_connected.load(Ordering::Relaxed)
    }

    /// TCP stands; true if it did before.
    pub(super) fn connects_again(&self) -> bool {
        self.is_connected.swap(true, Ordering::Relaxed)
    }

    pub(super) fn note_trouble(&self, trouble: Error) {
        self.notes().trouble = Some(trouble);
    }

    pub(super) fn note_tls(&self, version: Option<&'static str>) {
        self.notes().tls = version;
    }

    pub(super) fn take_trouble(&self) -> Option<Error> {
        self.notes().trouble.take()
    }

    pub(super) fn take_dialled(&self) -> Option<Dialled> {
        self.notes().dialled.take()
    }

    pub(super) fn dial(&self, dialled: Dialled) {
        self.notes().dialled = Some(dialled);
    }

    /// `TLSv1.2` and the like.
    pub(super) fn tls(&self) -> Option<&'static str> {
        self.notes().tls
    }

    /// These lines go out with the next command.
    pub(super) fn send_ahead(&self, lines: Vec<Vec<u8>>) {
        self.ahead().follow_with(lines);
    }

    pub(super) fn ahead(&self) -> MutexGuard<'_, Ahead> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
