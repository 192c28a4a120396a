//! One claimed job, one attempt: the file opened beneath its root and handed to the server's protocol.

use crate::{
    delivery::ftp::{Earlier, Upload, upload},
    domain::{Outcome, Trouble, TroubleKind},
    ftp::client::Session,
    lanes::Lane,
    store::ClaimedJob,
    streams::{
        Throttle, Throttles,
        beneath::{self, OpenError},
    },
    worker::progress::Progress,
};
use std::{ffi::OsStr, os::unix::ffi::OsStrExt, path::Path, sync::Arc};
use tokio_util::sync::CancellationToken;

/// Tries to deliver `job` over `session`.
pub(super) async fn deliver(
    session: &mut Session,
    job: &ClaimedJob,
    lane: &Lane,
    progress: &Progress,
    stop: &CancellationToken,
) -> Outcome {
    let folder = Path::new(OsStr::from_bytes(&job.folder));
    let (source, identity) = match beneath::open(folder, &job.name, lane.symlinks(&job.rule)) {
        Ok(opened) => opened,
        Err(why) => return unopened(why),
    };
    if !identity.is_same(&job.identity) {
        return Outcome::SourceChanged("the file is no longer the version that arrived".into());
    }
    let temporary = match job.target.beside(job.temporary_name.as_bytes()) {
        Ok(temporary) => temporary,
        Err(why) => return Outcome::Failed(Trouble::of_job(TroubleKind::Local, why.to_string())),
    };
    let transfer = progress.begin(job);
    let request = Upload {
        source: Arc::new(source),
        expected: job.identity,
        target: job.target.clone(),
        temporary,
        wishes: job.wishes.clone(),
        earlier: if job.tries > 1 { Earlier::Tried } else { Earlier::None },
        throttles: Throttles {
            lane: lane.throttle(),
            job: job.wishes.bandwidth.map(|rate| Arc::new(Throttle::new(Some(rate)))),
        },
        stop: stop.clone(),
        sent: transfer.sent.clone(),
    };
    upload(session, &request).await
}

fn unopened(why: OpenError) -> Outcome {
    match why {
        OpenError::Gone => Outcome::SourceChanged("the file is gone".into()),
        other => Outcome::Deferred(Trouble::of_job(TroubleKind::Local, other.to_string())),
    }
}
