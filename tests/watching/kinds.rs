//! Only files that are the folder's own are taken, and nothing else is opened or waited for.

use crate::{
    inside::again_inside,
    support::{Boat, run},
};
use std::os::unix::fs::symlink;

#[tokio::test]
async fn fifos_sockets_devices_and_symlinks_are_passed_by() {
    let boat = Boat::new("settled_for: 0s, rescan: 1h, recursive: true");
    let voyage = boat.sail().await;
    voyage.scan().await;
    run("mkfifo", &[boat.at("fifo").as_os_str()]);
    symlink("/etc/passwd", boat.at("passwd")).unwrap();
    symlink("/etc", boat.at("etc")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(boat.at("socket")).unwrap();
    boat.write("plain", "bytes");
    symlink("plain", boat.at("to-plain")).unwrap();
    let report = voyage.settle().await;
    assert!(report.is_complete);
    assert_eq!(boat.arrived().await, "plain×1");
    voyage.stop().await;
}

#[tokio::test]
async fn followed_symlinks_stay_inside_the_folder() {
    let boat = Boat::new("settled_for: 0s, rescan: 1h, recursive: true, symlinks: follow");
    std::fs::create_dir(boat.at("sub")).unwrap();
    boat.write("sub/plain", "bytes");
    symlink("sub/plain", boat.at("inside")).unwrap();
    symlink("/etc/passwd", boat.at("outside")).unwrap();
    symlink("..", boat.at("sub/up")).unwrap();
    let voyage = boat.sail().await;
    voyage.settle().await;
    assert_eq!(boat.arrived().await, "inside×1 sub/plain×1");
    voyage.stop().await;
}

#[tokio::test]
async fn a_hard_link_to_the_owners_file_is_taken() {
    let boat = Boat::new("settled_for: 0s, rescan: 1h");
    boat.write("../own", "own");
    std::fs::hard_link(boat.at("../own"), boat.at("own")).unwrap();
    let voyage = boat.sail().await;
    voyage.settle().await;
    assert_eq!((boat.arrived().await.as_str(), voyage.watch.status().refused), ("own×1", 0));
    voyage.stop().await;
}

#[tokio::test]
async fn a_hard_link_to_a_strangers_file_is_refused() {
    // To give a file away takes root, or a namespace with more than one id.
    let another_id = ["unshare", "--user", "--map-root-user", "--map-auto"];
    if !rustix::process::geteuid().is_root() && !again_inside(&another_id, "true") {
        return;
    }
    let boat = Boat::new("settled_for: 0s, rescan: 1h");
    let voyage = boat.sail().await;
    voyage.scan().await;
    boat.write("../foreign", "theirs");
    std::os::unix::fs::chown(boat.at("../foreign"), Some(1), None).unwrap();
    std::fs::hard_link(boat.at("../foreign"), boat.at("foreign")).unwrap();
    voyage.settle().await;
    voyage.settle().await;
    assert_eq!((boat.arrived().await.as_str(), voyage.watch.status().refused), ("", 1));
    voyage.stop().await;
}

#[tokio::test]
async fn a_folder_swapped_for_a_symlink_leads_nowhere() {
    let boat = Boat::new("settled_for: 2s, rescan: 1h, recursive: true");
    std::fs::create_dir(boat.at("sub")).unwrap();
    let voyage = boat.sail().await;
    voyage.scan().await;
    boat.write("sub/passwd", "bytes");
    voyage.until("it is settling", |status| status.settling == 1).await;
    std::fs::rename(boat.at("sub"), boat.at("../sub")).unwrap();
    symlink("/etc", boat.at("sub")).unwrap();
    voyage.settle().await;
    assert_eq!(boat.arrived().await, "");
    voyage.stop().await;
}
