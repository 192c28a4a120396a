//! The mail about what was delivered: one for all of it, never one for each.

use super::{
    HOUR,
    words::{clock, examples, plural},
};
use crate::domain::{Example, Moment, show_size};
use chrono_tz::Tz;
use std::{fmt::Write as _, time::Duration};

/// Deliveries of a batch are not told before so long after its last one.
const QUIET: Duration = Duration::from_secs(60);

/// What was delivered to whoever asks, since they were told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deliveries {
    /// By rule: how many, and how many bytes.
    pub rules: Vec<(String, u64, u64)>,
    /// The last ones.
    pub examples: Vec<Example>,
}

/// Whether they are told now: once it has been quiet for a minute, or after an hour if it never is; at most once an hour.
#[must_use]
pub fn is_worth_a_mail(told_until: Moment, (first, last): (Moment, Moment), now: Moment) -> bool {
    now.since(told_until) >= HOUR && (now.since(last) >= QUIET || now.since(first) >= HOUR)
}

/// Subject and text of what was delivered after `since` and not after `until`.
#[must_use]
pub fn delivered(
    deliveries: &Deliveries,
    (since, until): (Moment, Moment),
    (host, time_zone): (&str, Tz),
) -> (String, String) {
    let sum = |of: fn(&(String, u64, u64)) -> u64| deliveries.rules.iter().map(of).sum::<u64>();
    let (jobs, bytes) = (sum(|(_, jobs, _)| *jobs), sum(|(_, _, bytes)| *bytes));
    let subject = format!("[packetboat {host}] {} delivered, {}", plural(jobs, "job"), show_size(bytes));
    let mut text = format!("From {} to {}:\n\n", clock(since, time_zone), clock(until, time_zone));
    for (rule, jobs, bytes) in &deliveries.rules {
        let _ = writeln!(text, "{rule}: {}, {}", plural(*jobs, "job"), show_size(*bytes));
    }
    text.push_str(&examples(&deliveries.examples, jobs));
    text.push_str("\nAll of them, with their proofs: packetboat receipts\n");
    (subject, text)
}
