//! Mails about incidents are as few as they may be.

use super::facts::{Facts, Job};
use std::collections::BTreeMap;

const HOUR: i64 = 3_600_000;
const MOST: usize = 6;

pub fn check(facts: &Facts<'_>, faults: &mut Vec<String>) {
    let notices: Vec<&Job> = facts.jobs.iter().filter(|job| job.rule == "notices").collect();
    // the state of a server is told once at each end: an incident that came back within the hour is one
    let mut told: BTreeMap<(String, &str), i64> = BTreeMap::new();
    for notice in &notices {
        let (server, what) = subject(notice);
        if what == "is reminded of" {
            continue; // of what lasts, once a day
        }
        *told.entry((server, what)).or_default() += 1;
    }
    for ((server, what), mails) in told {
        let incidents = facts.incidents.iter().filter(|incident| incident.server == server);
        let event = match what {
            "failed" | "failed before" => "failed",
            "is late" | "was late" => "delayed",
            "is missed" | "was missed" => "missed",
            _ => "trouble",
        };
        let incidents = incidents.filter(|incident| incident.event == event).count() as i64;
        let came_back = if facts.plan.jumps() { 2 } else { 0 }; // hours may have passed
        if mails > incidents + came_back {
            faults.push(format!("{mails} mails that {server} {what}, and {incidents} incidents"));
        }
    }
    if !facts.plan.jumps() {
        for notice in &notices {
            let near = |other: &&&Job| {
                other.recipient == notice.recipient && (0..HOUR).contains(&(created(other) - created(notice)))
            };
            let near = notices.iter().filter(near).count();
            if near > MOST {
                faults.push(format!("{near} mails within an hour to {:?}", notice.recipient));
            }
        }
    }
    for incident in &facts.incidents {
        if incident.event == "failed" && incident.rules.contains("notices") {
            faults.push(format!("a notice begot an incident: {incident:?}"));
        }
        let is_over = incident.event == "trouble" && incident.lane_is_open;
        if facts.plan.is_long && !facts.plan.jumps() && is_over && !incident.is_closed {
            faults.push(format!("the server is well, and its incident is not over: {incident:?}"));
        }
        if incident.began > 1 || incident.over > 1 {
            faults.push(format!("one address was told more than once: {incident:?}"));
        }
    }
}

/// Its deadline is three days after it was written.
fn created(notice: &Job) -> i64 {
    notice.expires_at - 3 * 24 * HOUR
}

/// Which server it is about, and what of it.
fn subject(notice: &Job) -> (String, &'static str) {
    let letter = String::from_utf8_lossy(notice.letter.as_deref().unwrap_or_default()).into_owned();
    let letter = letter.replace("\r\n ", " ");
    let subject = letter.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap_or_default();
    let (_, rest) = subject.split_once("] ").unwrap_or_default();
    let (server, what) = rest.split_once(": ").unwrap_or_default();
    let server = if server == "this machine" { "here" } else { server };
    let what = if what.contains("still") {
        "is reminded of"
    } else if what == "what it expects did not come" {
        "is missed"
    } else if what.starts_with("it came, ") || what.starts_with("what it expects came ") {
        "was missed"
    } else if what.contains("failed for good") {
        "failed"
    } else if what.contains("on time again") || what.contains("were late") || what.contains("was late") {
        "was late"
    } else if what.ends_with(" late") {
        "is late"
    } else if what.contains("delivers again") {
        "failed before"
    } else if what.starts_with("trouble") {
        "is in trouble"
    } else {
        "was in trouble"
    };
    (server.to_owned(), what)
}
