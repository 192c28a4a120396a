//! How many conversations a server bears: as many as configured, one fewer with each «too many connections» (421), and
//! one more again after a quiet while.

use crate::domain::Moment;
use std::time::Duration;

/// Quiet for this long, it grows by one.
const GROW_AFTER: Duration = Duration::from_secs(60);

/// See the module. Never below one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LearnedLimit {
    configured: u32,
    most: u32,
    since: Moment,
}

impl LearnedLimit {
    /// Nothing learned.
    pub fn new(configured: u32, now: Moment) -> Self {
        let configured = configured.max(1);
        Self { configured, most: configured, since: now }
    }

    /// With what was learned before a restart.
    pub fn remembered(self, learned: Option<u32>) -> Self {
        Self { most: learned.unwrap_or(self.configured).clamp(1, self.configured), ..self }
    }

    /// The most conversations at once.
    pub fn most(&self) -> u32 {
        self.most
    }

    /// The same, if it is fewer than configured.
    pub fn learned(&self) -> Option<u32> {
        (self.most < self.configured).then_some(self.most)
    }

    /// One of this many conversations was one too many.
    pub fn fall(&mut self, conversations: u32, now: Moment) {
        self.most = self.most.min(conversations).saturating_sub(1).max(1);
        self.since = now;
    }

    /// Grows by one if it has been quiet for long enough.
    pub fn grow(&mut self, now: Moment) {
        if self.most < self.configured && now.since(self.since) >= GROW_AFTER {
            self.most += 1;
            self.since = now;
        }
    }

    /// A clock that was set back makes nothing wait for the moment it once showed.
    pub fn keep_to_clock(&mut self, now: Moment) {
        self.since = self.since.min(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment(1_000_000);

    fn seconds(span: u64) -> Moment {
        NOW.plus(Duration::from_secs(span))
    }

    #[test]
    fn it_falls_to_what_is_served_and_never_below_one() {
        let mut limit = LearnedLimit::new(4, NOW);
        for (conversations, most) in [(4, 3), (4, 2), (2, 1), (1, 1), (0, 1)] {
            limit.fall(conversations, NOW);
            assert_eq!(limit.learned(), Some(most));
        }
        let mut limit = LearnedLimit::new(8, NOW);
        limit.fall(3, NOW);
        assert_eq!(limit.most(), 2, "no more than were served");
    }

    #[test]
    fn it_grows_by_one_each_quiet_minute_up_to_what_is_configured() {
        let mut limit = LearnedLimit::new(3, NOW);
        limit.fall(2, NOW);
        let most = [59, 60, 61, 119, 120, 200, 300].map(|span| {
            limit.grow(seconds(span));
            limit.most()
        });
        assert_eq!(most, [1, 2, 2, 2, 3, 3, 3]);
        assert_eq!(limit.learned(), None);
    }

    #[test]
    fn what_is_remembered_is_kept_within_what_is_configured() {
        for (remembered, most) in [(None, 4), (Some(0), 1), (Some(2), 2), (Some(9), 4)] {
            assert_eq!(LearnedLimit::new(4, NOW).remembered(remembered).most(), most);
        }
        assert_eq!(LearnedLimit::new(0, NOW).most(), 1);
    }

    #[test]
    fn a_clock_that_is_set_back_makes_it_wait_no_longer() {
        let mut limit = LearnedLimit::new(2, NOW);
        limit.fall(2, NOW);
        let yesterday = NOW.minus(Duration::from_secs(86_400));
        limit.keep_to_clock(yesterday);
        limit.grow(yesterday.plus(GROW_AFTER));
        assert_eq!(limit.most(), 2);
    }
}
