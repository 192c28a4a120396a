//! When an incident begins and when it is over.

use crate::{
    domain::{Event, Example, Failure, Incident, Moment},
    notices::{HOUR, Patience},
};
use std::{collections::BTreeSet, time::Duration};

/// Over only when it has not shown itself for so long.
pub const QUIET: Duration = Duration::from_secs(60);
/// Jobs that a mail shows.
const EXAMPLES: usize = 10;
/// How long it is on record that jobs failed whose end nobody can tell: their server is configured no more, or none was asked. For
/// the digest of that day.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The kind of trouble that jobs have whose server is not configured any more.
pub const SERVER_MISSING: &str = "server_missing";

/// A lane that is closed, or one that is no more and has jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneTrouble {
    pub server: String,
    /// A word of `TroubleKind`, or [`SERVER_MISSING`].
    pub kind: String,
    pub said: String,
    pub since: Moment,
    /// Who sends there.
    pub rules: BTreeSet<String>,
}

/// Something late: jobs of a server that wait too long, or what a rule expects and has not come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Late {
    /// [`Event::Delayed`] or [`Event::Missed`].
    pub event: Event,
    /// A server, or a rule.
    pub subject: String,
    pub since: Moment,
    pub said: String,
    pub rules: BTreeSet<String>,
    pub jobs: u64,
    pub examples: Vec<Example>,
}

/// What is to be judged.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    pub now: Moment,
    /// Servers that are configured.
    pub known: BTreeSet<String>,
    /// Rules that expect something.
    pub expecting: BTreeSet<String>,
    pub troubles: Vec<LaneTrouble>,
    /// Servers whose lane is open, since when.
    pub open: Vec<(String, Moment)>,
    pub failures: Vec<Failure>,
    /// Servers with their last delivery.
    pub delivered: Vec<(String, Moment)>,
    /// Rules of whose failed jobs none is left: somebody cancelled them, or had them tried again.
    pub done_with: BTreeSet<String>,
    pub late: Vec<Late>,
    /// Servers whose jobs wait on purpose: whether they are late is not asked.
    pub at_rest: BTreeSet<String>,
    pub patience: Patience,
}

/// Opens, prolongs and closes incidents.
pub fn judge(incidents: &mut Vec<Incident>, observed: &Observed) {
    for trouble in &observed.troubles {
        // a server that comes back says other things on the way: that is one trouble; that it is not configured any more is another
        let is_missing = |kind: &str| kind == SERVER_MISSING;
        let is_it = |incident: &Incident| {
            (incident.event, &*incident.subject) == (Event::Trouble, &*trouble.server)
                && is_missing(&incident.kind) == is_missing(&trouble.kind)
        };
        let incident = met_or_new(incidents, is_it, || Incident {
            kind: trouble.kind.clone(),
            ..new(&trouble.server, Event::Trouble, trouble.since)
        });
        incident.kind.clone_from(&trouble.kind);
        incident.said.clone_from(&trouble.said);
        incident.rules.extend(trouble.rules.iter().cloned());
    }
    for failure in &observed.failures {
        let key = (failure.subject(), Event::Failed, failure.kind.as_str());
        let is_it = |incident: &Incident| (&*incident.subject, incident.event, &*incident.kind) == key;
        let incident = met_or_new(incidents, is_it, || Incident {
            kind: failure.kind.clone(),
            said: failure.example.said.clone(),
            ..new(failure.subject(), Event::Failed, failure.ended_at)
        });
        incident.last_at = incident.last_at.max(failure.ended_at);
        incident.rules.insert(failure.rule.clone());
        // one that was tried again and failed again is one job, as it is now
        if let Some(again) = incident.examples.iter_mut().find(|example| example.job == failure.example.job) {
            again.clone_from(&failure.example);
            continue;
        }
        incident.jobs += 1;
        if incident.examples.len() < EXAMPLES {
            incident.examples.push(failure.example.clone());
        }
    }
    for late in &observed.late {
        let is_it = |incident: &Incident| incident.event == late.event && incident.subject == late.subject;
        let incident = met_or_new(incidents, is_it, || new(&late.subject, late.event, late.since));
        incident.last_at = observed.now;
        (incident.jobs, incident.said) = (late.jobs, late.said.clone());
        incident.rules.extend(late.rules.iter().cloned());
        incident.examples.clone_from(&late.examples);
    }
    incidents.iter_mut().filter(|incident| incident.closed_at.is_none()).for_each(|incident| close(incident, observed));
}

