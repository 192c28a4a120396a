//! No source goes before its time, none stays behind, and none goes twice.

use super::facts::{Facts, Job};
use crate::{
    plan::Fate,
    truth::{Laid, Version},
};
use packetboat::store::JobVerb;

pub fn check(facts: &Facts<'_>, faults: &mut Vec<String>) {
    let laid = facts.truth.laid(facts.plan);
    for laid in &laid {
        let is_it = |version: &&Version| version.mtime_ns == laid.mtime_ns && version.rule == laid.rule;
        let version = facts.truth.versions.iter().find(is_it);
        if laid.folder.is_empty() || version.is_none_or(|version| version.bytes != laid.bytes) {
            faults.push(format!("what nobody wrote: {}/{} of {}", laid.folder, laid.name, laid.mtime_ns));
        }
    }
    for version in &facts.truth.versions {
        if let Some(fault) = wrong_place(facts, version, &laid) {
            let rule = &facts.plan.rules[version.rule].name;
            let follow = Ends::of(facts, version).follow;
            faults.push(format!("{fault}: {rule} {} of {}: {follow:?}", version.name, version.mtime_ns));
        }
    }
    for job in &facts.follow {
        if let Some(fault) = wrong_end(facts, job) {
            faults.push(format!("{fault}: {job:?}"));
        }
    }
}

/// How its jobs ended.
struct Ends<'a> {
    then: Vec<&'a Job>,
    follow: Vec<&'a Job>,
}

impl<'a> Ends<'a> {
    fn of(facts: &'a Facts<'_>, version: &Version) -> Self {
        let rule = &facts.plan.rules[version.rule].name;
        let arrival =
            facts.arrivals.iter().find(|arrival| (&arrival.rule, arrival.mtime_ns) == (rule, Some(version.mtime_ns)));
        let of_it = |job: &&Job| job.arrival.is_some() && job.arrival == arrival.map(|arrival| arrival.id);
        Self { then: facts.jobs.iter().filter(of_it).collect(), follow: facts.follow.iter().filter(of_it).collect() }
    }

    fn are_delivered(&self) -> bool {
        !self.then.is_empty() && self.then.iter().all(|job| job.state == "delivered")
    }

    fn has_failed(&self) -> bool {
        self.then.iter().any(|job| job.state == "failed")
    }

    /// The end of the source was not for the engine alone to decide.
    fn has_excuse(&self) -> bool {
        self.follow.iter().any(|job| matches!(job.reason.as_deref(), Some("deadline" | "by_operator")))
    }

    fn is_taken_away(&self) -> bool {
        self.follow.iter().any(|job| job.state == "delivered")
    }

    /// Or a death came before the word of it, and its job ended otherwise before the next try.
    fn may_be_taken_away(&self) -> bool {
        let ended_otherwise = |job: &&Job| {
            let why = job.reason.as_deref();
            why == Some("superseded") || job.claim_no > 0 && matches!(why, Some("deadline" | "by_operator"))
        };
        self.is_taken_away() || self.follow.iter().any(ended_otherwise)
    }
}

fn wrong_place(facts: &Facts<'_>, version: &Version, laid: &[Laid]) -> Option<&'static str> {
    let plan = facts.plan.rules[version.rule].follow;
    let ends = Ends::of(facts, version);
    let is_in = |folder: &str| {
        let is_it = |laid: &&Laid| (laid.rule, laid.mtime_ns, laid.folder) == (version.rule, version.mtime_ns, folder);
        laid.iter().filter(is_it).count()
    };
    let (sent, failed) = (is_in("sent"), is_in("failed"));
    let is_there = facts.truth.is_there(facts.plan, version);
    if sent + failed + usize::from(is_there || version.is_replaced) > 1 {
        return Some("it is in two places");
    }
    if sent > 0 && !(plan.after == Some(Fate::Move) && ends.are_delivered() && ends.may_be_taken_away()) {
        return Some("in sent/, and not wholly delivered");
    }
    let is_asked = |verb| facts.plan.does(verb, version.rule); // what had failed may be another by now
    let has_failed = ends.has_failed() || is_asked(JobVerb::Cancel) || is_asked(JobVerb::Retry);
    if failed > 0 && !(plan.moves_failed && has_failed && ends.may_be_taken_away()) {
        return Some("in failed/, and nothing of it failed");
    }
    if version.is_replaced || sent + failed > 0 {
        return None;
    }
    if !is_there {
        let is_deleted = plan.after == Some(Fate::Delete) && ends.are_delivered() && ends.may_be_taken_away();
        return (!is_deleted).then_some("it is gone, and not wholly delivered");
    }
    if ends.is_taken_away() {
        return Some("it was taken away, and is there");
    }
    let must_go = (plan.after.is_some() && ends.are_delivered()) || (plan.moves_failed && ends.has_failed());
    (must_go && !ends.has_excuse()).then_some("all its jobs have ended, and it stays behind")
}

fn wrong_end(facts: &Facts<'_>, job: &Job) -> Option<&'static str> {
    let (number, rule) = facts.rule(&job.rule)?;
    let version = facts.version(job)?;
    match (&*job.state, job.reason.as_deref()) {
        ("delivered", None) => None,
        ("failed", Some("deadline")) => rule.deadline_s.is_none().then_some("its deadline is days away"),
        ("failed", Some("source_changed")) => {
            let is_excused = version.is_replaced || facts.plan.does(JobVerb::Retry, number);
            (!is_excused).then_some("the source has not changed")
        }
        ("cancelled", Some("superseded")) => (!facts.is_outdated(version)).then_some("nothing is newer"),
        ("cancelled", Some("by_operator")) => {
            (!facts.plan.does(JobVerb::Cancel, number)).then_some("no operator cancelled it")
        }
        _ => Some("what follows has not ended, or nobody knows why"),
    }
}
