//! Wall time as a value that is handed on, so that a test can drive it.

use crate::domain::Moment;
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::time::Instant;

/// Where the present moment comes from. Deadlines inside the process use `tokio::time`, never this.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's.
    #[default]
    System,
    /// One that stands still until it is moved, forwards or backwards.
    Driven(Arc<AtomicI64>),
    /// One that runs with tokio's time, be that driven too, and can be moved beside it.
    Paced { since: Instant, moment: Arc<AtomicI64> },
}

impl Clock {
    /// A clock that stands at `moment`.
    #[must_use]
    pub fn driven(moment: Moment) -> Self {
        Self::Driven(Arc::new(AtomicI64::new(moment.0)))
    }

    /// A clock that shows `moment` now and runs with tokio's.
    #[must_use]
    pub fn paced(moment: Moment) -> Self {
        Self::Paced { since: Instant::now(), moment: Arc::new(AtomicI64::new(moment.0)) }
    }

    /// The present moment. The machine's clock may jump; who compares two of these must cope.
    #[must_use]
    pub fn now(&self) -> Moment {
        match self {
            Self::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
                Moment::default().plus(since)
            }
            Self::Driven(moment) => Moment(moment.load(Ordering::Acquire)),
            Self::Paced { since, moment } => Moment(moment.load(Ordering::Acquire)).plus(since.elapsed()),
        }
    }

    /// Moves a driven or paced clock; the machine's is not ours to move.
    pub fn move_by(&self, millis: i64) {
        if let Self::Driven(moment) | Self::Paced { moment, .. } = self {
            moment.fetch_add(millis, Ordering::AcqRel);
        }
    }
}
