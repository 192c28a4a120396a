//! What arrives for a paused rule is on record, and held.

use crate::support::Boat;

#[tokio::test]
async fn an_operators_pause_holds_the_jobs_of_what_arrives() {
    let boat = Boat::new("settled_for: 0s, rescan: 1h");
    let voyage = boat.sail().await;
    boat.write("before", "bytes");
    voyage.settle().await;
    voyage.intake.set_paused(["dumps".to_owned()].into());
    boat.write("during", "bytes");
    voyage.settle().await;
    voyage.intake.set_paused([].into());
    boat.write("after", "bytes");
    voyage.settle().await;
    assert_eq!(boat.count("SELECT count(*) FROM jobs WHERE state = 'held' AND reason = 'rule_paused'").await, 1);
    assert_eq!(boat.count("SELECT count(*) FROM jobs WHERE state = 'queued'").await, 2);
    voyage.stop().await;
}
