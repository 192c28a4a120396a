//! A long history that may go: its purge holds up nothing else.

use crate::support::{
    endpoint::Endpoint,
    gateway::{AT_ONCE, Gateway},
    ledger::{Ledger, change},
    servers::{ServerKind, ServerOptions},
};
use packetboat::{clock::Clock, config::History, janitor::Janitor, store::Store};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const JOBS: &str = "SELECT count(*) FROM jobs";

#[tokio::test]
async fn a_stop_is_heard_in_the_middle_of_a_purge() {
    let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server))]);
    gateway.rule("files", "", AT_ONCE, "then: [{ upload: { to: offsite } }]");
    assert_eq!(gateway.code("once"), 0);
    change(
        &gateway,
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 40000)
         INSERT INTO jobs (ref, rule, action, server, node, wishes, class, rank, in_order, state, due_at, expires_at, ended_at)
         SELECT randomblob(16), 'files', 'upload', 'offsite', 'here', '', 1, 0, 0, 'delivered', 1, 1, 1 FROM n",
    )
    .await;
    let store = Store::open(&gateway.storage).await.unwrap();
    let clock = Clock::System;
    let session = store.begin_session("here", clock.now()).await.unwrap();
    let day = Duration::from_secs(24 * 3600);
    let history = History { delivered: day, failed: day, bodies: day };
    let (janitor, stop) = (Janitor { store, session, clock, history }, CancellationToken::new());
    let running = tokio::spawn(janitor.run(stop.clone()));
    let mut ledger = Ledger::open(&gateway).await;
    ledger.until("the purge has begun", JOBS, |jobs| jobs < 40_000).await;
    stop.cancel();
    running.await.unwrap();
    assert!(ledger.count(JOBS).await > 0, "it went on to its end");
}
