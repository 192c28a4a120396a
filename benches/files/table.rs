//! The table: a row a line in target/bench-files.tsv, so that an interrupted run goes on where it was.

use crate::{
    client::Client,
    measure::{Database, Measured},
    support::servers::TestServer,
    work::Work,
};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

pub struct Table {
    path: PathBuf,
    lines: Vec<String>,
}

const HEAD: &str = "server\ttls\tfiles\tbytes\tconnections\tclient\truns\twhole\twall_s\tfiles_per_s\tmib_per_s\tcpu_ms_per_file\tpeak_mib\tcommits_per_file\tstatements_per_file";

impl Table {
    pub fn open(is_quick: bool) -> Self {
        let name = if is_quick { "bench-files-quick.tsv" } else { "bench-files.tsv" };
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join(name);
        let lines = fs::read_to_string(&path)
            .map_or_else(|_| vec![HEAD.to_owned()], |text| text.lines().map(str::to_owned).collect());
        Self { path, lines }
    }

    pub fn has(&self, server: &TestServer, work: Work, client: Client) -> bool {
        let key = key(server, work, client);
        self.lines.iter().any(|line| line.starts_with(&key))
    }

    pub fn add(&mut self, row: Row) {
        self.lines.push(row.0);
        let mut file = fs::File::create(&self.path).unwrap();
        writeln!(file, "{}", self.lines.join("\n")).unwrap();
    }

    pub fn print(&self) {
        for line in &self.lines {
            println!("| {} |", line.replace('\t', " | "));
        }
    }
}

pub struct Row(String);

impl Row {
    pub fn median(
        server: &TestServer,
        work: Work,
        client: Client,
        mut measured: Vec<Measured>,
        database: Option<Database>,
    ) -> Self {
        let runs = measured.len();
        let whole = measured.iter().filter(|run| run.is_whole).count();
        measured.sort_by_key(|run| run.wall);
        let Measured { wall, cpu, peak_kib, .. } = measured[runs / 2];
        let seconds = wall.as_secs_f64();
        let mebibytes = (work.files * work.size_bytes) as f64 / f64::from(1 << 20);
        let per_file = |count: usize| format!("{:.3}", count as f64 / work.files as f64);
        let (commits, statements) =
            database.map_or_else(Default::default, |asked| (per_file(asked.commits), per_file(asked.statements)));
        Self(format!(
            "{}{runs}\t{whole}\t{seconds:.2}\t{:.0}\t{:.0}\t{:.2}\t{:.1}\t{commits}\t{statements}",
            key(server, work, client),
            work.files as f64 / seconds,
            mebibytes / seconds,
            cpu.as_secs_f64() * 1000.0 / work.files as f64,
            peak_kib as f64 / 1024.0,
        ))
    }
}

fn key(server: &TestServer, work: Work, client: Client) -> String {
    let Work { files, size_bytes, connections } = work;
    format!("{:?}\t{:?}\t{files}\t{size_bytes}\t{connections}\t{}\t", server.kind, server.tls, client.name())
}
