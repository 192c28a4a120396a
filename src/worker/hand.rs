//! The parcels that a lane has claimed and not yet begun, shared by its conversations.
//!
//! Small files are claimed several at a time, so that a commit serves many; large ones singly, so that what is claimed
//! is soon begun.

use crate::store::Parcel;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

#[derive(Debug, Default)]
pub(super) struct Hand {
    state: Mutex<State>,
    /// Held by the one that claims for all.
    pub refill: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug, Default)]
struct State {
    parcels: VecDeque<Parcel>,
    /// Smoothed time that one parcel takes; none known: claim singly.
    typical: Option<Duration>,
}

/// What is claimed ahead should be begun within about this span.
const AHEAD: Duration = Duration::from_millis(60);
const MOST_AHEAD: u32 = 256;

impl Hand {
    pub(super) fn take(&self) -> Option<Parcel> {
        self.lock().parcels.pop_front()
    }

    pub(super) fn put(&self, parcels: Vec<Parcel>) {
        self.lock().parcels.extend(parcels);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().parcels.is_empty()
    }

    /// Less than half of what is wanted is left: time to claim more, beside the sending.
    pub(super) fn is_low(&self, conversations: u32) -> bool {
        let left = u32::try_from(self.lock().parcels.len()).unwrap_or(u32::MAX);
        left < self.wanted(conversations) / 2
    }

    pub(super) fn empty(&self) -> Vec<Parcel> {
        self.lock().parcels.drain(..).collect()
    }

    /// A parcel took this long.
    pub(super) fn took(&self, span: Duration) {
        let mut state = self.lock();
        state.typical = Some(state.typical.map_or(span, |typical| (typical * 7 + span) / 8));
    }

    /// How many to claim for `conversations` at once.
    pub(super) fn wanted(&self, conversations: u32) -> u32 {
        let Some(typical) = self.lock().typical else { return 1 };
        let each = AHEAD.as_micros() / typical.as_micros().max(1);
        u32::try_from(each).unwrap_or(MOST_AHEAD).saturating_mul(conversations).clamp(1, MOST_AHEAD)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_files_are_claimed_singly_and_small_ones_by_the_score() {
        let hand = Hand::default();
        assert_eq!(hand.wanted(4), 1);
        hand.took(Duration::from_secs(20));
        assert_eq!(hand.wanted(4), 1);
        for _ in 0..200 {
            hand.took(Duration::from_millis(2));
        }
        assert_eq!(hand.wanted(1), 30);
        assert_eq!(hand.wanted(16), MOST_AHEAD);
    }

    #[test]
    fn a_hand_of_large_files_is_refilled_when_it_is_empty_and_one_of_small_files_before() {
        let hand = Hand::default();
        assert!(!hand.is_low(4));
        for _ in 0..100 {
            hand.took(Duration::from_millis(2));
        }
        hand.put(vec![Parcel { jobs: vec![] }; 15]);
        assert!(!hand.is_low(1));
        hand.take();
        assert!(hand.is_low(1));
    }
}
