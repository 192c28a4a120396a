//! What a verb did to jobs, and what it left alone and why.

use super::plural;
use crate::control::{Rehearsal, Tally};
use std::fmt::Write as _;

/// `3 jobs cancelled`, then a line for each reason why one was left alone.
pub fn tally(tally: &Tally, done: &str, rehearsal: Rehearsal) -> String {
    let would = if rehearsal == Rehearsal::Only { " would be" } else { "" };
    let mut out = format!("{}{would} {done}\n", plural(tally.done, "job"));
    for (why, jobs) in &tally.left_alone {
        let _ = writeln!(out, "{} left alone: {}", super::count(*jobs), why.sentence());
    }
    for id in &tally.unknown {
        let _ = writeln!(out, "no job has the id {id}");
    }
    for id in &tally.ambiguous {
        let _ = writeln!(
            out,
            "two jobs have the id {id}: neither was touched; `packetboat job {id}` shows them, filters tell them apart"
        );
    }
    out
}
