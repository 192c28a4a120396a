//! `job ID`: one job with every attempt.

use crate::{
    cli::{
        args::Job,
        console::Console,
        exit::{Exit, Failure},
        text::{self, job::Attempts},
    },
    control::{self, Site},
};
use std::path::Path;

/// Shows it; two, once in a while, where the eight letters mean two.
pub async fn job(wanted: &Job, config: Option<&Path>, console: &Console) -> Result<Exit, Failure> {
    let site = Site::find(config)?;
    let calendar = console.calendar(site.time_zone);
    let store = control::read(&site.storage).await?;
    let found = store.job(wanted.id).await?;
    if found.is_empty() {
        return Err(Failure::Usage(format!("no job has the id {}", wanted.id)));
    }
    let attempts = if wanted.all { Attempts::All } else { Attempts::Ends };
    for detail in &found {
        let lane = store.lane(&detail.job.server).await?;
        console.answer(detail, || text::job::job(detail, lane.as_ref(), attempts, (calendar, console.painter)))?;
    }
    Ok(Exit::Done)
}
