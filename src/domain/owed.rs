//! What the sender of a message hears of one of those it goes to.

use std::time::Duration;

/// What of a mail's fate is told to whoever sent the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Owed {
    /// That it still waits, once, when it has waited so long.
    pub delayed_after: Option<Duration>,
    /// That it failed for good.
    pub failed: bool,
}

impl Owed {
    pub const NOTHING: Self = Self { delayed_after: None, failed: false };
}
