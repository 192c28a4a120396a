//! A file opened beneath its root, or a text of ours, handed to an FTP server.

use crate::{
    delivery::ftp::{Earlier, Upload, upload},
    domain::{Outcome, Trouble, TroubleKind},
    ftp::client::{Next, Session},
    store::{ClaimedJob, ClaimedUpload},
    streams::{Throttle, Throttles},
    worker::{progress::Shown, route::Route, sources::Opened, text::text, version::file},
};
use std::sync::Arc;

/// Tries to bring the file of `job` to its target.
pub(super) async fn send_file(
    route: &Route,
    session: &mut Session,
    job: &ClaimedJob,
    errand: &ClaimedUpload,
) -> Outcome {
    let (request, _shown) = match prepare(route, job, errand).await {
        Ok(prepared) => prepared,
        Err(outcome) => return outcome,
    };
    session.expect(if route.hand.is_empty() { Next::Nothing } else { Next::File });
    upload(session, &request).await
}

/// The file of `job`, open and of the right version, and the sign that it is being sent; `Err` is how the attempt ends.
pub(super) async fn prepare<'r>(
    route: &'r Route,
    job: &ClaimedJob,
    errand: &ClaimedUpload,
) -> Result<(Upload, Shown<'r>), Outcome> {
    let opened = if errand.wishes.is_text { text(route, job).await? } else { file(route, job, &errand.source).await? };
    let Opened { source, identity: expected, reach } = opened;
    let temporary = errand
        .target
        .beside(errand.temporary_name.as_bytes())
        .map_err(|why| Outcome::Failed(Trouble::of_job(TroubleKind::Local, why.to_string())))?;
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
    Ok((request, shown))
}
