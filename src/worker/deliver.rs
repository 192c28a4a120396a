//! One claimed job, one attempt: the file opened beneath its root and handed to the server's protocol.

use crate::{
    delivery::ftp::{Earlier, Upload, upload},
    domain::{Identity, Outcome, Trouble, TroubleKind},
    ftp::client::{Next, Session},
    store::{ClaimedJob, Sameness},
    streams::{
        Throttle, Throttles,
        beneath::{self, OpenError},
    },
    worker::route::Route,
};
use std::{ffi::OsStr, os::unix::ffi::OsStrExt, path::Path, sync::Arc};

/// Tries to deliver `job` over `session`.
pub(super) async fn deliver(route: &Route, session: &mut Session, job: &ClaimedJob) -> Outcome {
    let folder = Path::new(OsStr::from_bytes(&job.folder));
    // followed beneath the root whatever the rule says: a link put in the file's place has another identity
    let (source, identity) = match beneath::open(folder, &job.name, beneath::Symlinks::Follow) {
        Ok(opened) => opened,
        Err(why) => return unopened(why),
    };
    let expected = match version(route, job, identity).await {
        Ok(expected) => expected,
        Err(outcome) => return outcome,
    };
    let temporary = match job.target.beside(job.temporary_name.as_bytes()) {
        Ok(temporary) => temporary,
        Err(why) => return Outcome::Failed(Trouble::of_job(TroubleKind::Local, why.to_string())),
    };
    let shown = route.progress.begin(job);
    let request = Upload {
        source: Arc::new(source),
        expected,
        target: job.target.clone(),
        temporary,
        wishes: job.wishes.clone(),
        earlier: if job.is_retry { Earlier::Tried } else { Earlier::None },
        throttles: Throttles {
            lane: Some(route.throttle.clone()),
            job: job.wishes.bandwidth.map(|rate| Arc::new(Throttle::new(Some(rate)))),
        },
        stop: route.stop.clone(),
        sent: shown.sent.clone(),
    };
    session.expect(if route.hand.is_empty() { Next::Nothing } else { Next::File });
    upload(session, &request).await
}

/// The version to send: the one that the job names, also where only its inode or ctime has become another.
async fn version(route: &Route, job: &ClaimedJob, found: Identity) -> Result<Identity, Outcome> {
    if found.is_same(&job.identity) {
        return Ok(found);
    }
    let told = match found.is_plainly_new(&job.identity) {
        true => Ok(Sameness::Other),
        false => route.recorder.store.sameness(job, &found).await,
    };
    match told {
        Ok(Sameness::SameBytes) => Ok(found),
        Ok(Sameness::Untold) => Err(Outcome::SourceUnclear(
            "its attributes, its name or its links changed, and perhaps its bytes: its watch will tell".into(),
        )),
        Ok(Sameness::Other) => Err(Outcome::SourceChanged("the file is no longer the version that arrived".into())),
        Err(refused) => Err(Outcome::SourceUnclear(format!("whether it is the version that arrived: {refused}"))),
    }
}

fn unopened(why: OpenError) -> Outcome {
    match why {
        OpenError::Gone => Outcome::SourceChanged("the file is gone".into()),
        other => Outcome::Deferred(Trouble::of_job(TroubleKind::Local, other.to_string())),
    }
}
