//! What a job brings itself in place of a file, opened as files are.

use crate::{
    domain::{Outcome, Trouble, TroubleKind},
    store::ClaimedJob,
    streams::{Reach, identity_of},
    worker::{route::Route, sources::Opened},
};
use rustix::fs::{MemfdFlags, memfd_create};
use std::{
    fs::File,
    io::{self, Write},
};

/// The bytes of `job`, as a file that has no name; `Err` is how the attempt ends.
pub(super) async fn text(route: &Route, job: &ClaimedJob) -> Result<Opened, Outcome> {
    let local = |said: String| Trouble::of_job(TroubleKind::Local, said);
    let bytes = match route.recorder.store.text(job).await {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Err(Outcome::Failed(local("its text is no longer in the database".to_owned()))),
        Err(refused) => return Err(Outcome::Deferred(local(format!("its text cannot be read: {refused}")))),
    };
    let opened = memfd_create("packetboat", MemfdFlags::CLOEXEC).map_err(io::Error::from).and_then(|fd| {
        let mut source = File::from(fd);
        source.write_all(&bytes)?;
        let identity = identity_of(&source)?;
        Ok(Opened { source, identity, reach: Reach::AtOnce })
    });
    opened.map_err(|why| Outcome::Deferred(local(format!("its text cannot be made a file: {why}"))))
}
