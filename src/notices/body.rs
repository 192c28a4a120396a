//! What a webhook is told, as JSON (Standard Webhooks): the facts of the mails. What came from outside is escaped as it is there.

use super::{
    Aside, Deliveries, SERVER_MISSING, Told,
    words::{shown, until},
};
use crate::domain::{Event, Example, Incident, Letter, Moment, ReportLine};
use chrono::{DateTime, SecondsFormat};
use serde::Serialize;

/// `{"type": …, "timestamp": …, "data": {…}}`, in this order.
#[derive(Serialize)]
struct Body<T> {
    r#type: &'static str,
    timestamp: String,
    data: T,
}

#[derive(Serialize)]
struct OfIncident<'a> {
    /// This machine.
    host: &'a str,
    /// `began`, `still`, `over`, or `was`: both at once, because the first word could not be sent before.
    told: &'static str,
    #[serde(flatten)]
    what: What<'a>,
    /// `None` while it lasts.
    ended: Option<String>,
    /// That failed in it, or are late.
    jobs: u64,
    /// That wait for the server.
    waiting: u64,
    /// That it has taken since the incident began.
    delivered: u64,
    rules: Vec<&'a str>,
    /// A few of the jobs that failed, are late or wait.
    examples: Vec<OfJob<'a>>,
    /// What to type.
    next: Option<String>,
}

#[derive(Serialize)]
struct What<'a> {
    /// `trouble`, `failed`, `delayed` or `missed`. The same, with `server` or `rule` and `began`, at its end.
    event: &'static str,
    server: Option<String>,
    /// Of `missed`, and of `failed` where no server was asked.
    rule: Option<String>,
    /// A word for the kind of trouble; of what is late, none. `server_missing`: it is not configured any more.
    trouble: Option<&'a str>,
    /// The server's words; of `missed`, what is expected.
    reply: Option<String>,
    began: String,
}

#[derive(Serialize)]
struct OfJob<'a> {
    job: &'a str,
    file: String,
    size_bytes: Option<u64>,
    sha256: Option<&'a str>,
    destination: String,
    attempts: u32,
    reply: String,
}

#[derive(Serialize)]
struct OfDeliveries<'a> {
    host: &'a str,
    since: String,
    until: String,
    /// Each a delivered copy or message.
    jobs: u64,
    bytes: u64,
    rules: Vec<OfRule<'a>>,
    /// The last ones.
    examples: Vec<OfJob<'a>>,
    next: &'static str,
}

#[derive(Serialize)]
struct OfRule<'a> {
    rule: &'a str,
    jobs: u64,
    bytes: u64,
}

#[derive(Serialize)]
struct OfDigest<'a> {
    host: &'a str,
    since: String,
    until: String,
    /// Nothing failed, waits on purpose, or is in trouble.
    all_is_well: bool,
    rules: Vec<OfLine<'a>>,
    incidents: Vec<OfOpen<'a>>,
}

#[derive(Serialize)]
struct OfLine<'a> {
    rule: &'a str,
    delivered: u64,
    bytes: u64,
    failed: u64,
    superseded: u64,
    waiting: u64,
    held: u64,
    last_delivered: Option<String>,
}

#[derive(Serialize)]
struct OfOpen<'a> {
    #[serde(flatten)]
    what: What<'a>,
    jobs: u64,
}

