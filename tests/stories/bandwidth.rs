//! Bandwidth by the hour: a window begins and ends within a running file.

use crate::support::{
    endpoint::Endpoint,
    gateway::{AT_ONCE, Gateway},
    ledger::Ledger,
    servers::{ServerKind, ServerOptions},
};
use packetboat::{
    app::{self, GatewaySetup},
    clock::Clock,
    domain::Moment,
    rules,
};
use std::time::Duration;

const BEFORE_SIX: Moment = Moment(1_795_370_390_000); // Sunday 17:59:50 UTC

#[tokio::test]
async fn when_its_window_ends_a_running_file_goes_faster() {
    let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    let slow = Endpoint::from(&server).line("bandwidth_in: { \"Mon-Sun 08:00-18:00\": 10KB/s }");
    let gateway = Gateway::with(&[("offsite", &slow)]);
    gateway.rule("files", "", AT_ONCE, "then: [{ upload: { to: offsite } }]");
    gateway.file("film", vec![7; 2_000_000]); // 200 s
    let (settings, rules) = rules::check(&gateway.config).loaded.unwrap();
    let clock = Clock::driven(BEFORE_SIX);
    let setup = GatewaySetup { settings, rules, clock: clock.clone(), only: None };
    let running = app::Gateway::start(setup).await.unwrap();
    crate::support::wait::until_async("it is being sent", Duration::from_secs(30), async || {
        running.worker.progress().snapshot().iter().any(|transfer| transfer.sent_bytes() > 0)
    })
    .await;
    clock.move_by(20_000);
    Ledger::open(&gateway).await.until_states(&["delivered 1"]).await;
    running.stop(Duration::from_secs(5)).await;
}
