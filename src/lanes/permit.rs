//! The right to hold one whole conversation with a server: log in, list, transfer, rename, quit.

use crate::lanes::Lane;
use std::sync::Arc;

/// Given back when dropped, so that no way out of a conversation can keep it. Never take a second while holding one.
#[derive(Debug)]
pub struct Permit {
    lane: Arc<Lane>,
}

impl Permit {
    pub(super) fn new(lane: Arc<Lane>) -> Self {
        Self { lane }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.lane.release();
    }
}
