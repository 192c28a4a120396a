//! In by each door, and through to smtp-sink, beside Postfix as a satellite: 1, 4 and 16 callers, as many connections to the sink, in turn,
//! medians of three. What is timed is the first hand-over to the last acknowledgement, and to the last message in the sink.

use crate::{
    peers::{Door, Peer},
    support::{relays::sink::Sink, wait},
};
use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeValLike,
};
use std::{
    fs::{self, File},
    time::{Duration, Instant},
};

const RUNS: usize = 3;
const PATIENCE: Duration = Duration::from_secs(120);

/// Prints the tables.
pub fn table() {
    println!("\nIn by a door and through, processor time of the gateway and, of sendmail, its callers:\n");
    println!(
        "| door | callers | in: Packetboat | Postfix | × | through: Packetboat | Postfix | × | ms a message | Postfix | share |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    for (door, messages) in [(Door::Sendmail, 1000), (Door::Spool, 5000), (Door::Submission, 5000), (Door::Http, 5000)]
    {
        for callers in [1, 4, 16] {
            row(door, messages, callers);
        }
    }
    statements();
}

/// Wall time until the last was acknowledged, until the last was in the sink, and processor time.
#[derive(Debug, Clone, Copy)]
struct Run([Duration; 3]);

fn row(door: Door, messages: usize, callers: u16) {
    let (mut ours, mut theirs) = (vec![], vec![]);
    for _ in 0..RUNS {
        let sink = Sink::counting().expect("tests/servers/fetch");
        ours.extend(run(&Peer::packetboat(sink.port, callers.into(), None), &sink, (door, messages, callers)));
        let sink = Sink::counting().expect("tests/servers/fetch");
        let postfix = Peer::postfix(sink.port).expect("root, or a namespace with its ids");
        theirs.extend(run(&postfix, &sink, (door, messages, callers)));
    }
    let [took, through, cpu] = [0, 1, 2].map(|column| (median(&ours, column), median(&theirs, column)));
    let each = messages as f64;
    let rate = |(ours, theirs): (Option<f64>, Option<f64>)| {
        let [ours, theirs] = [ours, theirs].map(|seconds| seconds.map(|seconds| each / seconds));
        let more = ours.zip(theirs).map_or_else(|| "-".to_owned(), |(ours, theirs)| format!("{:.1}", ours / theirs));
        format!("{} | {} | {more}", shown(ours), shown(theirs))
    };
    let cost = |seconds: Option<f64>| seconds.map_or_else(|| "-".to_owned(), |s| format!("{:.2}", s * 1000.0 / each));
    let share = cpu.0.zip(cpu.1).map_or_else(|| "-".to_owned(), |(ours, theirs)| format!("{:.2}", ours / theirs));
    println!(
        "| {door:?} | {callers} | {} | {} | {} | {} | {share} |",
        rate(took),
        rate(through),
        cost(cpu.0),
        cost(cpu.1)
    );
}

fn shown(rate: Option<f64>) -> String {
    rate.map_or_else(|| "-".to_owned(), |rate| format!("{rate:.0}/s"))
}

/// In seconds.
fn median(runs: &[Run], column: usize) -> Option<f64> {
    let mut column: Vec<Duration> = runs.iter().map(|run| run.0[column]).collect();
    column.sort();
    column.get(column.len() / 2).map(Duration::as_secs_f64)
}

/// `None`: there is no such door.
fn run(peer: &Peer, sink: &Sink, (door, messages, callers): (Door, usize, u16)) -> Option<Run> {
    let way = peer.way(door)?;
    nix::unistd::sync();
    let (cpu, callers_cpu, begun) = (peer.cpu(), callers_cpu(), Instant::now());
    let took = way.hand_over(messages, callers.into());
    let callers_cpu = if door == Door::Sendmail { self::callers_cpu() - callers_cpu } else { Duration::ZERO };
    wait::until("all of it is in the sink", PATIENCE, || sink.taken() == messages);
    Some(Run([took, begun.elapsed(), peer.cpu() - cpu + callers_cpu]))
}

/// User and system time of the callers that have ended; the gateways and sinks of this run live on.
fn callers_cpu() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(micros.try_into().unwrap())
}

/// What the database is asked for a message, by each door with 16 callers.
fn statements() {
    const MESSAGES: usize = 2000;
    println!("\n| door | statements a message | flushes a message |\n|---|---|---|");
    for door in [Door::Sendmail, Door::Spool, Door::Submission, Door::Http] {
        let sink = Sink::counting().expect("tests/servers/fetch");
        let log = tempfile::NamedTempFile::new().unwrap();
        let peer = Peer::packetboat(sink.port, 16, Some(File::create(log.path()).unwrap()));
        peer.way(door).expect("Packetboat has all doors").hand_over(MESSAGES, 16);
        wait::until("all of it is in the sink", PATIENCE, || sink.taken() == MESSAGES);
        let log = fs::read_to_string(log.path()).unwrap();
        let asked: Vec<&str> = log.lines().filter_map(|line| Some(line.split_once("summary=\"")?.1)).collect();
        let commits = asked.iter().filter(|sql| sql.starts_with("COMMIT")).count();
        let each = |count: usize| count as f64 / MESSAGES as f64;
        println!("| {door:?} | {:.2} | {:.2} |", each(asked.len()), each(commits));
    }
}
