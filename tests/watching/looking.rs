//! `plan`'s look: the same questions as a scan's, beside a running watch, and nothing is written.

use crate::support::Boat;
use packetboat::{
    clock::Clock,
    intake::Ledger,
    sources::watch::{When, look},
    store::Store,
};
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

async fn seen(boat: &Boat) -> BTreeMap<String, When> {
    let store = Store::open_for_reading(&boat.storage()).await.unwrap();
    let ledger = Ledger::for_asking(&store, boat.rule("dumps")).await.unwrap();
    let mut seen = BTreeMap::new();
    look(Arc::new(ledger), Clock::System.now(), |would| {
        seen.insert(String::from_utf8(would.sighting.path).unwrap(), would.when);
    })
    .await
    .unwrap();
    seen
}

#[tokio::test]
async fn a_look_tells_what_would_be_taken_and_when() {
    let boat = Boat::new(r#"settled_for: 1h, rescan: 1h, min_age: 2h, done_file: "{{ file.stem }}.ok", exclude: "x*""#);
    let voyage = boat.sail().await;
    voyage.scan().await;
    for name in ["young.csv", "young.ok", "old.csv", "old.ok", "undone.csv", "x.csv", "empty.csv"] {
        boat.write(name, if name == "empty.csv" { "" } else { "bytes" });
    }
    let old = SystemTime::now() - Duration::from_secs(86_400);
    std::fs::File::options().write(true).open(boat.at("old.csv")).unwrap().set_modified(old).unwrap();
    let seen = seen(&boat).await;
    assert!(matches!(seen["young.csv"], When::OnceOldEnough(left) if left > Duration::from_secs(7000)));
    assert_eq!(seen["old.csv"], When::OnceSettled);
    assert_eq!(seen["undone.csv"], When::OnceDone(b"undone.ok".to_vec()));
    assert_eq!(seen.len(), 3, "{seen:?}");
    assert_eq!(boat.arrived().await, "");
    voyage.stop().await;
}

#[tokio::test]
async fn a_look_knows_what_was_taken_before() {
    let boat = Boat::new("settled_for: 0s, rescan: 1h");
    let voyage = boat.sail().await;
    boat.write("taken", "bytes");
    boat.write("touched", "bytes");
    voyage.settle().await;
    boat.sent("touched").await;
    voyage.stop().await;
    std::fs::set_permissions(boat.at("touched"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    boat.write("new", "bytes");
    let expected = [("new".to_owned(), When::Now), ("touched".to_owned(), When::IfChanged)];
    assert_eq!(seen(&boat).await, expected.into());
}
