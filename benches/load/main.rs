//! `make bench-load`: what the program costs at rest, under a backlog and while a server is down.
//!
//! One number a line, each with its aim; `--quick` takes a tenth of the files. Memory is VmHWM and VmRSS, processor time
//! that of the process alone. The server is vsftpd.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot go on stops with a panic")]

#[path = "../../tests/stories/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the stories use the rest")]
mod support;

mod backlog;
mod outage;
mod table;

use support::{
    gateway::{Gateway, Serving, Wishes},
    servers::{ServerKind, ServerOptions, TestServer},
};
use table::Table;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub backlog: usize,
    pub outage: usize,
}

#[tokio::main]
async fn main() {
    let is_quick = std::env::args().any(|argument| argument == "--quick");
    let size =
        if is_quick { Size { backlog: 10_000, outage: 1000 } } else { Size { backlog: 100_000, outage: 10_000 } };
    let mut table = Table::default();
    outage::measure(size.outage, &mut table).await;
    backlog::measure(size.backlog, &mut table).await;
    table.print();
}

/// A server that is down, with its place on the network reserved, and a gateway that knows it.
async fn down() -> (TestServer, Gateway) {
    let mut server = ServerKind::Vsftpd.start(ServerOptions::default()).expect("the servers of tests/servers/fetch");
    server.unplug().await;
    let gateway = Gateway::new(&server, &Wishes { connections: 4, ..Wishes::default() });
    (server, gateway)
}

/// Starts `run`, and answers once it serves.
fn start(gateway: &Gateway) -> Serving {
    let socket = gateway.storage.join("control.sock");
    let _ = std::fs::remove_file(&socket); // one that was killed leaves it behind
    let serving = gateway.serve();
    support::wait::until("it has started", table::LONG, || socket.exists());
    serving
}
