//! The kernel's queue of events overflows while nobody reads it: what it lost is found all the same.

use crate::support::{
    check,
    gateway::{Gateway, Wishes},
    ledger::Ledger,
    servers::{ServerKind, ServerOptions},
};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use std::fs;

#[tokio::test]
async fn files_that_an_overflowing_queue_did_not_tell_of_are_found() {
    let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    // Too seldom to find anything within the story.
    let watch = "recursive: true, settled_for: 0s, rescan: 1h".to_owned();
    let gateway = Gateway::new(&server, &Wishes { watch, ..Wishes::default() });
    let filling = ["odd", "even"].map(|name| {
        gateway.file(name, "bytes");
        gateway.source.join(name)
    });
    let serving = gateway.serve();
    let mut ledger = Ledger::open(&gateway).await;
    ledger.until_states(&["delivered 2"]).await;
    ledger.until("it has seen all", "SELECT count(first_scan_at) FROM places", |scanned| scanned == 1).await;

    let daemon = Pid::from_child(&serving.0);
    kill_process(daemon, Signal::STOP).unwrap();
    assert!(waitpid(Some(daemon), WaitOptions::UNTRACED).unwrap().unwrap().1.stopped());
    let most = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
    // In turn, because equal events in a row are one. They say nothing: the files stay as they are.
    for number in 0..=most.trim().parse().unwrap() {
        fs::File::options().append(true).open(&filling[number % 2]).unwrap();
    }
    gateway.fill(50, |number| number + 1);
    gateway.file("beside", "bytes");
    kill_process(daemon, Signal::CONT).unwrap();

    ledger.until_states(&["delivered 53"]).await;
    check::all_delivered(&gateway, &server).await;
}
