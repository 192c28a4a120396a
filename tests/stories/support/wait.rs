//! Waiting for something seen, with an end: the one place where tests poll.

use std::{
    thread,
    time::{Duration, Instant},
};

/// Between two looks; short, because most waits end at the first or second.
const PAUSE: Duration = Duration::from_millis(2);

/// Returns as soon as `is_so` says yes.
///
/// # Panics
/// After `deadline`, naming `what` was awaited.
pub fn until(what: &str, deadline: Duration, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + deadline;
    while !is_so() {
        assert!(Instant::now() < end, "waited {deadline:?} in vain: {what}");
        thread::park_timeout(PAUSE);
    }
}

/// The same inside an async story.
///
/// # Panics
/// After `deadline`, naming `what` was awaited.
pub async fn until_async(what: &str, deadline: Duration, mut is_so: impl AsyncFnMut() -> bool) {
    let mut pause = tokio::time::interval(PAUSE);
    let look = async {
        while !is_so().await {
            pause.tick().await;
        }
    };
    assert!(tokio::time::timeout(deadline, look).await.is_ok(), "waited {deadline:?} in vain: {what}");
}

#[tokio::test]
async fn a_wait_ends_as_soon_as_it_is_so() {
    let deadline = Duration::from_secs(5);
    let mut looks = 0;
    until("three looks", deadline, || {
        looks += 1;
        looks == 3
    });
    until_async("three more", deadline, async || {
        looks += 1;
        looks == 6
    })
    .await;
    assert_eq!(looks, 6);
}

#[test]
#[should_panic(expected = "in vain: a miracle")]
fn a_wait_has_an_end() {
    until("a miracle", PAUSE, || false);
}
