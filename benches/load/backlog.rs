//! A folder with very many files for a server that is down: taken, looked at again, and started with.

use crate::{
    down, start,
    support::{check, cost::Cost, gateway::Gateway, wait},
    table::{LONG, Table, share},
};
use std::{
    fs,
    time::{Duration, Instant},
};

/// Longer than one `rescan`.
const AT_REST: Duration = Duration::from_secs(70);

pub async fn measure(files: usize, table: &mut Table) {
    let (_server, gateway) = down().await;
    for number in 0..files {
        fs::write(gateway.source.join(format!("file-{number}")), number.to_string()).unwrap();
    }
    let (serving, began) = (start(&gateway), Instant::now());
    wait::until_async("all files are taken", LONG, async || {
        tokio::time::sleep(Duration::from_millis(100)).await; // to look is not free either
        check::states(&gateway).await.get("queued") == Some(&(files as i64))
    })
    .await;
    table.say(
        &format!("{files} files in one folder: taken after"),
        format!("{:.1} s", began.elapsed().as_secs_f64()),
        "",
    );
    let (before, began) = (Cost::of(serving.0.id()), Instant::now());
    table.say("… processor", format!("{:.2} ms a file", before.cpu.as_secs_f64() * 1000.0 / files as f64), "");
    tokio::time::sleep(AT_REST).await;
    let after = Cost::of(serving.0.id());
    table.say("… at rest, one rescan: processor", share(after.cpu - before.cpu, began.elapsed()), "");
    table.mib("… memory at its peak", after.peak_kib, 60);
    table.say("… threads, descriptors", format!("{}, {}", after.threads, after.descriptors), "bounded");
    drop(serving);
    let bytes = fs::metadata(gateway.database()).unwrap().len();
    table.say("… database", format!("{} bytes a waiting job", bytes / files as u64), "");

    let began = Instant::now();
    let serving = start(&gateway);
    table.seconds(&format!("start with {files} waiting"), began.elapsed(), 2.0);
    ran(&gateway, &["status"]);
    table.seconds("… until `status` has answered", began.elapsed(), 2.0);
    tokio::time::sleep(Duration::from_secs(10)).await;
    table.mib("… memory at its peak", Cost::of(serving.0.id()).peak_kib, 60);
    for verb in [&["status"][..], &["jobs"], &["jobs", "--state", "queued"]] {
        table.seconds(&format!("`{}`", verb.join(" ")), ran(&gateway, verb), 1.0);
    }
}

fn ran(gateway: &Gateway, verb: &[&str]) -> Duration {
    let began = Instant::now();
    let output = gateway.run(verb);
    assert!(!output.stdout.is_empty(), "{verb:?} said nothing");
    began.elapsed()
}
