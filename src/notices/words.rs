//! What a notice says: what happened, to what, in the server's own words, and what to type next.

use super::{judge::SERVER_MISSING, late_words, missing_words, unplanned_words};
use crate::domain::{Escaped, Event, Example, HERE, Incident, Moment, Original, show_size};
use chrono::TimeZone as _;
use chrono_tz::Tz;
use std::{fmt::Write as _, time::Duration};

/// Rules that a mail names.
const RULES: usize = 10;

/// What a mail tells of an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    Began,
    /// Again, because it lasts.
    Still,
    Over,
    /// Both at once: the first mail had not gone out when it was over.
    Was,
}

impl Told {
    /// That it is over.
    pub(super) fn is_end(self) -> bool {
        matches!(self, Self::Over | Self::Was)
    }
}

/// What is known beside the incident when the mail is written.
#[derive(Debug, Clone, Copy)]
pub struct Aside<'a> {
    /// This machine's name.
    pub host: &'a str,
    pub time_zone: Tz,
    pub now: Moment,
    /// Jobs that wait for the server.
    pub waiting: u64,
    /// Some of them.
    pub examples: &'a [Example],
    /// Jobs that it has taken since the incident began.
    pub delivered: u64,
    /// What the incident's own examples were made of, in their order; of what could not be planned.
    pub originals: &'a [Original],
}

/// Subject and text.
#[must_use]
pub fn mail(incident: &Incident, told: Told, aside: Aside<'_>) -> (String, String) {
    let (what, text) = match incident.event {
        Event::Failed if incident.is_unplanned() => unplanned_words::unplanned(incident, aside),
        Event::Failed => failed(incident, told, aside),
        Event::Delayed => late_words::delayed(incident, told, aside),
        Event::Missed => late_words::missed(incident, told, aside),
        Event::Trouble if incident.kind == SERVER_MISSING => missing_words::missing(incident, told, aside),
        Event::Trouble | Event::Recovered | Event::Delivered => trouble(incident, told, aside),
    };
    (format!("[packetboat {}] {}: {what}", aside.host, named(&incident.subject)), text)
}

fn failed(incident: &Incident, told: Told, aside: Aside<'_>) -> (String, String) {
    let (server, named) = (shown(&incident.subject), named(&incident.subject));
    let jobs = plural(incident.jobs, "job");
    let began = clock(incident.opened_at, aside.time_zone);
    let (what, mut text) = match told {
        Told::Began | Told::Still => (
            format!("{jobs} failed for good"),
            format!("{jobs} for {named} failed since {began}; nothing tries them again by itself.\n"),
        ),
        Told::Over | Told::Was => (
            format!("it delivers again; {jobs} had failed"),
            format!(
                "{jobs} for {named} failed between {began} and {}; it has taken {} since.\n",
                clock(until(incident), aside.time_zone),
                plural(aside.delivered, "job"),
            ),
        ),
    };
    text.push_str(&said(incident));
    text.push_str(&rules(incident));
    text.push_str(&examples(&incident.examples, incident.jobs));
    let _ = write!(
        text,
        "\nMend what its words say, then: packetboat retry --server {server} --state failed\nOne job with all its \
         attempts: packetboat job ID\n"
    );
    (what, text)
}

fn trouble(incident: &Incident, told: Told, aside: Aside<'_>) -> (String, String) {
    let server = shown(&incident.subject);
    let at = |moment| clock(moment, aside.time_zone);
    let (began, ended) = (at(incident.opened_at), at(until(incident)));
    let (what, mut text) = match told {
        Told::Began => (
            "trouble; its jobs wait".to_owned(),
            format!(
                "{server} is in trouble since {began}. {} for it; they spend no tries and go on by themselves. One more \
                 mail comes when it is over.\n",
                waits(aside.waiting),
            ),
        ),
        Told::Still => {
            let lasts = span(aside.now.since(incident.opened_at));
            (
                format!("still in trouble after {lasts}; its jobs wait"),
                format!("{server} is in trouble since {began}, for {lasts}. {} for it.\n", waits(aside.waiting)),
            )
        }
        Told::Over => (
            format!("well again after {}", lasted(incident)),
            format!("{server} is well again: it was in trouble from {began} to {ended}.\n"),
        ),
        Told::Was => (
            format!("was in trouble for {}, and is well again", lasted(incident)),
            format!("{server} was in trouble from {began} to {ended}; this mail could not be sent before.\n"),
        ),
    };
    text.push_str(&said(incident));
    match told {
        Told::Began | Told::Still => {
            text.push_str(&rules(incident));
            text.push_str(&examples(aside.examples, aside.waiting));
            let _ = writeln!(text, "\nLook: packetboat status, packetboat jobs --server {server} --state queued");
        }
        Told::Over | Told::Was => {
            let (taken, waits) = (plural(aside.delivered, "job"), waits(aside.waiting));
            let _ = writeln!(text, "Since it began it has taken {taken}; {waits}.");
            text.push_str(&rules(incident));
            text.push_str("\nNothing is left to do.\n");
        }
    }
    (what, text)
}

/// The server's own words.
pub(super) fn said(incident: &Incident) -> String {
    match &*incident.kind {
        "" => format!("\nIt said: {}\n", shown(&incident.said)),
        kind => format!("\nIt said: {} ({kind})\n", shown(&incident.said)),
    }
}

/// Whose jobs are hit.
pub(super) fn rules(incident: &Incident) -> String {
    if incident.rules.is_empty() {
        return String::new();
    }
    let rules: Vec<&str> = incident.rules.iter().take(RULES).map(String::as_str).collect();
    let more = incident.rules.len().saturating_sub(RULES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("Rules: {}{more}\n", rules.join(", "))
}

/// Some of so many jobs.
pub(super) fn examples(examples: &[Example], of: u64) -> String {
    examples.iter().map(line).collect::<String>() + &more(examples, of)
}

/// Of so many jobs, those that are not shown.
pub(super) fn more(examples: &[Example], of: u64) -> String {
    match of.saturating_sub(examples.len() as u64) {
        more @ 1.. if !examples.is_empty() => format!("  … and {more} more\n"),
        _ => String::new(),
    }
}

pub(super) fn line(example: &Example) -> String {
    let Example { job, name, size_bytes, sha256, to, tries, said } = example;
    let size = size_bytes.map_or_else(String::new, |size| format!("  {}", show_size(size)));
    let sha256 = sha256.as_ref().map_or_else(String::new, |sha256| format!("    sha256 {sha256}\n"));
    let to = if to.is_empty() { String::new() } else { format!("  to {}", shown(to)) };
    let tries = plural(u64::from(*tries), "attempt");
    let said = if said.is_empty() { String::new() } else { format!(": {}", shown(said)) };
    format!("\n  {}{size}{to}\n{sha256}    job {job}, {tries}{said}\n", shown(name))
}

/// Until when it lasted, as far as it is known.
pub(super) fn until(incident: &Incident) -> Moment {
    incident.last_at.max(incident.opened_at)
}

pub(super) fn lasted(incident: &Incident) -> String {
    span(until(incident).since(incident.opened_at))
}

/// A server, or a rule, as a sentence names it.
pub(super) fn named(subject: &str) -> String {
    if subject == HERE { "this machine".to_owned() } else { shown(subject) }
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

pub(super) fn waits(jobs: u64) -> String {
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
