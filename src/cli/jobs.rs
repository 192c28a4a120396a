//! `jobs`: those that the filters mean.

use crate::{
    cli::{
        args::Jobs,
        console::Console,
        exit::{Exit, Failure},
        text,
    },
    control::{self, JobLine, Rest, Site},
};
use serde::Serialize;
use std::path::Path;

/// The JSON.
#[derive(Serialize)]
struct List<'a> {
    jobs: &'a [JobLine],
    more: Rest,
}

/// Lists them.
pub async fn jobs(wanted: &Jobs, config: Option<&Path>, console: &Console) -> Result<Exit, Failure> {
    let site = Site::find(config)?;
    let filter = wanted.filters.at(console.calendar(site.time_zone).now);
    let limit = if wanted.limit == 0 { u64::MAX } else { wanted.limit };
    let mut jobs = Vec::new();
    let more = control::read(&site.storage).await?.jobs(&filter, limit, |line| jobs.push(line)).await?;
    let list = List { jobs: &jobs, more };
    console.answer(&list, || match &jobs[..] {
        [] => "No job is meant.\n".to_owned(),
        jobs => text::jobs::jobs(jobs, console.fit) + &text::jobs::rest(more),
    })?;
    Ok(Exit::Done)
}
