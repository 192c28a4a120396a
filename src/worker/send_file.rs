//! A file opened beneath its root and handed to an FTP server.

use crate::{
    delivery::ftp::{Earlier, Upload, upload},
    domain::{Identity, Outcome, Trouble, TroubleKind},
    ftp::client::{Next, Session},
    store::{ClaimedJob, ClaimedUpload, Sameness},
    streams::{Throttle, Throttles},
    worker::{route::Route, sources::Opened},
};
use std::sync::Arc;

/// Tries to bring the file of `job` to its target.
pub(super) async fn send_file(
    route: &Route,
    session: &mut Session,
    job: &ClaimedJob,
    errand: &ClaimedUpload,
) -> Outcome {
    let Opened { source, identity, reach } = match route.sources.open(job, errand, &route.recorder.store).await {
        Ok(opened) => opened,
        Err(outcome) => return outcome,
    };
    let expected = match version(route, job, errand, identity).await {
        Ok(expected) => expected,
        Err(outcome) => return outcome,
    };
    let temporary = match errand.target.beside(errand.temporary_name.as_bytes()) {
        Ok(temporary) => temporary,
        Err(why) => return Outcome::Failed(Trouble::of_job(TroubleKind::Local, why.to_string())),
    };
    let shown = route.progress.begin(job, errand);
    let request = Upload {
        source: Arc::new(source),
        reach,
        expected,
        target: errand.target.clone(),
        temporary,
        wishes: errand.wishes.clone(),
        earlier: if errand.is_retry { Earlier::Tried } else { Earlier::None },
        throttles: Throttles {
            lane: Some(route.throttle.clone()),
            job: errand.wishes.bandwidth.map(|rate| Arc::new(Throttle::new(Some(rate)))),
        },
        stop: route.stop.clone(),
        sent: shown.sent.clone(),
    };
    session.expect(if route.hand.is_empty() { Next::Nothing } else { Next::File });
    upload(session, &request).await
}

/// The version to send: the one that the job names, also where only its inode or ctime has become another.
async fn version(
    route: &Route,
    job: &ClaimedJob,
    errand: &ClaimedUpload,
    found: Identity,
) -> Result<Identity, Outcome> {
    if found.is_same(&errand.identity) {
        return Ok(found);
    }
    let told = match found.is_plainly_new(&errand.identity) {
        true => Ok(Sameness::Other),
        false => route.recorder.store.sameness(job, errand, &found).await,
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
