//! Named points at which the tests kill the process; without the feature `faults` they are nothing at all.

/// Dies here, as by `kill -9`, if `PACKETBOAT_KILL_AT` is `point` or `point:n` and this is the n-th time.
#[cfg(feature = "faults")]
pub fn kill_point(point: &str) {
    use std::sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    };
    static WANTED: LazyLock<Option<(String, u64)>> = LazyLock::new(|| {
        let wanted = std::env::var("PACKETBOAT_KILL_AT").ok()?;
        let (name, nth) = wanted.split_once(':').unwrap_or((&wanted, "1"));
        Some((name.to_owned(), nth.parse().unwrap_or(1)))
    });
    static TIMES: AtomicU64 = AtomicU64::new(0);
    let Some((name, nth)) = &*WANTED else { return };
    if name == point && TIMES.fetch_add(1, Ordering::SeqCst) + 1 == *nth {
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}

/// Nothing: kill points are compiled out.
#[cfg(not(feature = "faults"))]
#[inline(always)]
pub fn kill_point(_point: &str) {}
