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
    HOOK.with_borrow_mut(|hook| hook.iter_mut().for_each(|hook| hook(point)));
    let Some((name, nth)) = &*WANTED else { return };
    if name == point && TIMES.fetch_add(1, Ordering::SeqCst) + 1 == *nth {
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}

#[cfg(feature = "faults")]
type Hook = Box<dyn FnMut(&str)>;

#[cfg(feature = "faults")]
thread_local! {
    static HOOK: std::cell::RefCell<Option<Hook>> = const { std::cell::RefCell::new(None) };
}

/// Has `hook` called at every point that this thread comes to while `work` goes on: what others do just then is told by a test.
#[cfg(feature = "faults")]
pub fn at_points<T>(hook: impl FnMut(&str) + 'static, work: impl FnOnce() -> T) -> T {
    HOOK.set(Some(Box::new(hook)));
    let done = work();
    HOOK.set(None);
    done
}

/// Nothing: kill points are compiled out.
#[cfg(not(feature = "faults"))]
#[inline(always)]
pub fn kill_point(_point: &str) {}
