//! The mail that comes whatever happened: silence would mean that we are dead.

use super::words::{clock, named, plural, shown, span};
use crate::domain::{Event, Incident, Moment, ReportLine, show_size};
use chrono_tz::Tz;
use std::fmt::Write as _;

/// Subject and text of what happened after `since` and not after `until`.
#[must_use]
pub fn digest(
    lines: &[ReportLine],
    open: &[&Incident],
    (since, until): (Moment, Moment),
    (host, time_zone): (&str, Tz),
) -> (String, String) {
    let (delivered, failed) = (sum(lines, |line| line.delivered), sum(lines, |line| line.failed));
    let troubles = troubles(lines, open);
    let verdict = if troubles.is_empty() { "all is well".to_owned() } else { troubles.join(", ") };
    let subject = format!("[packetboat {host}] {}, {verdict}", plural(delivered, "job") + " delivered");
    let mut text = format!("From {} to {}: {verdict}.\n", clock(since, time_zone), clock(until, time_zone));
    let width = lines.iter().map(|line| line.rule.len()).max().unwrap_or(0).max(4);
    let _ = writeln!(
        text,
        "\n{:width$} {:>10} {:>9} {:>7} {:>8} {:>8}  LAST DELIVERED",
        "RULE", "DELIVERED", "SIZE", "FAILED", "REPLACED", "WAITING",
    );
    for line in lines {
        let last = line.last_delivered.map_or_else(|| "-".to_owned(), |last| clock(last, time_zone));
        let _ = writeln!(
            text,
            "{:width$} {:>10} {:>9} {:>7} {:>8} {:>8}  {last}",
            line.rule,
            line.delivered,
            show_size(line.bytes),
            line.failed,
            line.superseded,
            line.waiting,
        );
    }
    for incident in open {
        if incident.event == Event::Failed {
            let (server, last) = (named(&incident.subject), clock(incident.last_at, time_zone));
            let Incident { said, kind, .. } = incident;
            let _ = writeln!(text, "\n{server}: jobs failed, the last at {last}: {} ({kind})", shown(said));
            continue;
        }
        let lasted = span(until.since(incident.opened_at));
        let what = match incident.event {
            Event::Missed => "expected",
            Event::Delayed => "late",
            _ => &incident.kind,
        };
        let _ = writeln!(text, "\n{} for {lasted}: {} ({what})", named(&incident.subject), shown(&incident.said));
    }
    if failed > 0 {
        text.push_str("\nAll that failed: packetboat jobs --state failed\nWhy, and what helps: packetboat job ID\n");
    }
    (subject, text)
}

/// Whether a digest of the time after `since` has it. Trouble lasts until it is over; that jobs failed is of the digest of that time,
/// and only while some of them are failed still.
#[must_use]
pub fn is_told(incident: &Incident, lines: &[ReportLine], since: Moment) -> bool {
    let are_failed = || lines.iter().any(|line| line.failed > 0 && incident.rules.contains(&line.rule));
    incident.closed_at.is_none() && (incident.event != Event::Failed || (incident.last_at > since && are_failed()))
}

/// What is not well, each in a few words.
fn troubles(lines: &[ReportLine], open: &[&Incident]) -> Vec<String> {
    let failed = sum(lines, |line| line.failed);
    let of =
        |event| open.iter().filter(move |incident| incident.event == event).map(|incident| incident.subject.as_str());
    let mut troubles = Vec::new();
    if failed > 0 {
        troubles.push(format!("{} failed", plural(failed, "job")));
    }
    for (event, noun, are) in [(Event::Trouble, "server", "in trouble"), (Event::Missed, "expectation", "missed")] {
        match of(event).count() as u64 {
            0 => {}
            many => troubles.push(format!("{} {are}", plural(many, noun))),
        }
    }
    if let Some(server) = of(Event::Delayed).next() {
        troubles.push(format!("jobs for {} late", named(server)));
    }
    let held = sum(lines, |line| line.held);
    if held > 0 {
        troubles.push(format!("{} held", plural(held, "job")));
    }
    troubles
}

fn sum(lines: &[ReportLine], of: fn(&ReportLine) -> u64) -> u64 {
    lines.iter().map(of).sum()
}
