//! The look from outside: server, database and source folder, read with no code of the product.

use super::{gateway::Gateway, ledger::Ledger, servers::TestServer, walk::walk};
use sqlx::{ConnectOptions, Row, sqlite::SqliteConnectOptions};
use std::{collections::BTreeMap, path::Path};

/// What is under a final name is whole: it has the bytes of the source of that name.
pub fn nothing_half(gateway: &Gateway, server: &TestServer) {
    nothing_half_below(&gateway.source, &server.root);
}

/// The same of a part of both.
pub fn nothing_half_below(source: &Path, root: &Path) {
    let source = walk(source);
    for (name, hash) in walk(root) {
        if !is_temporary(&name) {
            assert_eq!(source.get(&name), Some(&hash), "{}", String::from_utf8_lossy(&name));
        }
    }
}

/// All is done: every file is there under its final name and nothing else, every job is delivered, every receipt is true.
pub async fn all_delivered(gateway: &Gateway, server: &TestServer) {
    let (source, stored) = (walk(&gateway.source), walk(&server.root));
    let names = |tree: &BTreeMap<Vec<u8>, _>| -> Vec<String> {
        tree.keys().map(|name| String::from_utf8_lossy(name).into_owned()).collect()
    };
    assert_eq!(names(&stored), names(&source));
    assert!(stored == source, "some file differs from its source");
    let mut ledger = Ledger::open(gateway).await;
    for (state, jobs) in ledger.by_state().await {
        assert_eq!(state, "delivered", "{jobs} jobs are {state}");
    }
    let receipts = ledger.receipts().await;
    assert_eq!(receipts.len(), source.len());
    for (path, hash, size) in receipts {
        assert_eq!(stored.get(&path).map(|hash| &hash[..]), Some(&hash[..]));
        let on_disk = std::fs::metadata(server.root.join(String::from_utf8(path).unwrap())).unwrap().len();
        assert_eq!(on_disk, size);
    }
}

/// Some files are delivered and others are not.
pub async fn is_amid(gateway: &Gateway) -> bool {
    if !gateway.database().exists() {
        return false;
    }
    let text = "SELECT count(*) FILTER (WHERE state = 'delivered'), count(*) FROM jobs";
    let options = SqliteConnectOptions::new().filename(gateway.database()).read_only(true);
    let Ok(mut database) = options.connect().await else { return false };
    let Ok(row) = sqlx::query(text).fetch_one(&mut database).await else { return false }; // killed before the schema stood
    (1..row.get::<i64, _>(1)).contains(&row.get::<i64, _>(0))
}

/// Jobs by state.
pub async fn states(gateway: &Gateway) -> BTreeMap<String, i64> {
    Ledger::open(gateway).await.by_state().await
}

/// Tries of all jobs.
pub async fn attempts(gateway: &Gateway) -> i64 {
    Ledger::open(gateway).await.count("SELECT count(*) FROM attempts").await
}

fn is_temporary(name: &[u8]) -> bool {
    let last = name.rsplit(|byte| *byte == b'/').next().unwrap();
    last.starts_with(b".pb-")
}
