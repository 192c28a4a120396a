//! A file opened beneath its root and handed to an FTP server.

use crate::{
    delivery::ftp::{Earlier, Upload, upload},
    domain::{Outcome, Trouble, TroubleKind},
    ftp::client::{Next, Session},
    store::{ClaimedJob, ClaimedUpload},
    streams::{Throttle, Throttles},
    worker::{route::Route, sources::Opened, version::version},
};
use std::sync::Arc;

/// Tries to bring the file of `job` to its target.
pub(super) async fn send_file(
    route: &Route,
    session: &mut Session,
    job: &ClaimedJob,
    errand: &ClaimedUpload,
) -> Outcome {
    let Opened { source, identity, reach } = match route.sources.open(job, &errand.source, &route.recorder.store).await
    {
        Ok(opened) => opened,
        Err(outcome) => return outcome,
    };
    let expected = match version(route, job, &errand.source, identity).await {
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