/// Of an incident, as [`super::mail`] has it in words. Its type is the incident's event, or `recovered` when whoever was told that it
/// began is told that it is over.
#[must_use]
pub fn incident_body(incident: &Incident, told: Told, aside: Aside<'_>) -> Letter {
    let examples: &[Example] = match incident.event {
        Event::Trouble if told.is_end() => &[],
        Event::Trouble => aside.examples,
        _ => &incident.examples,
    };
    let data = OfIncident {
        host: aside.host,
        told: match told {
            Told::Began => "began",
            Told::Still => "still",
            Told::Over => "over",
            Told::Was => "was",
        },
        what: what(incident),
        ended: told.is_end().then(|| iso(until(incident))),
        jobs: incident.jobs,
        waiting: aside.waiting,
        delivered: aside.delivered,
        rules: incident.rules.iter().map(String::as_str).collect(),
        examples: examples.iter().map(of_job).collect(),
        next: next(incident, told),
    };
    let r#type = if told == Told::Over { Event::Recovered.word() } else { incident.event.word() };
    letter(&Body { r#type, timestamp: iso(aside.now), data })
}

/// Of what was delivered, as [`super::delivered`] has it in words.
#[must_use]
pub fn delivered_body(
    deliveries: &Deliveries,
    (since, until): (Moment, Moment),
    (host, now): (&str, Moment),
) -> Letter {
    let rules = deliveries.rules.iter().map(|(rule, jobs, bytes)| OfRule { rule, jobs: *jobs, bytes: *bytes });
    let rules: Vec<OfRule<'_>> = rules.collect();
    let data = OfDeliveries {
        host,
        since: iso(since),
        until: iso(until),
        jobs: rules.iter().map(|rule| rule.jobs).sum(),
        bytes: rules.iter().map(|rule| rule.bytes).sum(),
        rules,
        examples: deliveries.examples.iter().map(of_job).collect(),
        next: "packetboat receipts",
    };
    letter(&Body { r#type: Event::Delivered.word(), timestamp: iso(now), data })
}

/// Of everything, as [`super::digest`] has it in words.
#[must_use]
pub fn digest_body(
    lines: &[ReportLine],
    open: &[&Incident],
    (since, until): (Moment, Moment),
    (host, now): (&str, Moment),
) -> Letter {
    let data = OfDigest {
        host,
        since: iso(since),
        until: iso(until),
        all_is_well: open.is_empty() && lines.iter().all(ReportLine::is_well),
        rules: lines.iter().map(of_line).collect(),
        incidents: open.iter().map(|incident| OfOpen { what: what(incident), jobs: incident.jobs }).collect(),
    };
    letter(&Body { r#type: "digest", timestamp: iso(now), data })
}

fn of_line(line: &ReportLine) -> OfLine<'_> {
    let ReportLine { rule, delivered, bytes, failed, superseded, waiting, held, last_delivered, expected: _ } = line;
    OfLine {
        rule,
        delivered: *delivered,
        bytes: *bytes,
        failed: *failed,
        superseded: *superseded,
        waiting: *waiting,
        held: *held,
        last_delivered: last_delivered.map(iso),
    }
}

fn what(incident: &Incident) -> What<'_> {
    let subject = shown(&incident.subject);
    let (server, rule) = match incident.server() {
        Some(_) => (Some(subject), None),
        None => (None, Some(subject)),
    };
    What {
        event: incident.event.word(),
        server,
        rule,
        trouble: Some(&*incident.kind).filter(|kind| !kind.is_empty()),
        reply: Some(shown(&incident.said)).filter(|said| !said.is_empty()),
        began: iso(incident.opened_at),
    }
}

fn of_job(example: &Example) -> OfJob<'_> {
    let Example { job, name, size_bytes, sha256, to, tries, said } = example;
    OfJob {
        job,
        file: shown(name),
        size_bytes: *size_bytes,
        sha256: sha256.as_deref(),
        destination: shown(to),
        attempts: *tries,
        reply: shown(said),
    }
}

fn next(incident: &Incident, told: Told) -> Option<String> {
    let subject = shown(&incident.subject);
    match incident.event {
        Event::Failed if incident.is_unplanned() => Some(format!("packetboat jobs --rule {subject} --state failed")),
        Event::Failed => Some(format!("packetboat retry --server {subject} --state failed")),
        _ if told.is_end() => None,
        Event::Missed => Some(format!("packetboat plan {subject}")),
        _ if incident.kind == SERVER_MISSING => Some(format!("packetboat move-jobs --from {subject} --to …")),
        _ => Some(format!("packetboat jobs --server {subject} --state queued")),
    }
}

fn iso(moment: Moment) -> String {
    let time = DateTime::from_timestamp_millis(moment.0);
    time.map_or_else(|| moment.0.to_string(), |time| time.to_rfc3339_opts(SecondsFormat::Millis, true))
}

fn letter<T: Serialize>(body: &Body<T>) -> Letter {
    #[expect(clippy::expect_used, reason = "numbers, texts and lists of them")]
    let bytes = serde_json::to_vec(body).expect("no map with odd keys in it");
    Letter::of(bytes)
}
