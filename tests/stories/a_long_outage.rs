//! A server that is down costs next to nothing, however much waits for it, and is served soon after it is back.

use crate::support::{
    check,
    cost::Cost,
    gateway::{Gateway, Wishes},
    ledger::Ledger,
    servers::{ServerKind, ServerOptions},
    wait,
};
use std::{
    fs,
    time::{Duration, Instant},
};

const FILES: usize = 2000;
/// Of the lane, in vain; it is closed.
const TRIES: &str = "SELECT coalesce(sum(failures), 0) FROM lanes WHERE state = 'closed'";
const SOON: Duration = Duration::from_secs(60);

#[tokio::test]
async fn two_thousand_files_wait_for_a_server_that_is_down() {
    let mut server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    server.unplug().await;
    let gateway = Gateway::new(&server, &Wishes::default());
    gateway.fill(FILES, |number| number % 100);
    let serving = gateway.serve();
    wait::until("it has started", SOON, || gateway.storage.join("control.sock").exists());
    wait::until_async("all files are taken", SOON, async || {
        check::states(&gateway).await.get("queued") == Some(&(FILES as i64))
    })
    .await;

    let (before, began) = (Cost::of(serving.0.id()), Instant::now());
    let mut ledger = Ledger::open(&gateway).await;
    let tries = ledger.count(TRIES).await;
    ledger.until("the server is tried a few times more", TRIES, |now| now >= tries + 3).await;
    let (after, span) = (Cost::of(serving.0.id()), began.elapsed());
    let grown_kib = after.resident_kib.saturating_sub(before.resident_kib);
    assert!(grown_kib <= 5 * 1024, "{grown_kib} KiB more after {span:?}");
    let share = (after.cpu - before.cpu).as_secs_f64() / span.as_secs_f64();
    assert!(share < 0.05, "{:.1} % of a core, by a build that nobody optimised", share * 100.0);
    assert_eq!(check::attempts(&gateway).await, 0, "a closed lane costs no job a try");

    server.plug_in();
    wait::until("the first file is there", Duration::from_secs(31), || {
        fs::read_dir(&server.root).unwrap().next().is_some()
    });
    wait::until_async("all are delivered", 2 * SOON, async || {
        check::states(&gateway).await.get("delivered") == Some(&(FILES as i64))
    })
    .await;
    check::all_delivered(&gateway, &server).await;
    let end = Cost::of(serving.0.id());
    assert!(end.threads <= 24 && end.descriptors <= 64 && end.peak_kib <= 60 << 10, "{end:?}");
}
