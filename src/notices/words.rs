//! What a notice says: what happened, to what, in the server's own words, and what to type next.

use crate::domain::{Escaped, Event, Example, Incident, Moment, show_size};
use chrono::TimeZone as _;
use chrono_tz::Tz;
use std::{fmt::Write as _, time::Duration};

/// Rules that a mail names.
const RULES: usize = 10;

/// What a mail tells of an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    Began,
    Over,
    /// Both at once: the first mail had not gone out when it was over.
    Was,
}

/// What is known beside the incident when the mail is written.
#[derive(Debug, Clone, Copy)]
pub struct Aside<'a> {
    /// This machine's name.
    pub host: &'a str,
    pub time_zone: Tz,
    /// Jobs that wait for the server.
    pub waiting: u64,
    /// Jobs that it has taken since the incident began.
    pub delivered: u64,
}

/// Subject and text.
#[must_use]
pub fn mail(incident: &Incident, told: Told, aside: Aside<'_>) -> (String, String) {
    let server = shown(&incident.server);
    let at = |moment| clock(moment, aside.time_zone);
    let ended = incident.last_at.max(incident.opened_at);
    let lasted = span(ended.since(incident.opened_at));
    let (what, mut text) = match (incident.event, told) {
        (Event::Failed, Told::Began) => {
            let jobs = plural(incident.jobs, "job");
            (
                format!("{jobs} failed for good"),
                format!(
                    "{jobs} for {server} failed since {}; nothing tries them again by itself.\n",
                    at(incident.opened_at)
                ),
            )
        }
        (Event::Failed, _) => {
            let jobs = plural(incident.jobs, "job");
            (
                format!("it delivers again; {jobs} had failed"),
                format!(
                    "{jobs} for {server} failed between {} and {}; it has taken {} since.\n",
                    at(incident.opened_at),
                    at(ended),
                    plural(aside.delivered, "job"),
                ),
            )
        }
        (_, Told::Began) => (
            "trouble; its jobs wait".to_owned(),
            format!(
                "{server} is in trouble since {}. {} for it; they spend no tries and go on by themselves. One more mail \
                 comes when it is over.\n",
                at(incident.opened_at),
                waits(aside.waiting),
            ),
        ),
        (_, Told::Over) => (
            format!("well again after {lasted}"),
            format!("{server} is well again: it was in trouble from {} to {}.\n", at(incident.opened_at), at(ended)),
        ),
        (_, Told::Was) => (
            format!("was in trouble for {lasted}, and is well again"),
            format!(
                "{server} was in trouble from {} to {}; this mail could not be sent before.\n",
                at(incident.opened_at),
                at(ended),
            ),
        ),
    };
    let _ = writeln!(text, "\nIt said: {} ({})", shown(&incident.said), incident.kind);
    if incident.event == Event::Trouble && told != Told::Began {
        let _ =
            writeln!(text, "Since it began it has taken {}; {}.", plural(aside.delivered, "job"), waits(aside.waiting));
    }
    if !incident.rules.is_empty() {
        let rules: Vec<&str> = incident.rules.iter().take(RULES).map(String::as_str).collect();
        let more = incident.rules.len().saturating_sub(RULES);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let _ = writeln!(text, "Rules: {}{more}", rules.join(", "));
    }
    for example in &incident.examples {
        text.push_str(&line(example));
    }
    let more = incident.jobs.saturating_sub(incident.examples.len() as u64);
    if more > 0 && !incident.examples.is_empty() {
        let _ = writeln!(text, "  … and {more} more");
    }
    text.push_str(&next_step(incident, told));
    (format!("[packetboat {}] {server}: {what}", aside.host), text)
}

fn line(example: &Example) -> String {
    let Example { job, name, size_bytes, to, tries, said } = example;
    let size = size_bytes.map_or_else(String::new, |size| format!("  {}", show_size(size)));
    let tries = plural(u64::from(*tries), "attempt");
    format!("\n  {}{size}  to {}\n    job {job}, {tries}: {}\n", shown(name), shown(to), shown(said))
}

fn next_step(incident: &Incident, told: Told) -> String {
    let server = shown(&incident.server);
    match (incident.event, told) {
        (Event::Failed, _) => format!(
            "\nMend what its words say, then: packetboat retry --server {server} --state failed\nOne job with all its \
             attempts: packetboat job ID\n"
        ),
        (_, Told::Began) => "\nLook: packetboat status\n".to_owned(),
        (_, Told::Over | Told::Was) => "\nNothing is left to do.\n".to_owned(),
    }
}

pub(super) fn shown(text: &str) -> String {
    Escaped(text.as_bytes()).to_string()
}

pub(super) fn clock(moment: Moment, zone: Tz) -> String {
    let Some(time) = zone.timestamp_millis_opt(moment.0).single() else { return moment.0.to_string() };
    time.format("%Y-%m-%d %H:%M:%S %Z").to_string()
}

pub(super) fn plural(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

fn waits(jobs: u64) -> String {
    format!("{} {}", plural(jobs, "job"), if jobs == 1 { "waits" } else { "wait" })
}

pub(super) fn span(span: Duration) -> String {
    match span.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} min", seconds / 60),
        seconds @ 3600..86_400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        seconds => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}
