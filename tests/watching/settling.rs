//! When a file is whole enough to be taken.

use crate::support::Boat;
use std::{
    io::Write,
    time::{Duration, SystemTime},
};

/// More than the file system's clock may be behind the system's: by that the rule must be younger than the file.
const A_TICK: Duration = Duration::from_millis(100);

#[tokio::test]
async fn a_file_that_grows_is_taken_once_and_whole() {
    let boat = Boat::new("settled_for: 1s, rescan: 1h");
    let voyage = boat.sail().await;
    voyage.scan().await;
    let mut file = std::fs::File::create(boat.at("a")).unwrap();
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    for _ in 0..25 {
        ticks.tick().await;
        file.write_all(b"x").unwrap();
    }
    assert_eq!(boat.arrived().await, "");
    drop(file);
    voyage.until_known(1).await;
    assert_eq!(boat.count("SELECT size_bytes FROM payloads").await, 25);
    assert_eq!(boat.arrived().await, "a×1");
    voyage.stop().await;
}

#[tokio::test]
async fn what_was_old_at_the_start_is_taken_at_once() {
    let boat = Boat::new("settled_for: 2s, rescan: 1h");
    boat.write("a", "bytes");
    let old = SystemTime::now() - Duration::from_secs(2);
    boat.until_older("a", Duration::from_secs(2)); // a ctime cannot be made old in any other way
    std::fs::File::options().write(true).open(boat.at("a")).unwrap();
    let voyage = boat.sail().await;
    let report = voyage.scan().await;
    assert_eq!((report.settling, boat.arrived().await.as_str()), (0, "a×1"));
    // The same age found later proves nothing: it is looked at twice.
    boat.write("b", "bytes");
    std::fs::File::options().write(true).open(boat.at("b")).unwrap().set_modified(old).unwrap();
    assert_eq!(voyage.scan().await.settling, 1);
    voyage.stop().await;
}

#[tokio::test]
async fn with_a_done_file_nothing_is_taken_before_it_is_there() {
    let boat = Boat::new(r#"settled_for: 0s, rescan: 1h, done_file: "{{ file.name }}.done""#);
    let voyage = boat.sail().await;
    boat.write("a", "bytes");
    boat.write("b", "bytes");
    voyage.settle().await;
    assert_eq!((boat.arrived().await.as_str(), voyage.watch.status().waiting), ("", 2));
    boat.write("a.done", "");
    voyage.until("a is taken", |status| status.waiting == 1).await;
    assert_eq!(boat.arrived().await, "a×1");
    // The done file first, and one that is not empty and would be wanted by itself.
    boat.write("c.done", "ready");
    boat.write("c", "bytes");
    voyage.settle().await;
    voyage.settle().await;
    assert_eq!(boat.arrived().await, "a×1 c×1");
    voyage.stop().await;
}

#[tokio::test]
async fn one_done_file_for_a_whole_folder_is_no_arrival_either() {
    let boat = Boat::new(r#"settled_for: 0s, rescan: 1h, done_file: "DONE""#);
    let voyage = boat.sail().await;
    for name in ["a", "b"] {
        boat.write(name, "bytes");
    }
    voyage.settle().await;
    assert_eq!(boat.arrived().await, "");
    boat.write("DONE", "yes");
    voyage.settle().await;
    assert_eq!(boat.arrived().await, "a×1 b×1");
    voyage.stop().await;
}

#[tokio::test]
async fn a_young_file_waits_for_its_age() {
    let boat = Boat::new("settled_for: 0s, rescan: 1h, min_age: 2s");
    let voyage = boat.sail().await;
    boat.write("young", "bytes");
    boat.write("old", "bytes");
    let old = SystemTime::now() - Duration::from_secs(3600);
    std::fs::File::options().write(true).open(boat.at("old")).unwrap().set_modified(old).unwrap();
    boat.write("tomorrow", "bytes");
    let tomorrow = SystemTime::now() + Duration::from_secs(86_400);
    std::fs::File::options().write(true).open(boat.at("tomorrow")).unwrap().set_modified(tomorrow).unwrap();
    voyage.settle().await;
    assert_eq!(boat.arrived().await, "old×1");
    voyage.until_known(3).await;
    assert_eq!(boat.arrived().await, "old×1 tomorrow×1 young×1");
    voyage.stop().await;
}

#[tokio::test]
async fn sizes_that_are_not_wanted_wait_until_they_are() {
    let boat = Boat::new("settled_for: 0s, rescan: 1h, min_size: 3B, max_size: 6B");
    let voyage = boat.sail().await;
    for (name, bytes) in [("empty", ""), ("small", "12"), ("right", "12345"), ("large", "1234567")] {
        boat.write(name, bytes);
    }
    voyage.settle().await;
    assert_eq!(boat.arrived().await, "right×1");
    boat.write("small", "1234");
    voyage.until_known(2).await;
    assert_eq!(boat.arrived().await, "right×1 small×1");
    voyage.stop().await;
}

#[tokio::test]
async fn empty_files_are_skipped_taken_or_refused_on_record() {
    for (wish, arrived, failed) in [("skip", "", 0), ("take", "empty×1", 0), ("refuse", "empty×1", 1)] {
        let boat = Boat::new(&format!("settled_for: 0s, rescan: 1h, empty_files: {wish}"));
        let voyage = boat.sail().await;
        boat.write("empty", "");
        voyage.settle().await;
        assert_eq!(boat.arrived().await, arrived, "{wish}");
        assert_eq!(boat.count("SELECT count(*) FROM jobs WHERE state = 'failed'").await, failed, "{wish}");
        voyage.stop().await;
    }
}

#[tokio::test]
async fn what_was_there_before_the_rule_can_be_skipped() {
    let boat = Boat::new("settled_for: 0s, rescan: 1h, existing: skip");
    boat.write("before", "bytes");
    boat.until_older("before", A_TICK);
    let voyage = boat.sail().await;
    voyage.settle().await;
    boat.write("after", "bytes");
    voyage.settle().await;
    voyage.stop().await;
    let voyage = boat.sail().await;
    voyage.settle().await;
    assert_eq!(boat.arrived().await, "after×1");
    boat.write("before", "other bytes");
    voyage.settle().await;
    assert_eq!(boat.arrived().await, "after×1 before×1");
    voyage.stop().await;
}

#[tokio::test]
async fn a_death_during_the_first_scan_neither_takes_the_old_nor_misses_the_new() {
    let boat = Boat::new("settled_for: 0s, rescan: 1h, existing: skip");
    boat.write("before", "bytes");
    boat.write("also before", "bytes");
    boat.until_older("also before", A_TICK);
    // The rule was loaded and had recorded one of two when it died.
    let store = packetboat::store::Store::open(&boat.storage()).await.unwrap();
    let now = packetboat::clock::Clock::System.now();
    let folder = boat.at("");
    let folder = folder.to_str().unwrap().trim_end_matches('/');
    store.place("dumps", folder.as_bytes(), now).await.unwrap();
    store.close().await;
    drop(store);
    boat.write("while it was dead", "bytes");
    let voyage = boat.sail().await;
    voyage.settle().await;
    assert_eq!(boat.arrived().await, "while it was dead×1");
    voyage.stop().await;
}
