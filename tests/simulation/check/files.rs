//! Whole files under final names, none over a newer one, and receipts that are true.

use super::facts::{Facts, Job, Receipt};
use crate::{configuration::target, truth::Version};
use packetboat::store::JobVerb;
use sha2::{Digest, Sha256};

pub fn check(facts: &Facts<'_>, faults: &mut Vec<String>) {
    for server in facts.servers {
        let placed = server.placed();
        let mut names: Vec<&Vec<u8>> = placed.iter().map(|placed| &placed.name).collect();
        names.sort();
        names.dedup();
        for name in names {
            let name_text = String::from_utf8_lossy(name).into_owned();
            let mut newest = 0;
            for placed in placed.iter().filter(|placed| placed.name == *name) {
                let Some(version) = whose(facts, &name_text, &placed.bytes) else {
                    faults.push(format!(
                        "{} {name_text}: {} bytes that are no version of it",
                        server.name,
                        placed.bytes.len()
                    ));
                    continue;
                };
                let place = age(facts, version);
                if place < newest {
                    faults.push(format!("{} {name_text}: an older version over a newer one", server.name));
                }
                newest = newest.max(place);
            }
        }
    }
    for job in facts.jobs.iter().filter(|job| job.recipient.is_none()) {
        check_receipt(facts, job, faults);
    }
    check_order(facts, faults);
}

/// The version that these bytes are, of those that may have this name.
fn whose<'a>(facts: &Facts<'a>, name: &str, bytes: &[u8]) -> Option<&'a Version> {
    let may_be = |version: &&Version| {
        let rule = &facts.plan.rules[version.rule];
        rule.recipients.is_empty() && target(rule, &version.name) == name
    };
    facts
        .truth
        .versions
        .iter()
        .filter(may_be)
        .filter(|version| version.bytes == bytes)
        .max_by_key(|version| age(facts, version))
}

/// Later is more: of a file's versions by when they were written, of files with one target by when they arrived.
fn age(facts: &Facts<'_>, version: &Version) -> i64 {
    if !facts.plan.rules[version.rule].is_shared {
        return version.mtime_ns;
    }
    let arrival = |job: &&Job| job.mtime_ns == Some(version.mtime_ns);
    facts.jobs.iter().filter(arrival).filter_map(|job| job.arrival).min().unwrap_or(i64::MAX)
}

fn check_receipt(facts: &Facts<'_>, job: &Job, faults: &mut Vec<String>) {
    let receipts: Vec<&Receipt> = facts.receipts.iter().filter(|receipt| receipt.job == job.reference).collect();
    let wanted = usize::from(job.state == "delivered");
    if receipts.len() != wanted {
        faults.push(format!("{} receipts for {job:?}", receipts.len()));
    }
    let (Some(receipt), Some(version)) = (receipts.first(), facts.version(job)) else { return };
    let path = receipt.remote_path.clone().unwrap_or_default();
    let is_of_it =
        receipt.sha256[..] == Sha256::digest(&version.bytes)[..] && receipt.size_bytes == version.bytes.len() as i64;
    let placed = facts.server(&receipt.server).placed();
    let was_there = placed.iter().any(|placed| placed.name == path.as_bytes() && placed.bytes == version.bytes);
    if !is_of_it || !was_there || Some(&path) != job.target.as_ref() || receipt.server != job.server {
        faults.push(format!("a receipt is not true: {receipt:?} of {job:?}"));
    }
    let is_newest = !facts.is_outdated(version) && !facts.plan.rules[version.rule].is_shared;
    if is_newest && facts.server(&receipt.server).files().get(path.as_bytes()) != Some(&version.bytes) {
        faults.push(format!("{} {path}: the newest version was delivered and is not there", receipt.server));
    }
}

/// In strict order a job begins when those before it have ended.
fn check_order(facts: &Facts<'_>, faults: &mut Vec<String>) {
    for (number, rule) in facts.plan.rules.iter().enumerate().filter(|(_, rule)| rule.in_order) {
        if facts.plan.jumps()
            || facts.plan.moves()
            || facts.plan.does(JobVerb::Retry, number)
            || facts.plan.relays() > 1
        {
            continue;
        }
        let jobs: Vec<&Job> = facts.jobs.iter().filter(|job| job.rule == rule.name).collect();
        for later in &jobs {
            let Some(begun) = facts.attempts_of(later).map(|attempt| attempt.started_at).min() else { continue };
            let before = jobs
                .iter()
                .filter(|job| job.id < later.id && job.server == later.server && job.arrival != later.arrival);
            // one that failed and is then cancelled ends again
            let before = before.filter(|job| job.reason.as_deref() != Some("by_operator"));
            if let Some(open) =
                before.filter(|job| job.ended_at.is_none_or(|ended| ended > begun)).max_by_key(|job| job.id)
            {
                faults.push(format!("out of order: {later:?} began before the end of {open:?}"));
            }
        }
    }
}
