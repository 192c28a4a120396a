//! What arrives for a paused rule is on record, and held.

use crate::support::Boat;
use packetboat::domain::Moment;

#[tokio::test]
async fn an_operators_pause_holds_the_jobs_of_what_arrives() {
    let boat = Boat::new("settled_for: 0s, rescan: 1h");
    let voyage = boat.sail().await;
    boat.write("before", "bytes");
    voyage.settle().await;
    voyage.store.pause_rule("dumps", Moment(1)).await.unwrap();
    boat.write("during", "bytes");
    voyage.settle().await;
    assert_eq!(boat.count("SELECT count(*) FROM jobs WHERE state = 'held' AND reason = 'rule_paused'").await, 2);
    voyage.store.resume_rule("dumps").await.unwrap();
    boat.write("after", "bytes");
    voyage.settle().await;
    assert_eq!(boat.count("SELECT count(*) FROM jobs WHERE state = 'queued'").await, 3);
    voyage.stop().await;
}
