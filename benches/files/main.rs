//! `make bench-files`: Packetboat beside lftp and curl, in turn, in one run, against vsftpd and ProFTPD.
//!
//! Every row is measured three times (once with `--quick`) in turn with its neighbours, and the medians stand in
//! `target/bench-files.tsv`. A row that stands there is not measured again: an interrupted run goes on where it was.
//! Remove the file to begin anew.
//!
//! Every run has a fresh folder on the server, and nothing is removed before the end: for minutes after many files were
//! removed, ext4 is slow to make new ones.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot go on stops with a panic")]

#[path = "../../tests/stories/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the stories use the rest")]
mod support;

mod client;
mod measure;
mod table;
mod work;

use client::Client;
use support::servers::{ServerKind, ServerOptions, Tls};
use table::{Row, Table};
use work::Work;

fn main() {
    let is_quick = std::env::args().any(|argument| argument == "--quick");
    let runs = if is_quick { 1 } else { 3 };
    let mut table = Table::open(is_quick);
    let mut servers = vec![];
    for kind in [ServerKind::Vsftpd, ServerKind::ProFtpd] {
        for tls in [Tls::None, Tls::Explicit] {
            let server = kind.start(ServerOptions { tls, ..ServerOptions::default() });
            let server = server.expect("the servers of tests/servers/fetch");
            for work in Work::all(is_quick) {
                let clients: Vec<_> =
                    Client::for_work(work).into_iter().filter(|client| !table.has(&server, work, *client)).collect();
                let files = work.build();
                let mut measured: Vec<Vec<_>> = vec![vec![]; clients.len()];
                for _ in 0..runs {
                    for (client, measured) in clients.iter().zip(&mut measured) {
                        measured.push(measure::run(*client, work, &files, &server));
                    }
                }
                for (client, measured) in clients.iter().zip(measured) {
                    let database = (*client == Client::Packetboat).then(|| measure::count(work, &files, &server));
                    table.add(Row::median(&server, work, *client, measured, database));
                }
            }
            servers.push(server);
        }
    }
    table.print();
}
