//! The file of a job, as the version that it names.

use crate::{
    domain::{Escaped, Identity, Outcome},
    store::{ClaimedJob, ClaimedSource, Sameness},
    worker::{route::Route, sources::Opened},
};

/// The file of `job`, open: where it came, or where a step has moved it meanwhile. `Err` is how the attempt ends.
pub(super) async fn file(route: &Route, job: &ClaimedJob, source: &ClaimedSource) -> Result<Opened, Outcome> {
    let changed = match open(route, job, source).await {
        Err(changed @ Outcome::SourceChanged(_)) => changed,
        opened => return opened,
    };
    let moved = match route.recorder.store.moved(job).await {
        Ok(Some(moved)) => moved,
        Ok(None) => return Err(changed),
        Err(refused) => return Err(Outcome::SourceUnclear(format!("where it lies: {refused}").into())),
    };
    open(route, job, &moved).await.map_err(|outcome| match outcome {
        Outcome::SourceChanged(_) => {
            let path = [&moved.folder[..], b"/", &moved.name].concat();
            Outcome::SourceChanged(format!("it was moved to {} and is not there as it was", Escaped(&path)).into())
        }
        outcome => outcome,
    })
}

async fn open(route: &Route, job: &ClaimedJob, source: &ClaimedSource) -> Result<Opened, Outcome> {
    let opened = route.sources.open(source, &route.recorder.store).await?;
    let identity = version(route, job, source, opened.identity).await?;
    Ok(Opened { identity, ..opened })
}

/// The version that is meant: the one that the job names, also where only its inode or ctime has become another.
async fn version(
    route: &Route,
    job: &ClaimedJob,
    source: &ClaimedSource,
    found: Identity,
) -> Result<Identity, Outcome> {
    if found.is_same(&source.identity) {
        return Ok(found);
    }
    let told = match found.is_plainly_new(&source.identity) {
        true => Ok(Sameness::Other),
        false => route.recorder.store.sameness(job, source, &found).await,
    };
    match told {
        Ok(Sameness::SameBytes) => Ok(found),
        Ok(Sameness::Untold) => Err(Outcome::SourceUnclear(
            "its attributes, its name or its links changed, and perhaps its bytes: its watch will tell".into(),
        )),
        Ok(Sameness::Other) => Err(Outcome::SourceChanged("the file is no longer the version that arrived".into())),
        Err(refused) => {
            Err(Outcome::SourceUnclear(format!("whether it is the version that arrived: {refused}").into()))
        }
    }
}
