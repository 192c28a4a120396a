//! A rate as a bucket that fills by time: it delays and never refuses.

use std::time::{Duration, Instant};

/// Filled at a steady rate, never beyond its size.
#[derive(Debug, Clone)]
pub struct TokenBucket {
    per_second: f64,
    most: f64,
    tokens: f64,
    filled_at: Instant,
}

impl TokenBucket {
    /// Full at `now`.
    #[must_use]
    pub fn new(per_second: f64, most: f64, now: Instant) -> Self {
        let most = most.max(1.0);
        Self { per_second, most, tokens: most, filled_at: now }
    }

    /// Whole tokens at `now`.
    #[must_use]
    pub fn available(&self, now: Instant) -> u32 {
        self.at(now) as u32
    }

    /// How long until there is one.
    #[must_use]
    pub fn wait_for_one(&self, now: Instant) -> Duration {
        let missing = (1.0 - self.at(now)).max(0.0);
        Duration::try_from_secs_f64(missing / self.per_second).unwrap_or(Duration::MAX)
    }

    /// Takes `tokens`; the bucket may go below empty, and is then waited for the longer.
    pub fn spend(&mut self, tokens: u32, now: Instant) {
        self.tokens = self.at(now) - f64::from(tokens);
        self.filled_at = now;
    }

    fn at(&self, now: Instant) -> f64 {
        let filled = now.saturating_duration_since(self.filled_at).as_secs_f64() * self.per_second;
        (self.tokens + filled).min(self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_an_hour_the_rate_holds() {
        let begun = Instant::now();
        let mut bucket = TokenBucket::new(600.0 / 3600.0, 10.0, begun);
        let mut started = 0;
        for second in 0..3600 {
            let now = begun + Duration::from_secs(second);
            let free = bucket.available(now);
            bucket.spend(free, now);
            started += free;
        }
        assert!((609..=610).contains(&started), "{started}");
    }

    #[test]
    fn the_wait_ends_with_a_token() {
        let now = Instant::now();
        let mut bucket = TokenBucket::new(0.5, 1.0, now);
        bucket.spend(1, now);
        assert_eq!((bucket.available(now), bucket.wait_for_one(now)), (0, Duration::from_secs(2)));
        assert_eq!(bucket.available(now + Duration::from_secs(2)), 1);
    }
}
