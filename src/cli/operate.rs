//! `retry`, `cancel`, `hold`, `release`, `move-jobs`: asked of whoever holds the lock, else done here.

use crate::{
    cli::{
        args::{MoveJobs, Operate},
        console::Console,
        exit::{Exit, Failure, heard, unasked},
        text,
    },
    control::{self, Answer, Command, JobVerb, Rehearsal, Site, Tally, Which},
};
use std::path::Path;

/// Does `verb`. A job that was left alone makes it exit 1, but for one that filters mean and whose state is not for the verb; an id
/// that no job has, 2.
pub async fn jobs(verb: JobVerb, wanted: &Operate, config: Option<&Path>, console: &Console) -> Result<Exit, Failure> {
    let site = Site::find(config)?;
    let filter = wanted.filters.at(console.calendar(site.time_zone).now);
    let which = match (&wanted.ids[..], filter.is_empty()) {
        ([], true) => return Err(Failure::Usage("say which jobs: ids, or filters as `jobs` takes them".into())),
        ([], false) => Which::Filter(filter),
        (ids, true) => Which::Ids(ids.to_vec()),
        (_, false) => return Err(Failure::Usage("ids or filters, not both".into())),
    };
    let rehearsal = rehearsal(wanted.dry_run);
    let tally = tally(&site, Command::Jobs { verb, which, rehearsal }).await?;
    console.answer(&tally, || text::tally::tally(&tally, verb.done(), rehearsal))?;
    let is_named = !wanted.ids.is_empty();
    Ok(match tally {
        Tally { unknown, ambiguous, .. } if !unknown.is_empty() || !ambiguous.is_empty() => Exit::Usage,
        Tally { left_alone, .. } if is_named && !left_alone.is_empty() => Exit::Failed,
        tally => exit(&tally),
    })
}

/// `delivered already` is no failure where filters mean all of a rule; a job that could not be done is.
fn exit(tally: &Tally) -> Exit {
    let is_done = tally.left_alone.keys().all(|why| why.is_by_its_state());
    if is_done { Exit::Done } else { Exit::Failed }
}

/// Moves what is open and not running.
pub async fn move_jobs(wanted: &MoveJobs, config: Option<&Path>, console: &Console) -> Result<Exit, Failure> {
    let site = Site::find(config)?;
    let rehearsal = rehearsal(wanted.dry_run);
    let command = Command::MoveJobs { from: wanted.from.clone(), to: wanted.to.clone(), rehearsal };
    let tally = tally(&site, command).await?;
    console.answer(&tally, || text::tally::tally(&tally, &format!("moved to {}", wanted.to), rehearsal))?;
    Ok(exit(&tally))
}

fn rehearsal(dry_run: bool) -> Rehearsal {
    if dry_run { Rehearsal::Only } else { Rehearsal::No }
}

async fn tally(site: &Site, command: Command) -> Result<Tally, Failure> {
    match heard(control::act(&site.storage, site.known.clone(), &command).await?)? {
        Answer::Jobs(tally) => Ok(tally),
        other => Err(unasked(&other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::LeftAlone;

    #[test]
    fn what_stood_in_the_way_of_some_is_a_failure_and_what_was_not_meant_is_none() {
        for (left_alone, code) in [
            (vec![], Exit::Done),
            (vec![LeftAlone::Delivered, LeftAlone::Held, LeftAlone::Gone], Exit::Done),
            (vec![LeftAlone::Delivered, LeftAlone::NoTarget], Exit::Failed),
            (vec![LeftAlone::Running], Exit::Failed),
            (vec![LeftAlone::TargetBusy], Exit::Failed),
        ] {
            let left_alone = left_alone.into_iter().map(|why| (why, 1)).collect();
            let tally = Tally { done: 2, left_alone, ..Tally::default() };
            assert_eq!(exit(&tally), code, "{tally:?}");
        }
    }
}
