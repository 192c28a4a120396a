//! One file and one rule → the jobs it becomes, a refusal on record, or nothing; what `packetboat plan` shows is this.

use crate::{
    domain::{ArrivalDraft, Beginning, Escaped, JobDraft, Moment, Reason, Ref, RemotePath, Sighting, Wishes},
    rules::{EmptyFiles, Rule, Step},
    templates::{Condition, Destination, Facts, TemplateError},
};

/// What planning takes from around it: time and ids are arguments.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub arrived_at: Moment,
    /// Row of the rule's frozen text.
    pub rule_version: i64,
    /// Row of the rule's folder in the `seen` ledger.
    pub place: i64,
    /// This machine's name.
    pub host: &'a str,
    /// An operator paused the rule, beside its own `paused: true`.
    pub is_paused: bool,
    /// [`Ref::new`] wherever the arrival is kept.
    pub new_id: fn() -> Ref,
}

/// What a rule makes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// To be committed whole; without jobs it only remembers that the file was looked at.
    pub arrival: ArrivalDraft,
    /// Why there are no jobs; `None` when there are.
    pub unwanted: Option<Unwanted>,
}

/// Why a file becomes no job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unwanted {
    #[error("it is empty, and `empty_files` is `skip`")]
    Empty,
    #[error("the rule's `if` is not true of it")]
    Condition,
    #[error("no step's `if` is true of it")]
    EveryStep,
}

/// Plans. Pure: the same arguments give the same jobs, but for the ids.
///
/// A file that is wanted never vanishes: where a condition cannot be judged, a path cannot be made or a limit is
/// broken, the jobs it would have become are failed from the beginning and say why.
#[must_use]
pub fn plan(rule: &Rule, sighting: &Sighting, context: &Context<'_>) -> Planned {
    let planning = Planning { rule, sighting, context, arrival: (context.new_id)() };
    let (jobs, unwanted) = match planning.jobs() {
        Ok(jobs) if jobs.is_empty() => (jobs, Some(Unwanted::EveryStep)),
        Ok(jobs) => (jobs, None),
        Err(unwanted) => (Vec::new(), Some(unwanted)),
    };
    let arrival = ArrivalDraft {
        id: planning.arrival,
        rule: rule.name.clone(),
        rule_version: context.rule_version,
        place: context.place,
        sighting: sighting.clone(),
        arrived_at: context.arrived_at,
        jobs,
    };
    Planned { arrival, unwanted }
}

/// Why a job is failed from its beginning, in a sentence for the operator.
type Refusal = String;

struct Planning<'a> {
    rule: &'a Rule,
    sighting: &'a Sighting,
    context: &'a Context<'a>,
    arrival: Ref,
}

impl Planning<'_> {
    fn jobs(&self) -> Result<Vec<JobDraft>, Unwanted> {
        let is_empty = self.sighting.identity.size_bytes == 0;
        if is_empty && self.rule.when.empty_files == EmptyFiles::Skip {
            return Err(Unwanted::Empty);
        }
        let refusal = match self.is_true(self.rule.condition.as_ref()) {
            Ok(false) => return Err(Unwanted::Condition),
            Ok(true) => self.broken_limit(),
            Err(refusal) => Some(refusal),
        };
        Ok(self.rule.then.iter().flat_map(|step| self.step(step, refusal.as_ref())).collect())
    }

    fn step(&self, step: &Step, refusal: Option<&Refusal>) -> Vec<JobDraft> {
        let refusal = match (refusal, self.is_true(step.condition.as_ref())) {
            (_, Ok(false)) => return Vec::new(),
            (Some(refusal), _) => Some(refusal.clone()),
            (None, Err(refusal)) => Some(refusal),
            (None, Ok(true)) => None,
        };
        step.upload.to.iter().map(|server| self.job(step, server, refusal.clone())).collect()
    }

    fn job(&self, step: &Step, server: &str, refusal: Option<Refusal>) -> JobDraft {
        let Self { rule, sighting, context, .. } = self;
        let id = (context.new_id)();
        let target = self.target(step, Destination { server, job: id });
        let beginning = match (refusal.or(target.as_ref().err().cloned()), rule.in_order) {
            (Some(refusal), _) => Beginning::Refused(Reason::Unplannable, refusal),
            (None, _) if rule.paused || context.is_paused => Beginning::Paused,
            (None, true) => Beginning::InOrder,
            (None, false) => Beginning::Ready,
        };
        JobDraft {
            id,
            server: server.to_owned(),
            target: target.ok(),
            priority: rule.priority,
            rank: rule.rank(&sighting.path),
            wishes: wishes(rule, step),
            due_at: context.arrived_at,
            expires_at: context.arrived_at.plus(rule.deadline),
            beginning,
        }
    }

    fn target(&self, step: &Step, destination: Destination<'_>) -> Result<RemotePath, Refusal> {
        let path = &step.upload.path;
        path.render(&self.facts(Some(destination))).map_err(|error| in_words("path", path.text(), &error))
    }

    fn is_true(&self, condition: Option<&Condition>) -> Result<bool, Refusal> {
        let Some(condition) = condition else { return Ok(true) };
        condition.holds(&self.facts(None)).map_err(|error| in_words("if", condition.text(), &error))
    }

    fn broken_limit(&self) -> Option<Refusal> {
        let size = self.sighting.identity.size_bytes;
        let name = Escaped(&self.sighting.path);
        if size == 0 && self.rule.when.empty_files == EmptyFiles::Refuse {
            return Some(format!("{name} is empty, and the rule says `empty_files: refuse`"));
        }
        let limit = self.rule.limits.size.filter(|limit| size > *limit)?;
        Some(format!("{name} has {size} bytes, and the rule's `limits: size` is {limit}"))
    }

    fn facts<'a>(&'a self, destination: Option<Destination<'a>>) -> Facts<'a> {
        Facts {
            arrived_at: self.context.arrived_at,
            time_zone: self.rule.time_zone,
            arrival: self.arrival,
            file: self.sighting,
            rule: &self.rule.name,
            about: self.rule.about.as_deref(),
            host: self.context.host,
            destination,
        }
    }
}

fn wishes(rule: &Rule, step: &Step) -> Wishes {
    let upload = &step.upload;
    Wishes {
        on_exists: upload.on_exists,
        proof: upload.proof,
        times: upload.times,
        resume: upload.resume,
        bandwidth: upload.bandwidth,
        retry: rule.retry,
    }
}

/// ``path `{{ file.ext }}/`: this value is empty (`| default("none", true)`)``
fn in_words(key: &str, text: &str, error: &TemplateError) -> Refusal {
    let text = error.range.clone().and_then(|range| text.get(range)).filter(|part| !part.is_empty()).unwrap_or(text);
    let hint = error.hint.as_ref().map_or_else(String::new, |hint| format!(" ({hint})"));
    format!("{key} `{}`: {error}{hint}", Escaped(text.as_bytes()))
}
