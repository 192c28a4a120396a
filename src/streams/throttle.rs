//! A bandwidth that several transfers share: whoever wants to send waits for its turn.

use crate::domain::ByteRate;
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// One limit. A lane has one for all its transfers, a job may have its own; `Clone` the `Arc` around it.
#[derive(Debug)]
pub struct Throttle {
    rate: Rate,
    /// When what was granted so far has gone out at its rate.
    paid_until: Mutex<Instant>,
}

enum Rate {
    Fixed(Option<ByteRate>),
    Asked(Box<dyn Fn() -> Option<ByteRate> + Send + Sync>),
}

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.now().fmt(f)
    }
}

impl Rate {
    fn now(&self) -> Option<ByteRate> {
        match self {
            Self::Fixed(rate) => *rate,
            Self::Asked(ask) => ask(),
        }
    }
}

/// Granted ahead of the clock, so that a sender that oversleeps a little still reaches the rate.
const SLACK: Duration = Duration::from_millis(50);

impl Throttle {
    /// With no rate nobody waits.
    #[must_use]
    pub fn new(rate: Option<ByteRate>) -> Self {
        Self::with(Rate::Fixed(rate))
    }

    /// One whose rate is asked for at every grant, so that it may change within a file.
    #[must_use]
    pub fn asking(rate: impl Fn() -> Option<ByteRate> + Send + Sync + 'static) -> Self {
        Self::with(Rate::Asked(Box::new(rate)))
    }

    fn with(rate: Rate) -> Self {
        Self { rate, paid_until: Mutex::new(Instant::now()) }
    }

    /// Waits until `bytes` may be sent.
    pub async fn wait(&self, bytes: usize) {
        if let Some(until) = self.grant(bytes, Instant::now()) {
            tokio::time::sleep_until(until).await;
        }
    }

    /// The most bytes to ask for at once: a tenth of a second's worth, so that a slow line is a steady one.
    fn piece(&self) -> usize {
        let Some(ByteRate(rate)) = self.rate.now() else { return usize::MAX };
        usize::try_from(rate / 10).unwrap_or(usize::MAX).max(512)
    }

    fn grant(&self, bytes: usize, now: Instant) -> Option<Instant> {
        let ByteRate(rate) = self.rate.now()?;
        let mut paid_until = self.paid_until.lock().unwrap_or_else(PoisonError::into_inner);
        let from = (*paid_until).max(now.checked_sub(SLACK).unwrap_or(now));
        *paid_until = from + Duration::from_secs_f64(bytes as f64 / rate.max(1) as f64);
        (from > now).then_some(from)
    }
}

/// The limits one transfer keeps to, all of them.
#[derive(Debug, Clone, Default)]
pub struct Throttles {
    /// The server's, shared by every transfer to it.
    pub lane: Option<Arc<Throttle>>,
    /// The step's own `bandwidth`.
    pub job: Option<Arc<Throttle>>,
}

impl Throttles {
    /// Waits until `bytes` may be sent by every limit.
    pub async fn wait(&self, bytes: usize) {
        for throttle in [&self.lane, &self.job].into_iter().flatten() {
            throttle.wait(bytes).await;
        }
    }

    /// The most bytes to send between two waits.
    #[must_use]
    pub fn piece(&self) -> usize {
        [&self.lane, &self.job].into_iter().flatten().map(|throttle| throttle.piece()).min().unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends `count` pieces of `bytes`, one after the other, each waiting for its grant; returns how long it took.
    fn send(throttle: &Throttle, begun: Instant, (count, bytes): (usize, usize)) -> Duration {
        let mut now = begun;
        for _ in 0..count {
            now = throttle.grant(bytes, now).unwrap_or(now);
        }
        now - begun
    }

    #[test]
    fn what_is_sent_keeps_to_the_rate() {
        let throttle = Throttle::new(Some(ByteRate(100_000)));
        let took = send(&throttle, Instant::now(), (101, 10_000)).as_secs_f64();
        assert!((9.9..10.1).contains(&took), "1 MB at 100 kB/s took {took} s");
    }

    #[test]
    fn idle_time_is_not_saved_up() {
        let throttle = Throttle::new(Some(ByteRate(1_000)));
        let later = Instant::now() + Duration::from_secs(3600);
        assert!(send(&throttle, later, (11, 1_000)) > Duration::from_secs(9));
    }

    #[test]
    fn a_rate_that_changes_holds_from_the_next_piece_on() {
        let rate = Arc::new(Mutex::new(Some(ByteRate(1_000))));
        let asked = rate.clone();
        let throttle = Throttle::asking(move || *asked.lock().unwrap());
        let begun = Instant::now() + Duration::from_secs(3600);
        let took = send(&throttle, begun, (11, 1_000));
        assert!(took > Duration::from_secs(9));
        *rate.lock().unwrap() = None;
        assert_eq!(send(&throttle, begun + took, (1_000, 1_000_000)), Duration::ZERO);
        *rate.lock().unwrap() = Some(ByteRate(1_000));
        assert!(send(&throttle, begun + took, (3, 1_000)) > Duration::from_secs(1));
    }

    #[test]
    fn no_rate_is_no_wait() {
        assert_eq!(send(&Throttle::new(None), Instant::now(), (9, usize::MAX)), Duration::ZERO);
    }

    #[test]
    fn a_slow_line_is_asked_for_in_small_pieces() {
        let throttles = |lane, job| Throttles {
            lane: Some(Arc::new(Throttle::new(lane))),
            job: Some(Arc::new(Throttle::new(job))),
        };
        assert_eq!(throttles(Some(ByteRate(20_000)), Some(ByteRate(90_000))).piece(), 2_000);
        assert_eq!(throttles(None, Some(ByteRate(1))).piece(), 512);
        assert_eq!(throttles(None, None).piece(), usize::MAX);
    }
}
