//! A folder that is missing, removed, replaced or unmounted stops nothing and makes nothing gone.

use crate::support::Boat;

const GONE: &str = "SELECT count(*) FROM seen WHERE gone_at IS NOT NULL";

#[tokio::test]
async fn a_folder_that_is_missing_at_the_start_is_waited_for() {
    let boat = Boat::new("settled_for: 0s, rescan: 1h");
    std::fs::remove_dir(boat.at("")).unwrap();
    let voyage = boat.sail().await;
    let status = voyage.until("it says that the folder is missing", |status| status.trouble.is_some()).await;
    assert!(status.trouble.unwrap().1.contains("missing"));
    assert!(!voyage.scan().await.is_complete);
    std::fs::create_dir(boat.at("")).unwrap();
    boat.write("a", "bytes");
    voyage.until_known(1).await;
    assert_eq!(voyage.watch.status().trouble, None);
    boat.write("b", "bytes");
    voyage.until_known(2).await;
    assert_eq!(boat.arrived().await, "a×1 b×1");
    voyage.stop().await;
}

#[tokio::test]
async fn removed_and_made_again_it_is_watched_again_and_nothing_was_gone() {
    let boat = Boat::new("settled_for: 0s, rescan: 1h");
    let voyage = boat.sail().await;
    boat.write("a", "bytes");
    voyage.settle().await;
    std::fs::remove_dir_all(boat.at("")).unwrap();
    voyage.until("the folder is missing", |status| status.trouble.is_some()).await;
    std::fs::create_dir(boat.at("")).unwrap();
    boat.write("b", "bytes");
    voyage.until_known(2).await;
    boat.write("c", "bytes");
    voyage.until_known(3).await;
    voyage.settle().await;
    assert_eq!((boat.arrived().await.as_str(), boat.count(GONE).await), ("a×1 b×1 c×1", 0));
    // What was met in the new folder can be missed in it.
    std::fs::remove_file(boat.at("b")).unwrap();
    voyage.settle().await;
    assert_eq!(boat.count(GONE).await, 1);
    voyage.stop().await;
}

#[tokio::test]
async fn replaced_by_a_rename_it_is_watched_in_its_new_place_and_nothing_was_gone() {
    let boat = Boat::new("settled_for: 0s, rescan: 1h, recursive: true");
    std::fs::create_dir(boat.at("sub")).unwrap();
    let voyage = boat.sail().await;
    boat.write("sub/a", "bytes");
    voyage.settle().await;
    std::fs::create_dir_all(boat.ground.path().join("new/sub")).unwrap();
    std::fs::write(boat.ground.path().join("new/sub/b"), "bytes").unwrap();
    std::fs::rename(boat.at(""), boat.ground.path().join("old")).unwrap();
    std::fs::rename(boat.ground.path().join("new"), boat.at("")).unwrap();
    voyage.until_known(2).await;
    boat.write("sub/c", "bytes");
    voyage.until_known(3).await;
    voyage.settle().await;
    assert_eq!((boat.arrived().await.as_str(), boat.count(GONE).await), ("sub/a×1 sub/b×1 sub/c×1", 0));
    // Back again: the same files, not new ones.
    std::fs::rename(boat.at(""), boat.ground.path().join("new")).unwrap();
    std::fs::rename(boat.ground.path().join("old"), boat.at("")).unwrap();
    voyage.settle().await;
    voyage.settle().await;
    assert_eq!((boat.arrived().await.as_str(), boat.count(GONE).await), ("sub/a×1 sub/b×1 sub/c×1", 0));
    voyage.stop().await;
}

#[tokio::test]
async fn a_scan_that_could_not_see_everything_calls_nothing_gone() {
    let boat = Boat::new("settled_for: 0s, rescan: 1h, recursive: true");
    let voyage = boat.sail().await;
    boat.write("a", "bytes");
    assert!(voyage.settle().await.is_complete);
    std::fs::remove_file(boat.at("a")).unwrap();
    std::fs::create_dir_all(boat.at("d/".repeat(300))).unwrap(); // deeper than it walks
    assert!(!voyage.settle().await.is_complete);
    assert!(voyage.watch.status().trouble.unwrap().1.contains("nested"));
    assert_eq!(boat.count(GONE).await, 0);
    std::fs::remove_dir_all(boat.at("d")).unwrap();
    assert!(voyage.settle().await.is_complete);
    assert_eq!((boat.count(GONE).await, voyage.watch.status().trouble), (1, None));
    voyage.stop().await;
}