/// Ends it if it is over.
fn close(incident: &mut Incident, observed: &Observed) {
    if incident.kind == SERVER_MISSING {
        let is_it = |trouble: &LaneTrouble| (&trouble.server, &trouble.kind) == (&incident.subject, &incident.kind);
        // whether it was configured again, well or not, or its jobs went elsewhere or ended
        if !observed.troubles.iter().any(is_it) {
            (incident.last_at, incident.closed_at) = (observed.now, Some(observed.now));
        }
        return;
    }
    let known = if incident.server().is_some() { &observed.known } else { &observed.expecting };
    if incident.is_unplanned() || !known.contains(&incident.subject) {
        let is_left = !incident.is_unplanned() || !observed.done_with.contains(&incident.subject);
        if incident.event == Event::Failed && is_left && observed.now.since(incident.last_at) < DAY {
            return; // that jobs failed is true all the same
        }
        incident.closed_at = Some(observed.now); // without a word: whoever took away what it was about knows
        incident.readers.iter_mut().for_each(|reader| reader.over_at = Some(observed.now));
        return;
    }
    let of = |moments: &[(String, Moment)]| {
        moments.iter().find(|(server, _)| *server == incident.subject).map(|(_, moment)| *moment)
    };
    let is_late = || {
        let mut late = observed.late.iter();
        late.any(|late| late.event == incident.event && late.subject == incident.subject)
    };
    let is_over = match incident.event {
        Event::Failed => of(&observed.delivered).is_some_and(|at| at > incident.last_at),
        Event::Delayed if observed.at_rest.contains(&incident.subject) => false,
        Event::Delayed | Event::Missed => !is_late(),
        Event::Trouble | Event::Recovered | Event::Delivered => match of(&observed.open) {
            Some(since) => {
                incident.last_at = incident.last_at.max(since); // it lasted until then
                true
            }
            None => false, // closed still, or paused: nobody knows
        },
    };
    let quiet = if observed.patience == Patience::None { Duration::ZERO } else { QUIET };
    if is_over && observed.now.since(incident.last_at) >= quiet {
        incident.closed_at = Some(observed.now);
    }
}

/// The incident that this is: the open one, the one that was over for less than an hour and is open again, or a new one.
fn met_or_new(
    incidents: &mut Vec<Incident>,
    is_it: impl Fn(&Incident) -> bool,
    new: impl Fn() -> Incident,
) -> &mut Incident {
    let fresh = new();
    let open = incidents.iter().position(|incident| is_it(incident) && incident.closed_at.is_none());
    let is_near = |incident: &Incident| incident.closed_at.is_some_and(|closed| fresh.opened_at.since(closed) < HOUR);
    let near = || incidents.iter().rposition(|incident| is_it(incident) && is_near(incident));
    match open.or_else(near) {
        Some(place) => {
            let incident = &mut incidents[place];
            if incident.closed_at.take().is_some() {
                incident.reopened_at = Some(fresh.opened_at);
            }
            incident
        }
        None => {
            incidents.push(fresh);
            let last = incidents.len() - 1;
            &mut incidents[last]
        }
    }
}

fn new(subject: &str, event: Event, at: Moment) -> Incident {
    Incident {
        id: None,
        subject: subject.to_owned(),
        event,
        kind: String::new(),
        opened_at: at,
        last_at: at,
        closed_at: None,
        reopened_at: None,
        jobs: 0,
        said: String::new(),
        rules: BTreeSet::new(),
        examples: Vec::new(),
        readers: Vec::new(),
    }
}
