//! `jobs`: those that the filters mean; as JSON they go out one by one, however many there are.

use crate::{
    cli::{
        args::Jobs,
        console::{Console, Shape},
        exit::{Exit, Failure},
        text,
    },
    control::{self, Site},
};
use std::{
    io::{self, BufWriter},
    ops::ControlFlow,
    path::Path,
};

/// Lists them.
pub async fn jobs(wanted: &Jobs, config: Option<&Path>, console: &Console) -> Result<Exit, Failure> {
    let site = Site::find(config)?;
    let filter = wanted.filters.at(console.calendar(site.time_zone).now);
    let limit = if wanted.limit == 0 { u64::MAX } else { wanted.limit };
    let store = control::read(&site.storage).await?;
    if console.shape == Shape::Json {
        let mut list = text::JsonList::begin(BufWriter::new(io::stdout()), "jobs");
        let more = store.jobs(&filter, limit, |line| list.item(&line)).await?;
        console.printed(list.end("more", &more))?;
        return Ok(Exit::Done);
    }
    let mut jobs = Vec::new();
    let more = store
        .jobs(&filter, limit, |line| {
            jobs.push(line);
            ControlFlow::Continue(())
        })
        .await?;
    console.print(&match &jobs[..] {
        [] if store.is_stand_in() => text::nothing_yet(&site.storage),
        [] => "No job matches.\n".to_owned(),
        jobs => text::jobs::jobs(jobs, console.fit) + &text::jobs::rest(more),
    })?;
    Ok(Exit::Done)
}
