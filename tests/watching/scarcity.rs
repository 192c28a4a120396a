//! When the machine runs out of something: nothing is lost, and it is said.

use crate::{inside::again_inside, support::Boat};
use packetboat::{sources::watch::Method, store::Store};
use std::{fs, path::Path};

#[tokio::test]
async fn below_the_floor_of_free_space_nothing_is_taken_in_and_it_says_so() {
    let boat = Boat::new("settled_for: 0s, rescan: 1h").with_disk_free(u64::MAX);
    let voyage = boat.sail().await;
    boat.write("a", "bytes");
    let status = voyage.until("it says later", |status| status.later.is_some()).await;
    assert!(status.later.unwrap().contains("disk_free"));
    assert_eq!((boat.arrived().await.as_str(), status.settling), ("", 1));
    fs::remove_file(boat.at("a")).unwrap();
    voyage.until("nothing waits for room any more", |status| status.later.is_none()).await;
    boat.write("a", "bytes");
    voyage.until("it says later again", |status| status.later.is_some()).await;
    voyage.stop().await;
    let boat = boat.with_disk_free(0);
    let voyage = boat.sail().await;
    voyage.settle().await;
    assert_eq!(boat.arrived().await, "a×1");
    voyage.stop().await;
}

#[tokio::test]
async fn a_watch_that_the_database_does_not_let_start_says_so() {
    let boat = Boat::new("settled_for: 0s, rescan: 1h");
    let store = Store::open(&boat.storage()).await.unwrap();
    let mut db = boat.db().await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut db).await.unwrap();
    boat.write("a", "bytes");
    let voyage = boat.sail_with(store, "dumps").await;
    voyage.until("it says later", |status| status.later.is_some()).await;
    sqlx::query("COMMIT").execute(&mut db).await.unwrap();
    voyage.until_known(1).await;
    assert_eq!(voyage.watch.status().later, None);
    voyage.stop().await;
}

#[tokio::test]
async fn a_database_that_refuses_for_a_while_loses_no_file() {
    let boat = Boat::new("settled_for: 0s, rescan: 1h");
    let voyage = boat.sail().await;
    voyage.scan().await;
    let mut db = boat.db().await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut db).await.unwrap();
    boat.write("a", "bytes");
    voyage.until("it says later", |status| status.later.is_some()).await;
    sqlx::query("COMMIT").execute(&mut db).await.unwrap();
    voyage.until_known(1).await;
    assert_eq!((boat.arrived().await.as_str(), voyage.watch.status().later), ("a×1", None));
    voyage.stop().await;
}

#[tokio::test]
async fn a_rule_that_polls_says_so_and_takes_what_events_would_have_told() {
    let boat = Boat::new("settled_for: 0s, rescan: 1s, method: poll");
    let voyage = boat.sail().await;
    voyage.scan().await;
    boat.write("a", "bytes");
    voyage.until_known(1).await;
    assert!(matches!(voyage.watch.status().method, Method::Polling(_)));
    assert_eq!(boat.arrived().await, "a×1");
    voyage.stop().await;
}

#[tokio::test]
async fn without_watches_to_be_had_a_rule_polls_and_loses_nothing() {
    // A user namespace has a limit of its own; the machine's stays as it is.
    let fewer = "echo 3 > /proc/sys/user/max_inotify_watches";
    if !again_inside(&["unshare", "--user", "--map-root-user"], fewer) {
        return;
    }
    let boat = Boat::new("settled_for: 0s, rescan: 1s, recursive: true");
    for folder in 0..10 {
        fs::create_dir(boat.at(format!("{folder}"))).unwrap();
    }
    let voyage = boat.sail().await;
    voyage.scan().await;
    let Method::Polling(why) = voyage.watch.status().method else { panic!("it does not poll") };
    assert!(why.contains("max_user_watches"), "{why}");
    for folder in 0..10 {
        boat.write(format!("{folder}/a"), "bytes");
    }
    voyage.until_known(10).await;
    assert!(boat.arrivals().await.values().all(|times| *times == 1));
    voyage.stop().await;
}

#[tokio::test]
async fn without_an_instance_to_be_had_a_rule_polls() {
    if !again_inside(&["unshare", "--user", "--map-root-user"], "echo 0 > /proc/sys/user/max_inotify_instances") {
        return;
    }
    let boat = Boat::new("settled_for: 0s, rescan: 1s");
    let voyage = boat.sail().await;
    voyage.scan().await;
    boat.write("a", "bytes");
    voyage.until_known(1).await;
    let Method::Polling(why) = voyage.watch.status().method else { panic!("it does not poll") };
    assert!(why.contains("max_user_instances"), "{why}");
    voyage.stop().await;
}

#[tokio::test]
async fn an_unmounted_folder_is_not_an_emptied_one() {
    if !again_inside(&["unshare", "--user", "--map-root-user", "--mount"], "true") {
        return;
    }
    let boat = Boat::new("settled_for: 0s, rescan: 1h, recursive: true");
    let disk = boat.ground.path().join("disk");
    fs::create_dir_all(disk.join("nas")).unwrap();
    fs::create_dir(boat.ground.path().join("nas")).unwrap();
    fs::write(boat.ground.path().join("nas/b"), "bytes").unwrap();
    fs::write(disk.join("a"), "bytes").unwrap();
    let bind = |from: &Path, to: &Path| {
        crate::support::run("mount", &["--bind".as_ref(), from.as_os_str(), to.as_os_str()]);
    };
    let unmount = |at: &Path| crate::support::run("umount", &["--lazy".as_ref(), at.as_os_str()]);
    let inside = boat.at("nas");
    bind(&disk, &boat.at(""));
    bind(&boat.ground.path().join("nas"), &inside);
    let gone = "SELECT count(*) FROM seen WHERE gone_at IS NOT NULL";
    let mut voyage = boat.sail().await;
    voyage.settle().await;
    // The disk inside goes and comes back, and so does the whole folder; also while nobody looks.
    for restart in [false, true] {
        for mount in [&inside, &boat.at("")] {
            unmount(mount);
            if restart {
                voyage.stop().await;
                voyage = boat.sail().await;
            }
            for _ in 0..3 {
                voyage.settle().await;
            }
            assert_eq!(boat.count(gone).await, 0);
            if mount == &boat.at("") {
                bind(&disk, &boat.at(""));
            }
            bind(&boat.ground.path().join("nas"), &inside);
            for _ in 0..3 {
                voyage.settle().await;
            }
            assert_eq!((boat.arrived().await.as_str(), boat.count(gone).await), ("a×1 nas/b×1", 0));
        }
    }
    // It is watched where it is mounted now, and what is removed from it is missed.
    boat.write("c", "bytes");
    voyage.until_known(3).await;
    fs::remove_file(boat.at("a")).unwrap();
    voyage.settle().await;
    assert_eq!(boat.count(gone).await, 1);
    voyage.stop().await;
}
