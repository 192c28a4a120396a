//! DESIGN's promises, asked of what is left of a world: its rows, its servers, and what was written into its folders.
//! Nothing here is the engine's: rows are read as they lie.

mod after;
mod attempts;
mod expect;
mod facts;
mod files;
mod mails;
mod notices;
mod states;
mod ticks;

pub use expect::Sample;
pub use facts::{Facts, Shut, open};

/// Every promise that was broken.
pub fn all(facts: &Facts<'_>) -> Vec<String> {
    let mut faults = vec![];
    states::check(facts, &mut faults);
    files::check(facts, &mut faults);
    mails::check(facts, &mut faults);
    attempts::check(facts, &mut faults);
    after::check(facts, &mut faults);
    expect::check(facts, &mut faults);
    ticks::check(facts, &mut faults);
    notices::check(facts, &mut faults);
    faults
}
