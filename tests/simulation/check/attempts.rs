//! Every claim is accounted for, costs what it may cost, and began when it might.

use super::facts::{Attempt, Facts, Job};
use crate::world::BEGIN;
use packetboat::store::JobVerb;

const MINUTE: i64 = 60_000;

pub fn check(facts: &Facts<'_>, faults: &mut Vec<String>) {
    for job in facts.jobs.iter().chain(&facts.follow) {
        let attempts: Vec<&Attempt> = facts.attempts_of(job).collect();
        let numbers: Vec<i64> = attempts.iter().map(|attempt| attempt.claim_no).collect();
        if numbers != (1..=job.claim_no).collect::<Vec<_>>() || job.tries != job.claim_no {
            faults.push(format!("claims {numbers:?} of {job:?}"));
        }
        let counted: i64 = attempts.iter().map(|attempt| attempt.counted).sum();
        let is_retried = facts.rule(&job.rule).is_some_and(|(number, _)| facts.plan.does(JobVerb::Retry, number));
        if counted != job.counted_tries && !is_retried {
            faults.push(format!("{counted} tries were counted of {job:?}"));
        }
        let delivered = attempts.iter().filter(|attempt| attempt.outcome == "delivered").count();
        let is_last = attempts.last().is_some_and(|attempt| attempt.outcome == "delivered");
        if delivered != usize::from(job.state == "delivered") || (delivered > 0 && !is_last) {
            faults.push(format!("{delivered} tries delivered {job:?}"));
        }
        faults.extend(
            attempts
                .iter()
                .filter(|attempt| is_dear(attempt))
                .map(|attempt| format!("it cost a try: {attempt:?} of {job:?}")),
        );
        let is_interrupted =
            |attempt: &&&Attempt| attempt.said.as_deref().is_some_and(|said| said.starts_with("interrupted"));
        let torn = attempts.iter().filter(is_interrupted).find(|attempt| !facts.begun.contains(&attempt.ended_at));
        faults.extend(torn.map(|attempt| format!("taken from a process that lives: {attempt:?} of {job:?}")));
        if !facts.plan.jumps() {
            check_moments(facts, job, &attempts, faults);
        }
    }
    if !facts.plan.jumps() {
        check_limits(facts, faults);
    }
}

/// A server's trouble, or nobody's, that was counted; or the job's own that was not.
fn is_dear(attempt: &Attempt) -> bool {
    let is_servers = matches!(attempt.kind.as_deref(), Some("connect" | "login" | "busy" | "tls"))
        || (attempt.outcome == "deferred" && attempt.kind.as_deref() == Some("session"));
    let is_counted = match attempt.outcome.as_str() {
        "returned" => false,
        "deferred" | "unknown" if attempt.kind.is_none() => false, // its file is unclear
        "failed" if attempt.kind.is_none() => return false,
        _ => !is_servers,
    };
    is_counted != (attempt.counted == 1)
}

fn check_moments(facts: &Facts<'_>, job: &Job, attempts: &[&Attempt], faults: &mut Vec<String>) {
    let has_moved = facts.plan.moves() || (job.recipient.is_some() && facts.plan.relays() > 1);
    let rule = facts.rule(&job.rule);
    let is_retried = rule.is_some_and(|(number, _)| facts.plan.does(JobVerb::Retry, number));
    for attempt in attempts {
        let begun = attempt.started_at;
        let is_of = |shut: &&super::facts::Shut| {
            shut.rule.as_ref() == Some(&job.rule) || (shut.server.as_ref() == Some(&job.server) && !has_moved)
        };
        if let Some(shut) = facts.shut.iter().filter(is_of).find(|shut| shut.from < begun && begun < shut.until) {
            faults.push(format!("claimed while shut: {attempt:?} of {job:?} in {shut:?}"));
        }
        if begun > attempt.ended_at || (begun > job.expires_at && !is_retried) {
            faults.push(format!("claimed too late: {attempt:?} of {job:?}"));
        }
        if rule.is_some_and(|(_, rule)| rule.is_windowed) && begun < BEGIN + 2 * MINUTE {
            faults.push(format!("claimed outside of its window: {attempt:?} of {job:?}"));
        }
    }
}

/// Where one job may run at once, no two do.
fn check_limits(facts: &Facts<'_>, faults: &mut Vec<String>) {
    for rule in facts.plan.rules.iter().filter(|rule| rule.is_single && rule.recipients.is_empty()) {
        let is_of = |attempt: &&Attempt| facts.jobs.iter().any(|job| job.id == attempt.job && job.rule == rule.name);
        let mut attempts: Vec<&Attempt> = facts.attempts.iter().filter(is_of).collect();
        attempts.sort_by_key(|attempt| (attempt.started_at, attempt.ended_at));
        for pair in attempts.windows(2) {
            if pair[1].started_at < pair[0].ended_at {
                faults.push(format!("two jobs of {} at once: {pair:?}", rule.name));
            }
        }
    }
}
