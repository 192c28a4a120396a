//! The rows of a world, and what they are compared with.

use super::expect::Sample;
use crate::{
    plan::{Plan, RulePlan},
    served::Span,
    truth::{Truth, Version},
};
use packetboat::simulation::{Server, at_once};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use std::sync::Arc;

pub struct Facts<'a> {
    pub plan: &'a Plan,
    pub truth: &'a Truth,
    pub servers: &'a [Arc<Server>],
    pub shut: &'a [Shut],
    pub spans: &'a [Span],
    pub samples: &'a [Sample],
    /// Of `then`, and notices.
    pub jobs: Vec<Job>,
    /// Of `after` and `after_failure`.
    pub follow: Vec<Job>,
    pub arrivals: Vec<Arrival>,
    pub attempts: Vec<Attempt>,
    pub receipts: Vec<Receipt>,
    pub incidents: Vec<Incident>,
    /// When each life of the process began.
    pub begun: Vec<i64>,
}

/// From and until when nothing of a server or of a rule may be claimed.
#[derive(Debug, Clone)]
pub struct Shut {
    pub server: Option<String>,
    pub rule: Option<String>,
    pub from: i64,
    pub until: i64,
}

#[derive(Debug, Clone)]
pub struct Job {
    pub id: i64,
    pub reference: Vec<u8>,
    pub arrival: Option<i64>,
    pub rule: String,
    pub server: String,
    pub state: String,
    pub reason: Option<String>,
    pub target: Option<String>,
    pub recipient: Option<String>,
    pub session: Option<i64>,
    pub claim_no: i64,
    pub tries: i64,
    pub counted_tries: i64,
    pub expires_at: i64,
    pub ended_at: Option<i64>,
    pub is_after: bool,
    /// Of its file.
    pub mtime_ns: Option<i64>,
    pub letter: Option<Vec<u8>>,
}

#[derive(Debug, Clone)]
pub struct Arrival {
    pub id: i64,
    pub rule: String,
    pub name: String,
    pub arrived_at: i64,
    /// Of its file, where something follows.
    pub mtime_ns: Option<i64>,
}

