//! Out of a full queue into smtp-sink, beside smtp-source straight into it.
//!
//! Over 1, 4 and 16 connections, in turn, medians of three. Packetboat's queue is filled while its relay is paused, from a file of as many
//! rows; what is timed is one `once` from its start to its end, every message tracked, with a receipt.

use crate::{
    SIZE, doors,
    support::{
        endpoint::Endpoint,
        gateway::{AT_ONCE, Gateway},
        relays::sink::Sink,
        servers::Tls,
    },
};
use std::time::{Duration, Instant};

const MESSAGES: usize = 20_000;
const RUNS: usize = 3;

/// Prints the table.
pub fn table() {
    println!("Out of a full queue:\n\n| connections | Packetboat | smtp-source | share |");
    println!("|---|---|---|---|");
    for connections in [1u16, 4, 16] {
        let sink = Sink::discarding().expect("tests/servers/fetch");
        let (mut ours, mut theirs) = (vec![], vec![]);
        for _ in 0..RUNS {
            ours.push(packetboat(sink.port, connections.into()));
            theirs.push(smtp_source(sink.port, connections.into()));
        }
        let (ours, theirs) = (a_second(ours), a_second(theirs));
        println!("| {connections} | {ours:.0}/s | {theirs:.0}/s | {:.2} |", ours / theirs);
    }
}

/// The median as messages a second.
fn a_second(mut walls: Vec<Duration>) -> f64 {
    walls.sort();
    MESSAGES as f64 / walls[RUNS / 2].as_secs_f64()
}

fn packetboat(port: u16, connections: u32) -> Duration {
    let gateway = Gateway::with(&[("main", &Endpoint::relay(port, Tls::None).connections(connections))]);
    gateway.configuration("mail: { from: gate@here.example }");
    let line = "x".repeat(76);
    let text = format!("{line}\\n").repeat(SIZE / 77);
    let mail = "then: [{ mail: { rows: , to: ada@there.example, subject: \"{{ row.number }}\", text: \"TEXT\" } }]";
    gateway.rule("mails", "", AT_ONCE, &mail.replace("TEXT", &text));
    assert_eq!(gateway.code("once"), 0, "the database is there, and nothing else");
    gateway.file("rows.csv", (0..MESSAGES).fold("number\n".to_owned(), |rows, row| format!("{rows}{row}\n")));
    assert_eq!(gateway.code("pause main"), 0);
    assert_eq!(gateway.code("once"), 4, "all of them wait");
    assert_eq!(gateway.code("resume main"), 0);
    let begun = Instant::now();
    assert_eq!(gateway.code("once"), 0);
    begun.elapsed()
}

/// How long smtp-source takes.
fn smtp_source(port: u16, sessions: usize) -> Duration {
    let begun = Instant::now();
    doors::smtp_source(port, MESSAGES, sessions);
    begun.elapsed()
}
