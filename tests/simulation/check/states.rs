//! Nothing is lost, and every job is where a job may be.

use super::facts::{Facts, Job};
use packetboat::store::JobVerb;

pub fn check(facts: &Facts<'_>, faults: &mut Vec<String>) {
    for job in &facts.jobs {
        if let Some(fault) = wrong_end(facts, job) {
            faults.push(format!("{fault}: {job:?}"));
        }
    }
    for version in &facts.truth.versions {
        let rule = &facts.plan.rules[version.rule];
        let what = format!("{} {} of {}", rule.name, version.name, version.mtime_ns);
        let arrivals =
            facts.arrivals.iter().filter(|arrival| (&arrival.rule, &arrival.name) == (&rule.name, &version.name));
        let versions =
            facts.truth.versions.iter().filter(|other| (other.rule, &other.name) == (version.rule, &version.name));
        let (arrived, taken, written) =
            (arrivals.count(), versions.clone().filter(|version| version.taken.is_some()).count(), versions.count());
        if arrived < taken || arrived > written {
            faults.push(format!("{what}: {taken} of {written} versions were taken, and {arrived} arrived"));
        }
        let is_there = facts.truth.is_there(facts.plan, version);
        let jobs = facts.jobs.iter().filter(|job| job.rule == rule.name && job.mtime_ns == Some(version.mtime_ns));
        let (jobs, wanted) = (jobs.count(), if rule.recipients.is_empty() { rule.to.len() } else { 0 });
        if (version.taken.is_some() || is_there) && jobs != wanted || jobs > wanted {
            faults.push(format!("{what}: {jobs} jobs, {wanted} are wanted"));
        }
    }
    for rule in facts.plan.rules.iter().filter(|rule| !rule.recipients.is_empty()) {
        let arrivals = facts.arrivals.iter().filter(|arrival| arrival.rule == rule.name).count();
        let jobs = facts.jobs.iter().filter(|job| job.rule == rule.name).count();
        if jobs != arrivals * rule.recipients.len() {
            faults.push(format!(
                "{}: {arrivals} arrivals for {} recipients made {jobs} jobs",
                rule.name,
                rule.recipients.len()
            ));
        }
    }
}

fn wrong_end(facts: &Facts<'_>, job: &Job) -> Option<&'static str> {
    let reason = job.reason.as_deref();
    let rule = facts.rule(&job.rule);
    let version = facts.version(job);
    if job.session.is_some() {
        return Some("an ended job has a session");
    }
    match (&*job.state, reason) {
        ("delivered", None) => None,
        ("failed", Some("refused")) => {
            let is_refused = job.target.as_ref().is_some_and(|target| target.contains("553"))
                || job.recipient.as_ref().is_some_and(|to| to.starts_with("nobody"));
            (!is_refused).then_some("nobody refused it for good")
        }
        ("failed", Some("attempts")) => {
            rule.is_none_or(|(_, rule)| rule.attempts.is_none()).then_some("its tries are not limited")
        }
        ("failed", Some("deadline")) => {
            rule.is_none_or(|(_, rule)| rule.deadline_s.is_none()).then_some("its deadline is days away")
        }
        ("failed", Some("source_changed")) => {
            let is_there = version.is_none_or(|version| facts.truth.is_there(facts.plan, version));
            is_there.then_some("its file has not changed")
        }
        ("cancelled", Some("superseded")) if job.rule == "notices" => None,
        ("queued", None) if job.rule == "notices" && job.tries == 0 => None, // written while the last life stopped
        ("cancelled", Some("superseded")) => {
            (!version.is_some_and(|version| facts.is_outdated(version))).then_some("nothing is newer")
        }
        ("cancelled", Some("by_operator")) => {
            let is_asked = rule.is_some_and(|(number, _)| facts.plan.does(JobVerb::Cancel, number));
            (!is_asked).then_some("no operator cancelled it")
        }
        _ => Some("it has not ended, or nobody knows why"),
    }
}
