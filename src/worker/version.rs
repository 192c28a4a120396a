//! Whether a file is the version that its job names.

use crate::{
    domain::{Identity, Outcome},
    store::{ClaimedJob, ClaimedSource, Sameness},
    worker::route::Route,
};

/// The version that is meant: the one that the job names, also where only its inode or ctime has become another.
pub(super) async fn version(
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
