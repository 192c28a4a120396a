//! The wall clock jumps; spans do not care.

use crate::support::Boat;
use packetboat::{clock::Clock, store::Store};
use std::time::Duration;

const DAY_MS: i64 = 86_400_000;

#[tokio::test]
async fn a_clock_a_day_ahead_and_a_day_behind_takes_each_file_once() {
    let boat = Boat::new("settled_for: 1s, rescan: 1s");
    let clock = Clock::driven(Clock::System.now());
    let store = Store::open(&boat.storage()).await.unwrap();
    let voyage = boat.sail_by(clock.clone(), store, "dumps").await;
    voyage.scan().await;
    let mut known = 0;
    for jump in [DAY_MS, -DAY_MS, -DAY_MS, DAY_MS] {
        boat.write(format!("before {known}"), "bytes");
        voyage.until("it settles", |status| status.settling == 1).await;
        clock.move_by(jump);
        boat.write(format!("after {known}"), "bytes");
        known += 2;
        voyage.settle().await;
        voyage.settle().await;
        voyage.until_known(known).await;
    }
    let arrivals = boat.arrivals().await;
    assert!(arrivals.len() == 8 && arrivals.values().all(|times| *times == 1), "{arrivals:?}");
    voyage.stop().await;
}

#[tokio::test]
async fn started_under_a_wrong_clock_existing_files_are_still_told_from_new_ones() {
    for jump in [DAY_MS, -DAY_MS] {
        let boat = Boat::new("settled_for: 0s, rescan: 1h, existing: skip");
        boat.write("before", "bytes");
        boat.until_older("before", Duration::from_millis(100)); // more than a tick of the file system's clock
        let clock = Clock::driven(Clock::System.now());
        clock.move_by(jump);
        let store = Store::open(&boat.storage()).await.unwrap();
        let voyage = boat.sail_by(clock, store, "dumps").await;
        voyage.settle().await;
        boat.write("after", "bytes");
        voyage.settle().await;
        assert_eq!(boat.arrived().await, "after×1", "{jump}");
        voyage.stop().await;
    }
}
