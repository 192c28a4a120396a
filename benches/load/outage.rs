//! Nothing to do; then many files for a server that is down; then the server comes back.

use crate::{
    down, start,
    support::{check, cost::Cost, wait},
    table::{LONG, Table, share},
};
use std::{
    fs,
    time::{Duration, Instant},
};

const DOWN: Duration = Duration::from_secs(60);

pub async fn measure(files: usize, table: &mut Table) {
    let (mut server, gateway) = down().await;
    let serving = start(&gateway);
    tokio::time::sleep(Duration::from_secs(5)).await;
    let idle = Cost::of(serving.0.id());
    table.mib("idle: memory at its peak", idle.peak_kib, 30);
    table.say("idle: threads, descriptors", format!("{}, {}", idle.threads, idle.descriptors), "bounded");
    drop(serving);

    gateway.fill(files, |_| 100);
    let serving = start(&gateway);
    wait::until_async("all files are taken", LONG, async || {
        check::states(&gateway).await.get("queued") == Some(&(files as i64))
    })
    .await;
    let (before, began) = (Cost::of(serving.0.id()), Instant::now());
    tokio::time::sleep(DOWN).await;
    let (after, span) = (Cost::of(serving.0.id()), began.elapsed());
    table.mib(&format!("{files} files, down 60 s: growth"), after.resident_kib.saturating_sub(before.resident_kib), 5);
    table.say("… processor", share(after.cpu - before.cpu, span), "below 1 % of a core");
    table.say("… tries of jobs", check::attempts(&gateway).await.to_string(), "0");

    let back = Instant::now();
    server.plug_in();
    wait::until("the first file is there", LONG, || fs::read_dir(&server.root).unwrap().next().is_some());
    table.seconds("back: until the first file is there", back.elapsed(), 30.0);
    wait::until_async("all are delivered", LONG, async || {
        tokio::time::sleep(Duration::from_millis(100)).await; // to look is not free either
        check::states(&gateway).await.get("delivered") == Some(&(files as i64))
    })
    .await;
    table.say("back: until all are delivered", format!("{:.1} s", back.elapsed().as_secs_f64()), "all, byte for byte");
    check::all_delivered(&gateway, &server).await;
    let end = Cost::of(serving.0.id());
    table.mib("back: memory at its peak", end.peak_kib, 60);
    table.say("back: threads, descriptors", format!("{}, {}", end.threads, end.descriptors), "bounded");
    let bytes = fs::metadata(gateway.database()).unwrap().len();
    table.say("back: database", format!("{} bytes a delivered job", bytes / files as u64), "");
}
