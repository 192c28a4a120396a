//! Many files at once: each is taken once, none is missed, whatever the events do.

use crate::support::Boat;
use std::time::{Duration, Instant};

/// So long that only events can have told.
const BY_EVENTS: &str = "settled_for: 0s, rescan: 1h";

fn assert_each_once(arrivals: &std::collections::BTreeMap<Vec<u8>, i64>, expected: usize) {
    let several: Vec<_> = arrivals.iter().filter(|(_, times)| **times != 1).take(3).collect();
    assert!(several.is_empty(), "taken twice: {several:?}");
    assert_eq!(arrivals.len(), expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_files_at_once_arrive_by_events_alone() {
    let boat = Boat::new(BY_EVENTS);
    let voyage = boat.sail().await;
    voyage.scan().await;
    for number in 0..30 {
        boat.write(format!("{number}.dump"), "bytes");
    }
    voyage.until_known(30).await;
    assert_each_once(&boat.arrivals().await, 30);
    voyage.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_single_file_is_durable_soon_after_its_close() {
    let boat = Boat::new(BY_EVENTS);
    let voyage = boat.sail().await;
    voyage.scan().await;
    let mut spans = Vec::new();
    for number in 0..50 {
        boat.write(format!("{number}"), "bytes");
        let closed = Instant::now();
        voyage.until_known(number + 1).await;
        spans.push(closed.elapsed());
    }
    spans.sort();
    assert!(spans[25] < Duration::from_millis(500), "median {:?}, worst {:?}", spans[25], spans[49]);
    voyage.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn folders_made_and_filled_at_once_lose_nothing() {
    let boat = Boat::new("settled_for: 0s, rescan: 1h, recursive: true");
    let voyage = boat.sail().await;
    voyage.scan().await;
    for number in 0..200 {
        std::fs::create_dir_all(boat.at(format!("{number}/b/c"))).unwrap();
        boat.write(format!("{number}/b/c/f"), "bytes");
    }
    voyage.until_known(200).await;
    assert_each_once(&boat.arrivals().await, 200);
    voyage.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tree_moved_in_arrives_and_so_does_what_is_written_into_it_later() {
    let boat = Boat::new("settled_for: 0s, rescan: 1h, recursive: true");
    let voyage = boat.sail().await;
    voyage.scan().await;
    let outside = boat.ground.path().join("tree");
    std::fs::create_dir_all(outside.join("deep/er")).unwrap();
    for name in ["a", "deep/b", "deep/er/c"] {
        std::fs::write(outside.join(name), "bytes").unwrap();
    }
    std::fs::rename(&outside, boat.at("tree")).unwrap();
    voyage.until_known(3).await;
    boat.write("tree/deep/er/later", "bytes");
    voyage.until_known(4).await;
    // Moved within, the whole tree has other paths: it arrives again, and is still watched.
    std::fs::rename(boat.at("tree"), boat.at("moved")).unwrap();
    voyage.until_known(8).await;
    boat.write("moved/deep/er/last", "bytes");
    voyage.until_known(9).await;
    assert_each_once(&boat.arrivals().await, 9);
    voyage.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn folders_that_change_places_stay_watched() {
    let boat = Boat::new("settled_for: 0s, rescan: 1h, recursive: true");
    std::fs::create_dir_all(boat.at("a/x")).unwrap();
    let voyage = boat.sail().await;
    voyage.scan().await;
    for round in 1..=50 {
        std::fs::rename(boat.at("a"), boat.ground.path().join(format!("old{round}"))).unwrap();
        std::fs::create_dir_all(boat.at("a/x")).unwrap();
        boat.write(format!("a/x/{round}"), "bytes");
        voyage.until_known(round).await;
    }
    assert_each_once(&boat.arrivals().await, 50);
    voyage.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_files_arrive_once_each_and_a_second_scan_takes_none() {
    let boat = Boat::new("settled_for: 0s, recursive: true");
    for folder in 0..100 {
        std::fs::create_dir(boat.at(format!("{folder}"))).unwrap();
        boat.write(format!("{folder}/0"), "x");
        for file in 1..1000 {
            std::fs::hard_link(boat.at(format!("{folder}/0")), boat.at(format!("{folder}/{file}"))).unwrap();
        }
    }
    let voyage = boat.sail().await;
    voyage.watch.scan_now().await.unwrap(); // however long it takes: an unoptimised SQLite is slow
    voyage.watch.settled_everything().await.unwrap();
    voyage.until_known(100_000).await;
    let report = voyage.settle().await;
    assert!(report.is_complete);
    assert_each_once(&boat.arrivals().await, 100_000);
    voyage.stop().await;
    let voyage = boat.sail().await;
    voyage.settle().await;
    assert_each_once(&boat.arrivals().await, 100_000);
    voyage.stop().await;
    boat.sail().await.stop().await; // also in the middle of loading or scanning
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_while_watching_arrives_once_each() {
    let boat = Boat::new("settled_for: 0s, rescan: 1h");
    let voyage = boat.sail().await;
    voyage.scan().await;
    for number in 0..20_000 {
        boat.write(format!("{number}"), "x");
    }
    voyage.until_known(20_000).await;
    assert_each_once(&boat.arrivals().await, 20_000);
    voyage.stop().await;
}