#[derive(Debug, Clone)]
pub struct Attempt {
    pub job: i64,
    pub claim_no: i64,
    pub started_at: i64,
    pub ended_at: i64,
    pub outcome: String,
    pub counted: i64,
    pub kind: Option<String>,
    pub said: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Receipt {
    pub job: Vec<u8>,
    pub server: String,
    pub remote_path: Option<String>,
    pub recipient: Option<String>,
    pub size_bytes: i64,
    pub sha256: Vec<u8>,
}

#[derive(Debug, Clone)]
pub struct Incident {
    pub server: String,
    pub event: String,
    pub rules: String,
    pub began: i64,
    pub over: i64,
    pub is_closed: bool,
    /// For longer than an incident needs to be over.
    pub lane_is_open: bool,
}

fn text(row: &SqliteRow, column: &str) -> Option<String> {
    row.get::<Option<Vec<u8>>, _>(column).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

const JOBS: &str = "SELECT j.*, p.mtime_ns AS file_mtime, p.place AS payload_place, b.bytes AS letter FROM jobs j
    LEFT JOIN payloads p ON p.id = j.payload_id LEFT JOIN bodies b ON b.payload_id = j.payload_id ORDER BY j.id";
const ARRIVALS: &str = "SELECT a.id, a.arrived_at, v.name AS rule, a.name AS name, p.mtime_ns FROM arrivals a
    JOIN rule_versions v ON v.id = a.rule_version_id LEFT JOIN payloads p ON p.id = a.payload_id ORDER BY a.id";
const INCIDENTS: &str =
    "SELECT subject AS server, event, rules, count(r.started_at) AS began, count(r.over_at) AS over, closed_at,
    EXISTS (SELECT 1 FROM lanes l WHERE l.server = incidents.subject AND l.state = 'open'
        AND l.since + 75000 < (SELECT max(ended_at) FROM sessions)) AS lane_is_open FROM incidents
    LEFT JOIN incident_readers r ON r.incident_id = incidents.id GROUP BY incidents.id";

impl<'a> Facts<'a> {
    pub fn read(
        db: &mut SqliteConnection,
        plan: &'a Plan,
        truth: &'a Truth,
        servers: &'a [Arc<Server>],
        (shut, spans, samples): (&'a [Shut], &'a [Span], &'a [Sample]),
    ) -> Result<Self, sqlx::Error> {
        let mut rows = |sql: &'static str| at_once(sqlx::query(sql).fetch_all(&mut *db));
        let (follow, jobs) = rows(JOBS)?.iter().map(job).partition(|job| job.is_after);
        let arrival = |row: &SqliteRow| Arrival {
            id: row.get("id"),
            rule: row.get("rule"),
            name: text(row, "name").unwrap_or_default(),
            arrived_at: row.get("arrived_at"),
            mtime_ns: row.get("mtime_ns"),
        };
        let arrivals = rows(ARRIVALS)?.iter().map(arrival).collect();
        let attempts = rows("SELECT * FROM attempts ORDER BY job_id, claim_no")?.iter().map(attempt).collect();
        let receipts = rows("SELECT * FROM receipts ORDER BY id")?.iter().map(receipt).collect();
        let incident = |row: &SqliteRow| Incident {
            server: row.get("server"),
            event: row.get("event"),
            rules: row.get("rules"),
            began: row.get("began"),
            over: row.get("over"),
            is_closed: row.get::<Option<i64>, _>("closed_at").is_some(),
            lane_is_open: row.get("lane_is_open"),
        };
        let incidents = rows(INCIDENTS)?.iter().map(incident).collect();
        let begun = rows("SELECT started_at FROM sessions")?.iter().map(|row| row.get(0)).collect();
        Ok(Self {
            plan,
            truth,
            servers,
            shut,
            spans,
            samples,
            jobs,
            follow,
            arrivals,
            attempts,
            receipts,
            incidents,
            begun,
        })
    }

    /// The rule of a name; `None` for notices.
    pub fn rule(&self, name: &str) -> Option<(usize, &'a RulePlan)> {
        self.plan.rules.iter().enumerate().find(|(_, rule)| rule.name == name)
    }

    /// The version that a job sends.
    pub fn version(&self, job: &Job) -> Option<&'a Version> {
        let mtime_ns = job.mtime_ns?;
        self.truth.versions.iter().find(|version| version.mtime_ns == mtime_ns)
    }

    pub fn server(&self, name: &str) -> &'a Server {
        self.servers.iter().find(|server| server.name == name).expect("jobs go to servers that there are")
    }

    pub fn attempts_of(&self, job: &Job) -> impl Iterator<Item = &Attempt> {
        self.attempts.iter().filter(move |attempt| attempt.job == job.id)
    }

    /// A later version of the same file.
    pub fn is_outdated(&self, version: &Version) -> bool {
        let is_later = |other: &&Version| other.mtime_ns > version.mtime_ns;
        let of_path =
            self.truth.versions.iter().filter(|other| (other.rule, &other.name) == (version.rule, &version.name));
        of_path.filter(is_later).count() > 0
    }
}

fn job(row: &SqliteRow) -> Job {
    let in_place = row.get::<Option<&str>, _>("payload_place") == Some("in_place");
    Job {
        id: row.get("id"),
        reference: row.get("ref"),
        arrival: row.get("arrival_id"),
        rule: row.get("rule"),
        server: row.get("server"),
        state: row.get("state"),
        reason: row.get("reason"),
        target: text(row, "target"),
        recipient: row.get("recipient"),
        session: row.get("session_id"),
        claim_no: row.get("claim_no"),
        tries: row.get("tries"),
        counted_tries: row.get("counted_tries"),
        expires_at: row.get("expires_at"),
        ended_at: row.get("ended_at"),
        is_after: row.get("is_after"),
        mtime_ns: in_place.then(|| row.get("file_mtime")),
        letter: row.get("letter"),
    }
}

fn attempt(row: &SqliteRow) -> Attempt {
    Attempt {
        job: row.get("job_id"),
        claim_no: row.get("claim_no"),
        started_at: row.get("started_at"),
        ended_at: row.get("ended_at"),
        outcome: row.get("outcome"),
        counted: row.get("counted"),
        kind: row.get("kind"),
        said: row.get("said"),
    }
}

fn receipt(row: &SqliteRow) -> Receipt {
    Receipt {
        job: row.get("job_ref"),
        server: row.get("server"),
        remote_path: text(row, "remote_path"),
        recipient: row.get("recipient"),
        size_bytes: row.get("size_bytes"),
        sha256: row.get("sha256"),
    }
}

/// The jobs that are open, and the incidents, in words.
pub fn open(db: &mut SqliteConnection) -> Vec<String> {
    const OPEN: &str = "SELECT id || ' ' || rule || ' ' || server || ' ' || state || ' due ' || due_at || ' waits for ' || coalesce(waits_for, '-')
        || ' ' || coalesce(reason, '') || ' ' || coalesce(said, '') FROM jobs
        WHERE state IN ('waiting', 'queued', 'running', 'held')
        UNION ALL SELECT subject || ' ' || event || ' opened ' || opened_at || ' last ' || last_at || ' closed ' || coalesce(closed_at, '-') FROM incidents";
    at_once(sqlx::query_scalar(OPEN).fetch_all(db)).unwrap()
}
