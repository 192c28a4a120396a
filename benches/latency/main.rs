//! `make bench-latency`: from close() to the whole file under its final name on the server, 4 KiB, `settled_for: 0s`.
//!
//! Two hundred files, fifty milliseconds apart, to vsftpd and ProFTPD, plain and TLS, over a connection that is warm.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot go on stops with a panic")]

#[path = "../../tests/stories/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the stories use the rest")]
mod support;

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};
use support::{
    gateway::{Gateway, Wishes},
    servers::{ServerKind, ServerOptions, Tls},
};

const FILES: usize = 200;
const APART: Duration = Duration::from_millis(50);
const SIZE: usize = 4096;
const PATIENCE: Duration = Duration::from_secs(20);

fn main() {
    println!("| server | tls | files | p50 ms | p99 ms | max ms |");
    println!("|---|---|---|---|---|---|");
    for kind in [ServerKind::Vsftpd, ServerKind::ProFtpd] {
        for tls in [Tls::None, Tls::Explicit] {
            let server = kind.start(ServerOptions { tls, ..ServerOptions::default() }).expect("tests/servers/fetch");
            let gateway = Gateway::new(&server, &Wishes::default());
            let _serving = gateway.serve();
            let arrival = |name: String| drop_and_wait(&gateway.source.join(&name), &server.root.join(&name));
            arrival("warm-up".into());
            let mut millis: Vec<f64> = (0..FILES).map(|number| arrival(format!("file-{number}"))).collect();
            millis.sort_by(f64::total_cmp);
            let at = |share: f64| millis[((FILES - 1) as f64 * share).round() as usize];
            println!("| {kind:?} | {tls:?} | {FILES} | {:.1} | {:.1} | {:.1} |", at(0.5), at(0.99), at(1.0));
        }
    }
}

/// Milliseconds until the copy is there whole; then waits out the rest of [`APART`].
fn drop_and_wait(source: &Path, copy: &Path) -> f64 {
    let mut bytes = vec![0; SIZE];
    fastrand::fill(&mut bytes);
    fs::write(source, &bytes).unwrap();
    let closed = Instant::now();
    while fs::metadata(copy).map_or(0, |found| found.len()) < SIZE as u64 {
        assert!(closed.elapsed() < PATIENCE, "{} never arrived", copy.display());
        std::thread::park_timeout(Duration::from_micros(200));
    }
    let took = closed.elapsed();
    std::thread::park_timeout(APART.saturating_sub(took));
    took.as_secs_f64() * 1000.0
}
