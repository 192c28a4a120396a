//! How long to wait before the next try: doubling, capped, with equal jitter.

use std::time::Duration;

/// The wait after `failures` failures: `first` doubled for each one more, at most `longest`; half of it fixed and half by
/// `chance` in 0..1, so that a thousand jobs that failed together do not come back together.
#[must_use]
pub fn wait_before_try(failures: u32, first: Duration, longest: Duration, chance: f64) -> Duration {
    let doublings = failures.saturating_sub(1).min(30);
    let full = first.saturating_mul(1 << doublings).min(longest);
    full.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_the_longest() {
        let wait = |failures, chance| {
            wait_before_try(failures, Duration::from_secs(30), Duration::from_secs(3600), chance).as_secs_f64()
        };
        assert_eq!(
            [1, 2, 3, 7, 8, 99].map(|failures| wait(failures, 1.0)),
            [30.0, 60.0, 120.0, 1920.0, 3600.0, 3600.0]
        );
        assert_eq!(wait(1, 0.0), 15.0);
        assert_eq!(wait(0, 1.0), 30.0);
    }
}
