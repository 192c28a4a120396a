//! What is the same file and what is a new one.

use crate::support::{Boat, copy_with_times};
use std::os::unix::fs::PermissionsExt;

const QUICK: &str = "settled_for: 0s, rescan: 1h";

#[tokio::test]
async fn another_file_of_the_same_size_and_time_is_a_new_one() {
    let boat = Boat::new(QUICK);
    let voyage = boat.sail().await;
    boat.write("a", "first");
    voyage.settle().await;
    boat.sent("a").await;
    let other = boat.ground.path().join("other");
    std::fs::write(&other, "other").unwrap();
    let time = std::fs::metadata(boat.at("a")).unwrap().modified().unwrap();
    std::fs::File::options().write(true).open(&other).unwrap().set_modified(time).unwrap();
    copy_with_times(&other, &boat.at("a"));
    voyage.settle().await;
    assert_eq!(boat.arrived().await, "a×2");
    voyage.stop().await;
}

#[tokio::test]
async fn other_attributes_make_no_new_file_once_it_was_sent() {
    let boat = Boat::new(QUICK);
    let voyage = boat.sail().await;
    boat.write("a", "bytes");
    voyage.settle().await;
    boat.sent("a").await;
    std::fs::set_permissions(boat.at("a"), PermissionsExt::from_mode(0o640)).unwrap();
    voyage.settle().await;
    assert_eq!(boat.arrived().await, "a×1");
    // The same bytes under another inode, as `cp -p` and `mv` leave them.
    copy_with_times(&boat.at("a"), &boat.at(".a.tmp"));
    std::fs::rename(boat.at(".a.tmp"), boat.at("a")).unwrap();
    voyage.settle().await;
    assert_eq!(boat.arrived().await, "a×1");
    // The ledger has followed: other bytes of this size and time are still told apart.
    let time = std::fs::metadata(boat.at("a")).unwrap().modified().unwrap();
    boat.write("a", "BYTES");
    std::fs::File::options().write(true).open(boat.at("a")).unwrap().set_modified(time).unwrap();
    voyage.settle().await;
    assert_eq!(boat.arrived().await, "a×2");
    voyage.stop().await;
}

#[tokio::test]
async fn a_file_not_sent_yet_whose_attributes_change_arrives_anew_and_supersedes_itself() {
    let boat = Boat::new(QUICK);
    let voyage = boat.sail().await;
    boat.write("a", "bytes");
    voyage.settle().await;
    std::fs::set_permissions(boat.at("a"), PermissionsExt::from_mode(0o640)).unwrap();
    voyage.settle().await;
    assert_eq!(boat.arrived().await, "a×2");
    assert_eq!(boat.count("SELECT count(*) FROM jobs WHERE state = 'cancelled' AND reason = 'superseded'").await, 1);
    assert_eq!(boat.count("SELECT count(*) FROM jobs WHERE state = 'queued'").await, 1);
    voyage.stop().await;
}

#[tokio::test]
async fn a_file_that_was_gone_is_new_when_it_is_there_again() {
    let boat = Boat::new(QUICK);
    let voyage = boat.sail().await;
    boat.write("a", "bytes");
    let keep = boat.ground.path().join("keep");
    copy_with_times(&boat.at("a"), &keep);
    voyage.settle().await;
    boat.sent("a").await;
    std::fs::remove_file(boat.at("a")).unwrap();
    voyage.settle().await;
    assert_eq!(boat.count("SELECT count(*) FROM seen WHERE gone_at IS NOT NULL").await, 1);
    copy_with_times(&keep, &boat.at("a"));
    voyage.settle().await;
    assert_eq!(boat.arrived().await, "a×2");
    // Gone while nobody looked, too.
    boat.sent("a").await;
    voyage.stop().await;
    std::fs::remove_file(boat.at("a")).unwrap();
    let voyage = boat.sail().await;
    voyage.settle().await;
    copy_with_times(&keep, &boat.at("a"));
    voyage.settle().await;
    assert_eq!(boat.arrived().await, "a×3");
    voyage.stop().await;
}

#[tokio::test]
async fn deleted_and_made_again_in_between_two_scans_it_is_judged_by_its_bytes() {
    let boat = Boat::new(QUICK);
    let voyage = boat.sail().await;
    boat.write("a", "bytes");
    voyage.settle().await;
    boat.sent("a").await;
    let time = std::fs::metadata(boat.at("a")).unwrap().modified().unwrap();
    for (round, bytes) in [(1, "bytes"), (2, "BYTES")] {
        std::fs::remove_file(boat.at("a")).unwrap();
        boat.write("a", bytes);
        std::fs::File::options().write(true).open(boat.at("a")).unwrap().set_modified(time).unwrap();
        voyage.settle().await;
        assert_eq!(boat.arrivals().await[&b"a"[..]], round, "{bytes}");
    }
    voyage.stop().await;
}

#[tokio::test]
async fn a_restart_takes_nothing_twice_and_misses_nothing() {
    let boat = Boat::new(QUICK);
    let voyage = boat.sail().await;
    boat.write("a", "1");
    boat.write("b", "1");
    voyage.settle().await;
    voyage.stop().await;
    boat.write("b", "22");
    boat.write("c", "1");
    let voyage = boat.sail().await;
    voyage.settle().await;
    voyage.settle().await;
    assert_eq!(boat.arrived().await, "a×1 b×2 c×1");
    voyage.stop().await;
}

#[tokio::test]
async fn two_rules_on_one_folder_each_take_each_file_once() {
    let boat = Boat::new(QUICK);
    let voyage = boat.sail().await;
    let other = boat.sail_with(voyage.store.clone(), "others").await;
    boat.write("a", "bytes");
    voyage.settle().await;
    other.settle().await;
    assert_eq!(boat.arrived().await, "a×2");
    assert_eq!(boat.count("SELECT count(DISTINCT rule) FROM jobs").await, 2);
    assert_eq!(boat.count("SELECT count(*) FROM payloads").await, 1);
    drop(other);
    voyage.stop().await;
}
