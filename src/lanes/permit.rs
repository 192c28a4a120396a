//! The right to hold one whole conversation with a server: log in, list, transfer, rename, quit.

use crate::{lanes::Lane, policy::Conversation};
use std::sync::Arc;

/// Given back when dropped, so that no way out of a conversation can keep it. Never take a second while holding one.
#[derive(Debug)]
pub struct Permit {
    lane: Arc<Lane>,
    conversation: Conversation,
}

impl Permit {
    pub(super) fn new(lane: Arc<Lane>, conversation: Conversation) -> Self {
        Self { lane, conversation }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.lane.release(self.conversation);
    }
}
