//! `expect`: what must come and by when, and how what came is held against it. Pure.
//!
//! A moment of `by` is judged with what came since the moment before it. What comes later makes good the one that was missed; within
//! half the time to the next one it is that one's no more.

use crate::{
    domain::{Arriving, Came, Expectation, Moment, show_size},
    schedule::Crontab,
};
use chrono_tz::Tz;
use std::{fmt, time::Duration};

/// What must come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expect {
    /// What its source brings.
    pub arriving: Arriving,
    pub rhythm: Rhythm,
    /// How many files, at least one.
    pub files: u32,
    /// Bytes; a smaller file does not count.
    pub min_size: Option<u64>,
    /// In a hundred of the last one that counted; a smaller file does not count.
    pub min_share: Option<u32>,
}

/// And by when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rhythm {
    /// Within any span of this length.
    Every(Duration),
    /// By each of these moments, since the one before.
    By(Crontab, Tz),
}

impl Expect {
    /// It begins now. A first moment that leaves it less than half its time is not judged.
    #[must_use]
    pub fn begin(&self, rule: &str, now: Moment) -> Expectation {
        let due_at = match &self.rhythm {
            Rhythm::Every(span) => Some(now.plus(*span)),
            Rhythm::By(at, zone) => {
                let first = at.next_after(now, *zone);
                let second = first.and_then(|first| at.next_after(first, *zone));
                match (first, second) {
                    (Some(first), Some(second)) if first.since(now) < second.since(first) / 2 => Some(second),
                    _ => first,
                }
            }
        };
        Expectation {
            rule: rule.to_owned(),
            spec: self.to_string(),
            counts_from: now,
            came: Vec::new(),
            last_size: None,
            unfit: None,
            missed_at: None,
            due_at,
        }
    }

    /// Something came. To be told in the order of arrival, and before [`Expect::judge`].
    pub fn count(&self, state: &mut Expectation, came: &Came) {
        let Rhythm::By(at, zone) = &self.rhythm else { return self.take(state, came) };
        if let Some(due) = state.due_at.filter(|due| state.missed_at.is_none() && *due <= came.at)
            && self.are_there(state).is_some_and(|all| all <= due)
        {
            // what was due before this one was there in time, however late it is judged
            (state.counts_from, state.due_at) = (due, at.next_after(due, *zone));
        }
        self.take(state, came);
    }

    fn take(&self, state: &mut Expectation, came: &Came) {
        let size = came.size_bytes.unwrap_or(0);
        let share = |share: u32| state.last_size.map(|last| (last, u128::from(last) * u128::from(share)));
        let why = match (self.min_size, self.min_share.and_then(share)) {
            (Some(least), _) if size < least => format!("less than {}", show_size(least)),
            (_, Some((last, least))) if u128::from(size) * 100 < least => {
                format!("too little beside the {} of the last one", show_size(last))
            }
            _ => {
                state.came.push(came.at);
                let beyond = state.came.len().saturating_sub(self.files as usize);
                state.came.drain(..beyond);
                (state.last_size, state.unfit) = (Some(size), None);
                return;
            }
        };
        state.unfit = Some(format!("{} has {}: {why}", came.name, show_size(size)));
    }

    /// Whether it is missed, or has come at last. `grace`: how much later than it came something may be told of.
    pub fn judge(&self, state: &mut Expectation, now: Moment, grace: Duration) {
        self.heed_the_clock(state, now);
        match &self.rhythm {
            Rhythm::Every(span) => {
                let all_came = (state.came.len() >= self.files as usize).then(|| state.came.first().copied());
                let due = all_came.flatten().map_or(state.counts_from, |all| all.max(state.counts_from)).plus(*span);
                state.due_at = Some(due);
                if due > now {
                    state.missed_at = None;
                } else if now >= due.plus(grace) {
                    state.missed_at = state.missed_at.or(Some(due));
                }
            }
            Rhythm::By(at, zone) => self.judge_moments(state, (at, *zone), now, grace),
        }
    }

    fn judge_moments(&self, state: &mut Expectation, (at, zone): (&Crontab, Tz), now: Moment, grace: Duration) {
        if let (Some(missed), Some(all)) = (state.missed_at, self.are_there(state)) {
            let next = state.due_at.unwrap_or(now);
            let is_late = all.since(missed) <= next.since(missed) / 2;
            state.counts_from = if is_late { all } else { missed };
            state.missed_at = None;
        }
        let is_past = |due: &Moment| due.plus(grace) <= now;
        let Some(mut due) = state.due_at.filter(is_past) else { return };
        while let Some(next) = at.next_after(due, zone).filter(is_past) {
            due = next; // what passed while nobody looked is one
        }
        match self.are_there(state) {
            Some(all) => state.counts_from = if all <= due { due } else { all },
            None => {
                if let Some(before) = state.missed_at.replace(due) {
                    state.counts_from = before;
                }
            }
        }
        state.due_at = at.next_after(due, zone);
    }

    /// When the first of the last files came that are all that is expected.
    fn are_there(&self, state: &Expectation) -> Option<Moment> {
        let all = state.came.first().filter(|_| state.came.len() >= self.files as usize);
        all.copied().filter(|all| *all > state.counts_from)
    }

    /// What is ahead was written before the clock was set back.
    fn heed_the_clock(&self, state: &mut Expectation, now: Moment) {
        let last = state.came.last().copied();
        if [Some(state.counts_from), state.missed_at, last].into_iter().flatten().all(|moment| moment <= now) {
            return;
        }
        state.counts_from = state.counts_from.min(now);
        state.missed_at = state.missed_at.map(|missed| missed.min(now));
        state.came.iter_mut().for_each(|came| *came = (*came).min(now));
        if let Rhythm::By(at, zone) = &self.rhythm {
            state.due_at = at.next_after(now, *zone);
        }
    }
}

/// As people read it, and as the row has it.
impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let thing = match self.arriving {
            Arriving::File => "file",
            Arriving::Tick => "tick",
            Arriving::Mail => "message",
        };
        match self.files {
            1 => write!(f, "a {thing}")?,
            files => write!(f, "{files} {thing}s")?,
        }
        if let Some(least) = self.min_size {
            write!(f, " of {} or more", show_size(least))?;
        }
        if let Some(share) = self.min_share {
            write!(f, ", {share} % of the last one at least,")?;
        }
        match &self.rhythm {
            Rhythm::Every(span) => write!(f, " every {}", in_words(*span)),
            Rhythm::By(at, zone) => write!(f, " by \"{at}\" ({zone})"),
        }
    }
}

pub(super) fn in_words(span: Duration) -> String {
    let seconds = span.as_secs();
    let units = [(86_400, "d"), (3600, "h"), (60, "min"), (1, "s")];
    let unit = units.into_iter().find(|(unit, _)| seconds >= *unit && seconds.is_multiple_of(*unit));
    unit.map_or_else(|| format!("{} ms", span.as_millis()), |(unit, name)| format!("{} {name}", seconds / unit))
}

#[cfg(test)]
mod tests;
