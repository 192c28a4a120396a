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

/// What sums of fractions may be short of a whole token.
const ROUNDING: f64 = 1e-6;

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
        (self.at(now) + ROUNDING) as u32
    }

    /// How long until there is one.
    #[must_use]
    pub fn wait_for_one(&self, now: Instant) -> Duration {
        if self.available(now) > 0 {
            return Duration::ZERO;
        }
        let missing = 1.0 - self.at(now);
        let wait = Duration::try_from_secs_f64(missing / self.per_second).unwrap_or(Duration::MAX);
        wait.saturating_add(Duration::from_nanos(1)) // rounded up: who waits as told finds a token
    }

    /// Takes `tokens`; the bucket may go below empty, and is then waited for the longer.
    pub fn spend(&mut self, tokens: u32, now: Instant) {
        self.tokens = self.at(now) - f64::from(tokens);
        self.filled_at = now;
    }

    /// Gives back `tokens` that were spent and not used.
    pub fn refund(&mut self, tokens: u32, now: Instant) {
        self.tokens = self.at(now) + f64::from(tokens);
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
    use proptest::prelude::*;

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
        assert_eq!((bucket.available(now), bucket.wait_for_one(now).as_secs()), (0, 2));
        assert_eq!(bucket.available(now + Duration::from_secs(2)), 1);
    }

    #[test]
    fn idle_time_is_not_saved_up_beyond_the_size() {
        let begun = Instant::now();
        let bucket = TokenBucket::new(100.0, 10.0, begun);
        assert_eq!(bucket.available(begun + Duration::from_secs(3600)), 10);
    }

    proptest! {
        #[test]
        fn no_span_sees_more_than_the_rate_and_one_full_bucket(
            per_second in 0.001..5_000.0f64,
            most in 1.0..100.0f64,
            steps in prop::collection::vec((0u64..5_000, 1u32..20), 1..300),
        ) {
            let begun = Instant::now();
            let (mut now, mut taken) = (begun, 0u32);
            let mut bucket = TokenBucket::new(per_second, most, begun);
            for (millis, wanted) in steps {
                now += Duration::from_millis(millis);
                let tokens = bucket.available(now).min(wanted);
                bucket.spend(tokens, now);
                taken += tokens;
                let allowed = most + per_second * (now - begun).as_secs_f64();
                prop_assert!(f64::from(taken) <= allowed + 0.001, "{taken} of {allowed}");
            }
        }

        #[test]
        fn who_waits_as_told_gets_one(per_second in 0.000_1..50_000.0f64, debt in 0u32..1_000) {
            let now = Instant::now();
            let mut bucket = TokenBucket::new(per_second, 1.0, now);
            bucket.spend(debt, now);
            let wait = bucket.wait_for_one(now);
            prop_assert!(bucket.available(now + wait) >= 1, "after {wait:?}");
            prop_assert!(bucket.available(now) >= 1 || !wait.is_zero(), "told not to wait, and there is none");
        }
    }
}
