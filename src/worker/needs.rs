//! Who else needs a source that is about to be moved or deleted: it is to be sent, or a rule takes such files and has not met it yet.

use crate::{
    domain::Outcome,
    rules::{Rule, Watch},
    store::{ClaimedJob, ClaimedSource},
    streams::beneath::{self, Facts},
    worker::route::Route,
};
use std::{ffi::OsStr, fs::File, os::unix::ffi::OsStrExt, path::Path};

/// Why it must stay, if somebody still has to send it.
pub(super) async fn is_to_be_sent(route: &Route, job: &ClaimedJob) -> Option<Outcome> {
    match route.recorder.store.needs_source(job).await {
        Ok(None) => None,
        Ok(Some(rule)) => Some(waits(format!("rule {rule} still needs it"))),
        Err(refused) => Some(waits(format!("whether anybody needs it: {refused}"))),
    }
}

/// Why it must stay, if a rule that takes such files has not met it yet. Folders are compared by what they are now: the ledger has
/// each under the path that its rule names.
pub(super) async fn is_to_be_met(
    route: &Route,
    job: &ClaimedJob,
    source: &ClaimedSource,
    file: &File,
) -> Option<Outcome> {
    let rules = route.rules.rules.iter().filter(|rule| rule.name != job.rule);
    let others: Vec<(&Rule, &Watch)> = rules.filter_map(|rule| Some((rule, rule.when.watch()?))).collect();
    if others.is_empty() {
        return None;
    }
    let facts = match rustix::fs::fstat(file) {
        Ok(stat) => beneath::facts_of(&stat),
        Err(why) => return Some(waits(format!("it cannot be looked at: {why}"))),
    };
    let path = Path::new(OsStr::from_bytes(&source.folder)).join(OsStr::from_bytes(&source.name));
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return None };
    let watched = others.iter().map(|(_, watch)| watch.folder.clone());
    let places = match route.sources.whereabouts([folder.to_owned()].into_iter().chain(watched).collect()).await {
        Ok(places) => places,
        Err(why) => return Some(waits(format!("whether another rule wants it: {why}"))),
    };
    let (at, theirs) = places.split_first()?;
    for ((rule, watch), their) in others.iter().zip(theirs) {
        let Some(below) = at.below(their).map(|way| way.join(name)) else { continue };
        if !takes(watch, &below, &facts, their.owner) {
            continue;
        }
        let (folder, below) = (watch.folder.as_os_str().as_bytes(), below.as_os_str().as_bytes());
        match route.recorder.store.has_met(&rule.name, folder, below, &source.identity).await {
            Ok(true) => {}
            Ok(false) => {
                return Some(waits(format!("rule {} wants such files, too, and has not taken it yet", rule.name)));
            }
            Err(refused) => return Some(waits(format!("whether rule {} has met it: {refused}", rule.name))),
        }
    }
    None
}

/// Whether the watch takes the file, now or later: one that is too young or without its done file is still to come.
fn takes(watch: &Watch, below: &Path, facts: &Facts, folder_owner: Option<u32>) -> bool {
    let path = below.as_os_str().as_bytes();
    let is_foreign = folder_owner.is_some_and(|owner| watch.is_foreign_link(facts.links, facts.owner, owner));
    let can_be_done = watch.done_file.is_none() || watch.done_file_of(path).is_some();
    watch.reaches(path) && watch.has_wanted_size(facts.identity.size_bytes) && !is_foreign && can_be_done
}

fn waits(why: String) -> Outcome {
    Outcome::SourceUnclear(why.into())
}
