//! What a notice says of what is late: jobs that wait too long, and what did not come.

use super::words::{Aside, Told, clock, examples, lasted, named, plural, rules, shown, span, until, waits};
use crate::domain::Incident;
use std::fmt::Write as _;

/// Jobs of a server that wait for longer than their rules find right.
pub(super) fn delayed(incident: &Incident, told: Told, aside: Aside<'_>) -> (String, String) {
    let (server, named) = (shown(&incident.subject), named(&incident.subject));
    let at = |moment| clock(moment, aside.time_zone);
    let (began, ended) = (at(incident.opened_at), at(until(incident)));
    let are_late = format!("{} late", plural(incident.jobs, "job"));
    let (what, mut text) = match told {
        Told::Began | Told::Still => {
            let lasts = span(aside.now.since(incident.opened_at));
            let what = if told == Told::Still { format!("still {are_late}, for {lasts}") } else { are_late };
            let jobs = plural(incident.jobs, "job");
            let are = if incident.jobs == 1 { "is" } else { "are" };
            (
                what,
                format!(
                    "{jobs} for {named} {are} on the way for longer than `delayed_after`, the first of them since \
                     {began}; {} for it in all. They go on by themselves until their deadline.\n",
                    waits(aside.waiting),
                ),
            )
        }
        Told::Over | Told::Was => (
            format!("on time again after {}", lasted(incident)),
            format!(
                "Nothing for {named} is late any more: jobs were from {began} to {ended}. It has taken {} since then; {}.\n",
                plural(aside.delivered, "job"),
                waits(aside.waiting),
            ),
        ),
    };
    if !incident.said.is_empty() {
        let _ = writeln!(text, "\nLast said of one of them: {}", shown(&incident.said));
    }
    text.push_str(&rules(incident));
    text.push_str(&match told {
        Told::Began | Told::Still => {
            let listed = examples(&incident.examples, incident.jobs);
            format!("{listed}\nLook: packetboat jobs --server {server} --state queued\nOne of them with all its attempts: packetboat job ID\n")
        }
        Told::Over | Told::Was => "\nNothing is left to do.\n".to_owned(),
    });
    (what, text)
}

/// What a rule expects.
pub(super) fn missed(incident: &Incident, told: Told, aside: Aside<'_>) -> (String, String) {
    let rule = shown(&incident.subject);
    let at = |moment| clock(moment, aside.time_zone);
    let (due, came) = (at(incident.opened_at), at(until(incident)));
    match told {
        Told::Began | Told::Still => {
            let lasts = span(aside.now.since(incident.opened_at));
            let what = match told {
                Told::Still => format!("still missed, for {lasts}"),
                _ => "what it expects did not come".to_owned(),
            };
            let text = format!(
                "{rule} expects {}. By {due} it had not come.\n\nLook where it is made, then: packetboat plan {rule}\n",
                shown(&incident.said),
            );
            (what, text)
        }
        Told::Over => (
            format!("it came, {} late", lasted(incident)),
            format!("What {rule} expected by {due} had come by {came}.\n\nNothing is left to do.\n"),
        ),
        Told::Was => (
            format!("what it expects came {} late", lasted(incident)),
            format!("What {rule} expected by {due} had come by {came}; this mail could not be sent before.\n"),
        ),
    }
}
