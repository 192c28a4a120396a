//! What a notice says of a server that is not configured any more, and has jobs.

use super::words::{Aside, Told, clock, examples, plural, rules, shown, until, waits};
use crate::domain::Incident;
use std::fmt::Write as _;

pub(super) fn missing(incident: &Incident, told: Told, aside: Aside<'_>) -> (String, String) {
    let server = shown(&incident.subject);
    let at = |moment| clock(moment, aside.time_zone);
    let (began, ended) = (at(incident.opened_at), at(until(incident)));
    let (what, mut text) = match told {
        Told::Began | Told::Still => (
            "not configured any more, and jobs wait for it".to_owned(),
            format!(
                "No server of the name {server} is configured, noticed at {began}. {} for it, and will until their deadline.\n",
                waits(aside.waiting),
            ),
        ),
        Told::Over | Told::Was => (
            "nothing is left to do for it".to_owned(),
            format!(
                "Jobs waited for {server} from {began} to {ended}, when it was not configured. Since then it has taken {}; {}.\n",
                plural(aside.delivered, "job"),
                waits(aside.waiting),
            ),
        ),
    };
    text.push_str(&rules(incident));
    if !told.is_end() {
        text.push_str(&examples(aside.examples, aside.waiting));
        let _ = write!(
            text,
            "\nIf another server has taken its place: packetboat move-jobs --from {server} --to …\nIf they are not wanted \
             any more: packetboat cancel --server {server}\n"
        );
    }
    (what, text)
}
