//! When the machine runs out of something: nothing is lost, and it is said.

use crate::support::Boat;
use packetboat::sources::watch::Method;

#[tokio::test]
async fn below_the_floor_of_free_space_nothing_is_taken_in_and_it_says_so() {
    let boat = Boat::new("settled_for: 0s, rescan: 1h").with_disk_free(u64::MAX);
    let voyage = boat.sail().await;
    boat.write("a", "bytes");
    let status = voyage.until("it says later", |status| status.later.is_some()).await;
    assert!(status.later.unwrap().contains("disk_free"));
    assert_eq!((boat.arrived().await.as_str(), status.settling), ("", 1));
    voyage.stop().await;
    let boat = boat.with_disk_free(0);
    let voyage = boat.sail().await;
    voyage.settle().await;
    assert_eq!(boat.arrived().await, "a×1");
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
